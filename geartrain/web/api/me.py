"""Who asks, and whether the server is well."""

from __future__ import annotations

from typing import Any

from django.shortcuts import render
from ninja import Router, Schema

from geartrain import __version__
from geartrain.services.access import Permission, Role

PREFIX = ""
router = Router()


class Me(Schema):
    """The person, or the person a token acts for."""

    login: str
    name: str
    user_id: str | None
    roles: list[Role]
    permissions: list[Permission]


class Health(Schema):
    """Alive."""

    status: str
    version: str


@router.get("/me", response=Me, summary="Who you are and what you may do")
def me(request: Any) -> Any:
    actor = request.actor
    allowed = [p for p in Permission if actor.may(p)]
    return {
        "login": actor.login,
        "name": actor.name,
        "user_id": actor.user_id,
        "roles": sorted(actor.roles),
        "permissions": allowed,
    }


@router.get("/docs", include_in_schema=False)
def docs(request: Any) -> Any:
    """The routes for people, made from the OpenAPI document; no script, no CDN."""
    from geartrain.web.api import api

    schema = api.get_openapi_schema()
    routes = [
        {"verb": verb.upper(), "path": path, **route}
        for path, verbs in schema["paths"].items()
        for verb, route in verbs.items()
    ]
    return render(request, "pages/api.html", {"routes": routes})


@router.get("/health", response=Health, auth=None, summary="Whether the server answers")
def health(request: Any) -> Any:
    return {"status": "ok", "version": __version__}
