"""What the functions hand each other."""

from __future__ import annotations

from typing import Any

from ninja import Router

from geartrain.services.selling.alignment import get_alignment
from geartrain.web.api.plain import Day, Line, plain

PREFIX = "/alignment"
router = Router()


@router.get("", response=dict[str, Any], summary="Handoffs, both sides of the SLA, the funnel by cohort")
def alignment(
    request: Any, policy: Line = "default", since: Day | None = None, until: Day | None = None, as_of: Day | None = None
) -> Any:
    """Handoffs offered, and cohorts entered, in `[since, until)`."""
    found = get_alignment(request.workspace, request.actor, policy=policy, since=since, until=until, as_of=as_of)
    return plain(found.as_json())
