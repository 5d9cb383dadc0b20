"""Capacity: what the team carries, whom to hire, how sure it is."""

from __future__ import annotations

from typing import Any

from ninja import Router

from geartrain.services.planning import capacity_plans as use
from geartrain.web.api.plain import Line, plain

PREFIX = "/capacity"
router = Router()


@router.get("", summary="Keys of the capacity plans in force")
def listed(request: Any) -> list[str]:
    return use.list_plans(request.workspace, request.actor)


@router.get("/{key}", summary="A plan run, hired for, varied and simulated")
def study(request: Any, key: Line) -> dict[str, Any]:
    found = use.study(request.workspace, request.actor, key=key)
    return plain({**plain(found), "issues": [i.as_json() for i in found.issues]})
