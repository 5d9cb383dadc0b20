"""The site's part of the Django settings; the store's part is in stores/decisions/opening.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.conf import settings
from django.urls import clear_url_caches

from geartrain.services.workspace import Workspace, expand

HERE = Path(__file__).parent
YEAR = 60 * 60 * 24 * 365
PROVIDER = "company"

MIDDLEWARE = (
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "geartrain.web.headers.HeadersMiddleware",
    "geartrain.web.headers.SizeMiddleware",
    # Answers 400 to a host this site is not served at, before anything else is looked at.
    "django.middleware.common.CommonMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "geartrain.web.access.ActorMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "geartrain.web.errors.ErrorMiddleware",
)
# Nothing inline and nothing from elsewhere. Charts are SVG in the page with attributes, not styles.
CSP = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}


def apply_settings(ws: Workspace, *, secret: str, secure: bool) -> None:
    """Lay the site's settings over the store's."""
    for name, value in site_settings(ws, secret=secret, secure=secure).items():
        setattr(settings, name, value)
    clear_url_caches()


def site_settings(ws: Workspace, *, secret: str, secure: bool) -> dict[str, Any]:
    """Every setting of the site, by its Django name."""
    return {
        "SECRET_KEY": secret,
        "ALLOWED_HOSTS": list(ws.settings.web.hosts),
        "ROOT_URLCONF": "geartrain.web.urls",
        "MIDDLEWARE": list(MIDDLEWARE),
        "TEMPLATES": [_templates()],
        "STATIC_URL": "/static/",
        "CONTENT_SECURITY_POLICY": CSP,
        "LOGGING_CONFIG": None,
        **_sessions(secure),
        **_sign_in(),
        **_second_factor(ws),
        **_provider(ws),
        **_limits(),
    }


def _templates() -> dict[str, Any]:
    processors = (
        "django.template.context_processors.request",
        "django.contrib.messages.context_processors.messages",
        "geartrain.web.context.site",
    )
    return {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "OPTIONS": {
            "context_processors": list(processors),
            "builtins": ["geartrain.web.tags"],
            "loaders": [("django.template.loaders.cached.Loader", ["django.template.loaders.filesystem.Loader"])],
        },
    }


def _sessions(secure: bool) -> dict[str, Any]:
    return {
        "SESSION_COOKIE_SECURE": secure,
        "CSRF_COOKIE_SECURE": secure,
        "SECURE_HSTS_SECONDS": YEAR if secure else 0,
        # Believed only where the operator says that a proxy is in front.
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https") if secure else None,
        "SESSION_ENGINE": "django.contrib.sessions.backends.db",
        "SESSION_COOKIE_AGE": 60 * 60 * 12,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_SAMESITE": "Lax",
        "CSRF_USE_SESSIONS": False,
        "CSRF_FAILURE_VIEW": "geartrain.web.errors.csrf_failure",
        "MESSAGE_STORAGE": "django.contrib.messages.storage.session.SessionStorage",
        "X_FRAME_OPTIONS": "DENY",
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_REFERRER_POLICY": "same-origin",
        "SECURE_CROSS_ORIGIN_OPENER_POLICY": "same-origin",
    }


def _sign_in() -> dict[str, Any]:
    return {
        "AUTHENTICATION_BACKENDS": ["allauth.account.auth_backends.AuthenticationBackend"],
        "LOGIN_URL": "account_login",
        "LOGIN_REDIRECT_URL": "/",
        "LOGOUT_REDIRECT_URL": "/sign-in/",
        "ACCOUNT_LOGOUT_REDIRECT_URL": "/sign-in/",
        "ACCOUNT_ADAPTER": "geartrain.web.adapter.AccountAdapter",
        "ACCOUNT_EMAIL_VERIFICATION": "none",
        "ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS": False,
        "ACCOUNT_SESSION_REMEMBER": True,
        "ACCOUNT_RATE_LIMITS": {"login": "60/m/ip", "login_failed": "20/m/ip,5/5m/key"},
        "CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    }


def _second_factor(ws: Workspace) -> dict[str, Any]:
    return {
        "MFA_SUPPORTED_TYPES": ["totp", "recovery_codes"],
        "MFA_ADAPTER": "geartrain.web.adapter.MFAAdapter",
        "MFA_TOTP_ISSUER": ws.name,
        # People's addresses are an administrator's word; nothing is mailed.
        "MFA_ALLOW_UNVERIFIED_EMAIL": True,
        "ACCOUNT_REAUTHENTICATION_TIMEOUT": 300,
    }


def _provider(ws: Workspace) -> dict[str, Any]:
    """The company's OpenID Connect provider: who an administrator added comes in by their verified address."""
    said = ws.settings.sign_in
    app = {
        "provider_id": PROVIDER,
        "name": said.oidc_name,
        "client_id": said.oidc_client_id,
        "secret": expand(said.oidc_client_secret),
        "settings": {"server_url": said.oidc_issuer, "oauth_pkce_enabled": True},
    }
    return {
        "SOCIALACCOUNT_ADAPTER": "geartrain.web.adapter.ProviderAdapter",
        "SOCIALACCOUNT_PROVIDERS": {"openid_connect": {"APPS": [app] if said.oidc_issuer else []}},
        "SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX": "",
        "SOCIALACCOUNT_EMAIL_AUTHENTICATION": True,
        "SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT": True,
        "SOCIALACCOUNT_EMAIL_VERIFICATION": "none",
        # By a link: a form that is led on to the provider's address would be stopped by the page's own policy. State,
        # nonce and PKCE are checked on the way back.
        "SOCIALACCOUNT_LOGIN_ON_GET": True,
        "SOCIALACCOUNT_STORE_TOKENS": False,
        "SOCIALACCOUNT_ONLY": False,
    }


def _limits() -> dict[str, Any]:
    return {
        "DATA_UPLOAD_MAX_MEMORY_SIZE": 2 * 1024 * 1024,
        "DATA_UPLOAD_MAX_NUMBER_FIELDS": 1_000,
        "DATA_UPLOAD_MAX_NUMBER_FILES": 50,
        "FILE_UPLOAD_MAX_MEMORY_SIZE": 1024 * 1024,
    }
