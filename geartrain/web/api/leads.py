"""Leads: the webhook that routes one, the log of decisions, clocks, scores and duplicates."""

from __future__ import annotations

from typing import Any

from ninja import Body, Router, Schema

from geartrain.services.records.merging import list_merges, merge_leads, unmerge_leads
from geartrain.services.selling.leads import list_duplicates, list_scores, list_sla, policy_for_leads, validate_score
from geartrain.services.selling.routing import list_routed, route_lead
from geartrain.web.api.limits import PerPerson
from geartrain.web.api.plain import Day, Limit, Line, plain

PREFIX = "/leads"
router = Router()


class MergeIn(Schema):
    """The leads that are kept, or everything that may be merged by itself; without `apply` nothing is changed."""

    masters: list[Line] = []
    auto: bool = False
    policy: Line = ""
    apply: bool = False


class UnmergeIn(Schema):
    """Which merge; without `apply` nothing is changed."""

    id: Line
    apply: bool = False


@router.post(
    "/route",
    response={200: dict[str, Any], 201: dict[str, Any]},
    summary="Give a lead to somebody, once",
    throttle=[PerPerson(times=10, what="route")],
)
def route(request: Any, lead: dict[str, Any] = Body(...), policy: Line = "") -> Any:
    """A lead as flat columns, `lead_id` among them. 201 when it was decided now; 200 with the same decision when the
    lead was sent again: that moves nobody's turn."""
    decided, new = route_lead(request.workspace, request.actor, lead=lead, policy=policy)
    return (201 if new else 200), plain(decided)


@router.get("/routed", response=dict[str, Any], summary="The log of decisions, the last first")
def routed(request: Any, policy: Line = "", limit: Limit = 200) -> Any:
    """Each with its candidates, the clauses that were asked, and the reason."""
    return plain({"decisions": list_routed(request.workspace, request.actor, policy=policy, limit=limit)})


@router.get("/sla", response=dict[str, Any], summary="Who was in touch in time")
def sla(
    request: Any, policy: Line = "", since: Day | None = None, until: Day | None = None, as_of: Day | None = None,
    by: Line = "owner", limit: Limit = 100,
) -> Any:  # fmt: skip
    """Attainment in the owner's business time; speed to lead on the wall clock stands apart."""
    chosen = policy_for_leads(request.workspace, key=policy)
    return plain(
        list_sla(
            request.workspace, request.actor, policy=chosen, since=since, until=until, as_of=as_of, by=by, limit=limit
        ).as_json(by)
    )


@router.get("/scores", response=dict[str, Any], summary="Fit, engagement and grade of leads, best first")
def scores(
    request: Any, policy: Line = "", lead: Line | None = None, as_of: Day | None = None, limit: Limit = 200
) -> Any:
    """As of the end of a day, with every part of the score."""
    chosen = policy_for_leads(request.workspace, key=policy)
    found = list_scores(request.workspace, request.actor, policy=chosen, as_of=as_of, lead=lead, limit=limit)
    return plain(found.as_json())


@router.get("/duplicates", response=dict[str, Any], summary="Leads that are proposed to be merged")
def duplicates(request: Any, policy: Line = "", as_of: Day | None = None, limit: Limit = 200) -> Any:
    """Proposals for the steward; nothing is merged."""
    chosen = policy_for_leads(request.workspace, key=policy)
    count, found = list_duplicates(request.workspace, request.actor, policy=chosen, as_of=as_of)
    return plain({"records": count, "total": len(found), "proposals": [p.as_json() for p in found[:limit]]})


@router.get("/validation", response=dict[str, Any], summary="Conversion by grade: is the score good enough to route on")
def validation(request: Any, since: Day, until: Day, policy: Line = "", as_of: Day | None = None) -> Any:
    """Of leads created in `[since, until)`, by the grade that each had when it was assigned."""
    chosen = policy_for_leads(request.workspace, key=policy)
    return plain(
        validate_score(request.workspace, request.actor, policy=chosen, since=since, until=until, as_of=as_of).as_json()
    )


@router.get("/merges", response=dict[str, Any], summary="The merges there were, the last first")
def merges(request: Any) -> Any:
    return plain({"merges": [m.as_json() for m in list_merges(request.workspace, request.actor)]})


@router.post("/merge", response=dict[str, Any], summary="Merge proposed duplicates; a dry run unless `apply`")
def merge(request: Any, asked: MergeIn) -> Any:
    chosen = policy_for_leads(request.workspace, key=asked.policy)
    what = {"masters": asked.masters, "auto": asked.auto, "apply": asked.apply}
    found = merge_leads(request.workspace, request.actor, policy=chosen, **what)
    return plain({"applied": asked.apply, "merges": [m.as_json() for m in found]})


@router.post("/unmerge", response=dict[str, Any], summary="Undo a merge, to the byte; a dry run unless `apply`")
def unmerge(request: Any, asked: UnmergeIn) -> Any:
    found = unmerge_leads(request.workspace, request.actor, id=asked.id, apply=asked.apply)
    return plain({"applied": asked.apply, "merges": [found.as_json()]})
