"""An OpenID Connect provider of its own process, for tests: `python -m tests.web.provider PORT CALLBACK`.

django-oauth-toolkit on a database in memory. Whoever asks names who they are.
"""

from __future__ import annotations

import sys
from typing import Any

CLIENT, SECRET = "geartrain", "a-secret-of-the-tests-only"


def configure(issuer: str) -> None:
    """Django, set up as a provider."""
    import django
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from django.conf import settings

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    settings.configure(
        SECRET_KEY="provider-of-the-tests",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF="tests.web.provider",
        INSTALLED_APPS=[
            "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        SESSION_COOKIE_NAME="provider",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "file:p?mode=memory&cache=shared",
                               "OPTIONS": {"uri": True}}},
        LOGIN_URL="/login/",
        USE_TZ=True,
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_RSA_PRIVATE_KEY": pem,
            "OIDC_ISS_ENDPOINT": issuer,
            "SCOPES": {"openid": "openid", "email": "email", "profile": "profile"},
            "OAUTH2_VALIDATOR_CLASS": "tests.web.provider.Validator",
            "PKCE_REQUIRED": True,
        },
    )  # fmt: skip
    django.setup()


def login(request: Any) -> Any:
    """Be whoever one says."""
    from django.contrib.auth import get_user_model, login
    from django.http import HttpResponse, HttpResponseRedirect

    who = request.GET.get("who")
    if not who:
        return HttpResponse("Who are you?")
    user, _ = get_user_model().objects.get_or_create(username=who, defaults={"email": who.removeprefix("unverified:")})
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponseRedirect(request.GET["next"])


def make_validator() -> type:
    """The claims of a person."""
    from oauth2_provider.oauth2_validators import OAuth2Validator

    class Validator(OAuth2Validator):
        oidc_claim_scope = None

        def get_additional_claims(self, request: Any) -> dict[str, Any]:
            verified = not request.user.username.startswith("unverified:")
            return {"email": request.user.email, "email_verified": verified, "name": request.user.username}

    return Validator


def __getattr__(name: str) -> Any:
    """What Django asks this module for once it is set up."""
    if name == "Validator":
        return make_validator()
    if name == "urlpatterns":
        from django.urls import include, path

        return [path("login/", login), path("", include("oauth2_provider.urls", namespace="oauth2_provider"))]
    raise AttributeError(name)


def serve(port: int, callback: str) -> None:
    """Answer until the process ends."""
    configure(f"http://127.0.0.1:{port}")
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from oauth2_provider.models import get_application_model

    call_command("migrate", verbosity=0)
    get_application_model().objects.create(
        client_id=CLIENT, client_secret=SECRET, client_type="confidential",
        authorization_grant_type="authorization-code",
        redirect_uris=callback, algorithm="RS256", skip_authorization=True, name="Geartrain",
    )  # fmt: skip
    WSGIRequestHandler.log_message = lambda *said: None
    with make_server("127.0.0.1", port, get_wsgi_application()) as server:
        print("ready", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    import os

    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    serve(int(sys.argv[1]), sys.argv[2])
