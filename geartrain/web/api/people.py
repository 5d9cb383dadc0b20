"""Who may sign in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Router, Schema

from geartrain.services import people
from geartrain.services.access import Role
from geartrain.web.api.plain import Line

PREFIX = "/people"
router = Router()


class PersonOut(Schema):
    """Somebody who may sign in."""

    email: str
    name: str
    roles: list[Role]
    user_id: str | None
    is_active: bool
    last_login: datetime | None


class PersonIn(Schema):
    """Somebody to let in."""

    email: Line
    password: Line
    name: Line = ""
    roles: list[Role] = []
    user_id: Line | None = None


class RolesIn(Schema):
    """The roles somebody is to have, all of them."""

    roles: list[Role]


@router.get("", response=list[PersonOut], summary="Everyone who can or could sign in")
def everyone(request: Any) -> Any:
    return people.list_users(request.workspace, request.actor)


@router.post("", response={201: PersonOut}, summary="Let somebody sign in")
def add(request: Any, body: PersonIn) -> Any:
    return 201, people.create_user(request.workspace, request.actor, **body.dict())


@router.put("/{email}/roles", response=PersonOut, summary="Give somebody exactly these roles")
def roles(request: Any, email: Line, body: RolesIn) -> Any:
    return people.set_roles(request.workspace, request.actor, email=email, roles=body.roles)


@router.delete("/{email}", response=PersonOut, summary="Keep somebody out from now on; what they did stays")
def remove(request: Any, email: Line) -> Any:
    return people.deactivate(request.workspace, request.actor, email=email)
