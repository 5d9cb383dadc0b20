"""Tools: adoption, cost, overlap, reviews."""

from __future__ import annotations

from typing import Any

from ninja import Router

from geartrain.services.selling.tools import assess_tools, choose_register
from geartrain.web.api.plain import Day, Line, plain

PREFIX = "/tools"
router = Router()


@router.get("", response=dict[str, Any], summary="Every tool: adoption, utilisation, cost, ROI, review")
def tools(request: Any, policy: Line = "", tool: Line | None = None, as_of: Day | None = None) -> Any:
    """With what overlaps, and what is not anchored in the sales process."""
    register = choose_register(request.workspace, key=policy)
    return plain(assess_tools(request.workspace, request.actor, policy=register, tool=tool, as_of=as_of).as_json())
