"""Django, set up in this process for one decision store."""

from __future__ import annotations

import logging
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from geartrain.kernel.errors import Invalid

# Every app that keeps tables in this store. The site adds no app: what it needs besides is set by geartrain.web.
APPS = (
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "geartrain.stores.decisions.apps.DecisionsConfig",
)
# Argon2 first: new passwords are hashed with it, and it is the only one we ever wrote.
HASHERS = ("django.contrib.auth.hashers.Argon2PasswordHasher",)
VALIDATORS = (
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
)

_lock = Lock()
_open: str | None = None


def open_decisions(url: str) -> None:
    """Point Django at this store and bring its tables up to date; quick when it is open already.

    The first call sets Django up. A later call with another address moves the process to that store: a command or a
    test may open one workspace after another, a server opens one.

    Raises:
        Invalid: the address cannot be read, or names an engine that is not supported.
    """
    global _open
    # Django is imported where it is used: whoever only asks whether a store is there does without it.
    with _lock:
        if _open == url:
            return
        from django.conf import settings

        database = parse_url(url)
        if not settings.configured:
            _configure(database)
        else:
            _move(database)
        _migrate()
        _open = url


def is_open(url: str) -> bool:
    """Whether this process has that store open."""
    return _open == url


def parse_url(url: str) -> dict[str, Any]:
    """The Django database of an address: sqlite:///path or postgresql://user:password@host:port/name?option=value.

    Raises:
        Invalid: neither of the two.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        # As SQLAlchemy writes them: sqlite:/// and then the path, so that an absolute one has four slashes.
        return _sqlite(Path(url.removeprefix("sqlite:///")))
    if parts.scheme in ("postgresql", "postgres"):
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.removeprefix("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": unquote(parts.hostname or ""),
            "PORT": str(parts.port or ""),
            "OPTIONS": dict(parse_qsl(parts.query)),
            "CONN_MAX_AGE": 600,
            "CONN_HEALTH_CHECKS": True,
        }
    # The address itself may hold a password: it is not repeated.
    hint = "Write postgresql://user@host/db in geartrain.toml, or leave it empty for the embedded store."
    raise Invalid(f"The decision store cannot be kept in '{parts.scheme}'.", hint=hint)


def _sqlite(path: Path) -> dict[str, Any]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": 20,
            # A transaction takes the write lock when it begins: none ever fails half-way for want of it.
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        },
    }


def _configure(database: dict[str, Any]) -> None:
    import django
    from django.conf import settings
    from django.db import DEFAULT_DB_ALIAS

    settings.configure(
        DEBUG=False,
        INSTALLED_APPS=list(APPS),
        DATABASES={DEFAULT_DB_ALIAS: database},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        AUTH_USER_MODEL="decisions.User",
        PASSWORD_HASHERS=list(HASHERS),
        AUTH_PASSWORD_VALIDATORS=list(VALIDATORS),
        # allauth looks for these when Django is set up; the site adds the rest.
        MIDDLEWARE=["allauth.account.middleware.AccountMiddleware"],
        ACCOUNT_USER_MODEL_USERNAME_FIELD=None,
        ACCOUNT_LOGIN_METHODS={"email"},
        ACCOUNT_SIGNUP_FIELDS=["email*", "password1*", "password2*"],
        USE_TZ=True,
        TIME_ZONE="UTC",
        USE_I18N=False,
        LOGGING_CONFIG=None,
        SILENCED_SYSTEM_CHECKS=["auth.W004"],
    )
    django.setup()


def _move(database: dict[str, Any]) -> None:
    from django.conf import settings
    from django.db import DEFAULT_DB_ALIAS, connections

    connections.close_all()
    connections.settings[DEFAULT_DB_ALIAS] = connections.configure_settings({DEFAULT_DB_ALIAS: database})[
        DEFAULT_DB_ALIAS
    ]
    settings.DATABASES = {DEFAULT_DB_ALIAS: database}
    if hasattr(connections._connections, DEFAULT_DB_ALIAS):
        del connections[DEFAULT_DB_ALIAS]


def _migrate() -> None:
    from django.core.management import call_command
    from django.db import DEFAULT_DB_ALIAS, connections
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        logging.getLogger(__name__).info("Bringing the decision store up to date")
        call_command("migrate", verbosity=0, interactive=False)
