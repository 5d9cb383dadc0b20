"""The sales process: is it followed, and where do deals stand."""

from __future__ import annotations

from typing import Any

from ninja import Router

from geartrain.services.selling.cases import get_case
from geartrain.services.selling.process import Asked, explain_attributes, preview_conformance, preview_gates
from geartrain.web.api.plain import Day, Limit, Line, plain

PREFIX = "/process"
router = Router()


@router.get("/conformance", response=dict[str, Any], summary="Where deals left the process")
def conformance(
    request: Any, policy: Line = "", since: Day | None = None, until: Day | None = None, as_of: Day | None = None,
    limit: Limit = 200,
) -> Any:  # fmt: skip
    """Deviations within `[since, until)`; counts are over all, at most `limit` are listed."""
    asked = Asked(policy=policy, since=since, until=until, as_of=as_of)
    return plain(preview_conformance(request.workspace, request.actor, asked=asked, limit=limit).as_json())


@router.get("/gates", response=dict[str, Any], summary="Declared and earned stage of the open deals")
def gates(
    request: Any, policy: Line = "", opportunity: Line | None = None, as_of: Day | None = None, limit: Limit = 200
) -> Any:
    """What each deal's gate misses, and the inflated pipeline by currency."""
    asked = Asked(policy=policy, as_of=as_of)
    found = preview_gates(request.workspace, request.actor, asked=asked, opportunity=opportunity)
    return plain(found.as_json(limit=limit))


@router.get("/attributes", response=dict[str, Any], summary="Whether deals that had an attribute were won more often")
def attributes(
    request: Any, policy: Line = "", since: Day | None = None, until: Day | None = None, as_of: Day | None = None
) -> Any:
    """Win rates of both sides with Wilson's 95 % interval."""
    asked = Asked(policy=policy, since=since, until=until, as_of=as_of)
    used, found = explain_attributes(request.workspace, request.actor, asked=asked)
    return plain({"policy": used.key, "attributes": [u.as_json() for u in found]})


@router.get("/cases/{opportunity}", response=dict[str, Any], summary="One deal's history under the process")
def case(request: Any, opportunity: str, policy: Line = "", as_of: Day | None = None) -> Any:
    """What happened in order, with dated evidence, its gates, and where it left the process."""
    asked = Asked(policy=policy, as_of=as_of)
    return plain(get_case(request.workspace, request.actor, opportunity=opportunity, asked=asked).as_json())
