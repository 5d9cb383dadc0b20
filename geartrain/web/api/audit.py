"""The audit trail."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Router, Schema
from pydantic import Field

from geartrain.services import audit as use
from geartrain.web.api.plain import Day, Limit, Line, plain

PREFIX = "/audit"
router = Router()


class EventOut(Schema):
    """One deed."""

    id: int
    at: str
    actor: str
    verb: str
    subject: str
    detail: dict[str, Any]
    prev_hash: str
    hash: str


class VerifiedOut(Schema):
    """Whether everything is what was written."""

    whole: bool
    events: int
    head: str
    checked: list[str]
    issues: list[dict[str, str]]


@router.get("", response=list[EventOut], summary="Who did what, latest first")
def listed(
    request: Any,
    by: Line = "",
    verb: Line = "",
    subject: Line = "",
    since: Day | None = None,
    until: Day | None = None,
    before: Annotated[int, Field(ge=1, le=2**62)] | None = None,
    limit: Limit = 100,
) -> Any:
    asked = {"by": by, "verb": verb, "subject": subject, "since": since, "until": until, "before": before}
    return [plain(e) for e in use.list_events(request.workspace, request.actor, **asked, limit=limit)]


@router.get("/verify", response=VerifiedOut, summary="Look at the trail and at everything it tells of")
def verify(request: Any, head: Line = "") -> Any:
    found = use.verify_audit(request.workspace, request.actor, known=head)
    return {
        "whole": found.whole,
        "events": found.events,
        "head": found.head,
        "checked": list(found.checked),
        "issues": [i.as_json() for i in found.issues],
    }
