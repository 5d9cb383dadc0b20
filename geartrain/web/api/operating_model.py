"""The operating model, and the meetings to come."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Router
from pydantic import Field

from geartrain.services.planning import operating_model as use
from geartrain.web.api.plain import plain

PREFIX = "/operating-model"
router = Router()


@router.get("", summary="Six questions about how the company sells, what answers each, and how far the goals are")
def model(request: Any) -> dict[str, Any]:
    return plain(use.operating_model(request.workspace, request.actor).as_json())


@router.get("/meetings", summary="The meetings to come, by the cadences in force")
def meetings(request: Any, days: Annotated[int, Field(ge=1, le=800)] = 92) -> list[dict[str, Any]]:
    found = use.coming_up(request.workspace, request.actor, days=days)
    return [{"name": p.name, "policy": p.key, "pack_template": p.spec.pack_template, **plain(o)} for o, p in found]
