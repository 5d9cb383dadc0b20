"""Productivity of sellers beside their peers."""

from __future__ import annotations

from typing import Any

from ninja import Router

from geartrain.services.measures.relative import compare_sellers
from geartrain.web.api.plain import Day, Line, plain

PREFIX = "/productivity"
router = Router()


@router.get("/relative", response=dict[str, Any], summary="Output per capacity beside the median ramped peer (100)")
def relative(request: Any, period: Line, as_of: Day | None = None) -> Any:
    """Of the people one may see, with the parts whose logarithms add up to the difference."""
    return plain(compare_sellers(request.workspace, request.actor, period=period, as_of=as_of).as_json())
