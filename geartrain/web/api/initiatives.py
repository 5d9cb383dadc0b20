"""Initiatives of RevOps, and whether they helped."""

from __future__ import annotations

from typing import Any

from ninja import Router

from geartrain.services.selling.initiatives import list_initiatives
from geartrain.web.api.plain import Day, Line, plain

PREFIX = "/initiatives"
router = Router()


@router.get("", response=dict[str, Any], summary="Where every initiative stands")
def initiatives(request: Any, stage: Line | None = None, as_of: Day | None = None) -> Any:
    """Each with its metric before and after going live; counts by stage and the cost are over what is listed."""
    return plain(list_initiatives(request.workspace, request.actor, as_of=as_of, stage=stage).as_json())
