"""Metrics: the catalogue, their values, what they are made of, and the lints."""

from __future__ import annotations

from datetime import date
from typing import Any

from ninja import Query, Router, Schema
from pydantic import Field

from geartrain.services.measures.metrics import explain_metric, get_metric, lint_metrics, list_metrics, query_metrics
from geartrain.web.api.plain import Day, Instant, Line, Text, plain, utc

PREFIX = "/metrics"
router = Router()

KEYS = Query(..., min_length=1, max_length=50, description="Metric keys; repeat for several.")
BY = Query([], max_length=4, description="Dimensions to cut by, repeated: quarter, team, account.segment …")
SINCE = Query(None, alias="from", description="First day.")
UNTIL = Query(None, alias="to", description="The day after the last.")
WHERE = Query("", description="A rule over the columns of what is measured.")
LIMIT = Query(50, ge=0, le=1_000, description="At most so many records.")


class MetricOut(Schema):
    """A metric as its policy states it."""

    key: str
    name: str
    metric_class: str = Field(serialization_alias="class")
    type: str
    function: str
    owner: str
    direction: str
    unit: str
    definition: str
    notes: str
    version: int
    sha256: str
    drives: list[str]
    goals: list[str]


class CardOut(Schema):
    """A metric with its place among the others and the text of its policy."""

    metric: MetricOut
    policy: str
    where: str
    driven_by: list[str]
    serves: list[str]
    dimensions: list[str]


class AnswerOut(Schema):
    """Values; an undefined one is null. `facts` is the hash of the facts, `metrics` states version and unit."""

    columns: list[str]
    rows: list[list[Any]]
    metrics: dict[str, dict[str, Any]]
    as_of: date
    facts: str


class LintOut(Schema):
    """What is wrong with the set of metrics, and how many of each function's reach a goal, of how many."""

    issues: list[dict[str, str]]
    coverage: dict[str, list[int]]


@router.get("", response=list[MetricOut], by_alias=True, summary="Every metric in force")
def metrics(request: Any) -> Any:
    return [_out(m) for m in list_metrics(request.workspace, request.actor)]


@router.get("/query", response=AnswerOut, summary="The values of metrics, cut by dimensions")
def query(
    request: Any,
    metric: list[Line] = KEYS,
    by: list[Line] = BY,
    since: Day | None = SINCE,
    until: Day | None = UNTIL,
    where: Text = WHERE,
    as_of: Day | None = None,
    known_as_of: Instant | None = None,
) -> Any:
    asked = {"since": since, "until": until, "where": where, "as_of": as_of, "known_as_of": utc(known_as_of)}
    return query_metrics(request.workspace, request.actor, keys=metric, by=by, as_offered=True, **asked).as_json()


@router.get("/lint", response=LintOut, summary="What is wrong with the set of metrics")
def lint(request: Any) -> Any:
    found = lint_metrics(request.workspace, request.actor)
    return {"issues": [i.as_json() for i in found.issues], "coverage": plain(found.coverage)}


@router.get("/{key}", response=CardOut, by_alias=True, summary="One metric: its policy and its neighbours")
def one_metric(request: Any, key: Line) -> Any:
    card = get_metric(request.workspace, request.actor, key=key)
    return {
        "metric": _out(card.metric),
        "policy": card.metric.text,
        "where": card.where,
        "driven_by": card.driven_by,
        "serves": card.serves,
        "dimensions": card.dimensions,
    }


@router.get("/{key}/explain", response=dict[str, Any], summary="What a metric's value is made of, down to the records")
def explain(
    request: Any,
    key: Line,
    since: Day | None = SINCE,
    until: Day | None = UNTIL,
    where: Text = WHERE,
    as_of: Day | None = None,
    known_as_of: Instant | None = None,
    limit: int = LIMIT,
) -> Any:
    asked = {"since": since, "until": until, "where": where, "as_of": as_of, "known_as_of": utc(known_as_of)}
    return plain(explain_metric(request.workspace, request.actor, key=key, limit=limit, **asked).as_json())


def _out(m: Any) -> dict[str, Any]:
    names = (
        "key",
        "name",
        "type",
        "function",
        "owner",
        "direction",
        "unit",
        "definition",
        "notes",
        "version",
        "sha256",
    )
    lists = {"drives": list(m.drives), "goals": list(m.goals)}
    return {n: plain(getattr(m, n)) for n in names} | lists | {"metric_class": m.class_.value}
