"""The site: Django, configured in this process for one workspace."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from geartrain.services.workspace import Workspace, open_workspace

_workspace: Workspace | None = None


def configure(ws: Workspace, *, secure: bool = False) -> None:
    """Set the site up for a workspace: settings, secret, decision store.

    A server does this once. Called again with another workspace, the site moves to it: for tests. `secure` says that
    people reach it by https only.
    """
    global _workspace
    from geartrain.stores.decisions import open_decisions
    from geartrain.web.settings import apply_settings

    open_decisions(ws.decisions_url)
    apply_settings(ws, secret=_secret(ws.data / "secret"), secure=secure)
    _workspace = ws


def workspace() -> Workspace:
    """The workspace the site is for."""
    assert _workspace is not None, "geartrain.web.configure(workspace) comes first"
    return _workspace


def application(*, secure: bool = False) -> Any:
    """The WSGI application for the workspace configured already, or the one that GEARTRAIN_WORKSPACE names."""
    if _workspace is None:
        configure(open_workspace(), secure=secure)
    from geartrain.web.wsgi import make_application

    return make_application()


def openapi() -> dict[str, Any]:
    """The OpenAPI document; needs no workspace."""
    from django.conf import settings

    if not settings.configured:
        from geartrain.stores.decisions import open_decisions

        open_decisions("sqlite:///:memory:")
    from geartrain.web.api import api

    return dict(api.get_openapi_schema(path_prefix="/api/v1/"))


def _secret(path: Path) -> str:
    """The key that signs sessions, made once; only its owner may read the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(64) + "\n")
    return path.read_text(encoding="ascii").strip()
