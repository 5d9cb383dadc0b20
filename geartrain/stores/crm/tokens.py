"""How a client gets its token: one that is given, or one that is asked for and asked for again when it expires."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

import requests

from geartrain.stores.crm.client import Denied, Unreached, safe_base

Token = Callable[[bool], str]


def fixed_token(name: str, token: str) -> Token:
    """The token as it was given; once it is refused there is no other."""

    def give(renew: bool) -> str:
        if renew:
            hint = "Make a new one, or give credentials that a token can be asked for with."
            raise Denied(f"The token for {name} has expired or was withdrawn.", hint=hint)
        return token

    return give


def client_credentials(name: str, url: str, client_id: str, secret: str) -> Token:
    """OAuth 2.0: a token for the application itself (RFC 6749, 4.4)."""
    return _asked(name, url, {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret})


def refreshed(name: str, url: str, client_id: str, secret: str, refresh: str) -> Token:
    """OAuth 2.0: a token by a refresh token (RFC 6749, 6)."""
    told = {"client_id": client_id, "client_secret": secret, "refresh_token": refresh}
    return _asked(name, url, {"grant_type": "refresh_token", **told})


def _asked(name: str, url: str, form: Mapping[str, str]) -> Token:
    safe_base(url, name)
    known: dict[str, str] = {}
    guard = Lock()

    def give(renew: bool) -> str:
        with guard:
            if renew or "token" not in known:
                known["token"] = _ask(name, url, form)
            return known["token"]

    return give


def _ask(name: str, url: str, form: Mapping[str, str]) -> str:
    try:
        answer = requests.post(url, data=dict(form), timeout=(5, 30), allow_redirects=False)
        body: Any = answer.json() if answer.content else {}
    except requests.exceptions.RequestException as error:
        raise Unreached(f"{name} gives no token ({type(error).__name__}).", hint="Try again later.") from None
    token = body.get("access_token") if isinstance(body, dict) else None
    if answer.status_code != 200 or not isinstance(token, str):
        hint = "See that the credentials in the environment are right."
        raise Denied(f"{name} gives no token: {answer.status_code}.", hint=hint)
    return token
