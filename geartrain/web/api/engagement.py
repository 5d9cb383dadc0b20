"""Rules of engagement: what they leave open, who owns what is somebody else's, disputes and methods."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Query, Router, Schema
from pydantic import Field

from geartrain.services.planning import engagement as use
from geartrain.services.planning.engagement_methods import measure_methods
from geartrain.web.api.plain import Line, Text, plain

PREFIX = "/engagement"
router = Router()
Hours = Annotated[float, Query(ge=0, le=100_000, description="Hours within which a first touch is in time.")]


class DisputeIn(Schema):
    """Who claims what of whom."""

    record_id: Line
    claimant: Line
    holder: Line
    reason: Text
    policy: Line = ""


class SettleIn(Schema):
    """What settles it."""

    clause: Line = Field(description="key of a clause, or of a new one")
    owner: Line = Field(description="whose it is: claimant or holder")
    new: bool = Field(False, description="whether the clause is a new one")
    note: Text = ""


@router.get("/check", response=dict[str, Any], summary="Scenarios that no clause decides, and those several claim")
def check(request: Any, policy: Line = "") -> Any:
    return plain(use.check_engagement(request.workspace, request.actor, policy=policy))


@router.get("/enforce", response=dict[str, Any], summary="Opportunities whose owner is not the one the clauses name")
def enforce(request: Any, policy: Line = "") -> Any:
    return plain(use.enforce_engagement(request.workspace, request.actor, policy=policy))


@router.get("/methods", response=dict[str, Any], summary="Assignment methods by balance, response and conversion")
def methods(request: Any, by: Line = "source", within: Hours = 24) -> Any:
    return plain(measure_methods(request.workspace, request.actor, method=by, within_hours=within))


@router.get("/disputes", response=list[dict[str, Any]], summary="Disputes one may see, the first due first")
def disputes(request: Any) -> Any:
    return [plain(d) for d in use.list_disputes(request.workspace, request.actor)]


@router.post("/disputes", response={201: dict[str, Any]}, summary="Say that something is somebody else's")
def opened(request: Any, asked: DisputeIn) -> Any:
    return 201, plain(use.open_dispute(request.workspace, request.actor, **asked.dict()))


@router.post("/disputes/{commitment}/settle", response=dict[str, Any], summary="Settle a dispute by a clause")
def settled(request: Any, commitment: int, asked: SettleIn) -> Any:
    return plain(use.settle_dispute(request.workspace, request.actor, id=commitment, **asked.dict()))
