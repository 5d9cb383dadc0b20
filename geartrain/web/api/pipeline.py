"""The pipeline: as it was, what became of it, and whether it is enough and sound."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Query, Router

from geartrain.services.forecasting import pipeline_health as health
from geartrain.services.forecasting.pipeline_history import get_as_of, get_waterfall
from geartrain.services.forecasting.pipeline_inspection import inspect_pipeline
from geartrain.web.api.plain import Day, Line, plain

PREFIX = "/pipeline"
router = Router()
Quarters = Annotated[int, Query(ge=1, le=40)]


@router.get("/as-of", response=dict[str, Any], summary="The pipeline that was open at the end of a day")
def as_of(request: Any, day: Day, value: Line = "amount", owner: Line | None = None) -> Any:
    return plain(get_as_of(request.workspace, request.actor, as_of=day, value=value, owner=owner).as_json())


@router.get("/waterfall", response=dict[str, Any], summary="What became of it in [since, until), to the cent")
def waterfall(
    request: Any, since: Day, until: Day, value: Line = "amount", owner: Line | None = None, due: Line | None = None,
    bar: Line | None = None,
) -> Any:  # fmt: skip
    """`due` keeps what is due in a fiscal period; `bar` tells the deals of one bar alone."""
    found = get_waterfall(
        request.workspace, request.actor, since=since, until=until, value=value, owner=owner, bar=bar,
        due=request.workspace.calendar.parse(due) if due else None,
    )  # fmt: skip
    return plain(found.as_json())


@router.get("/coverage", response=dict[str, Any], summary="Pipeline due over what is missing to the quota")
def coverage(request: Any, period: Line | None = None, as_of: Day | None = None) -> Any:
    return plain(health.get_coverage(request.workspace, request.actor, period=period, as_of=as_of).whole)


@router.get("/velocity", response=dict[str, Any], summary="Open deals × win rate × size / cycle, a day")
def velocity(request: Any, by: Line = "team", as_of: Day | None = None) -> Any:
    return plain(health.get_velocity(request.workspace, request.actor, by=by, as_of=as_of).whole)


@router.get("/ageing", response=dict[str, Any], summary="How old open deals are, and how long in their stage")
def ageing(request: Any, as_of: Day | None = None, owner: Line | None = None) -> Any:
    return plain(health.get_ageing(request.workspace, request.actor, as_of=as_of, owner=owner).whole)


@router.get("/slippage", response=dict[str, Any], summary="Of what was due when a quarter began, what moved out of it")
def slippage(request: Any, quarters: Quarters = 8, as_of: Day | None = None) -> Any:
    return plain(health.get_slippage(request.workspace, request.actor, quarters=quarters, as_of=as_of).whole)


@router.get("/inspection", response=dict[str, Any], summary="Open deals that need a look, with the rules that fired")
def inspection(request: Any, as_of: Day | None = None, owner: Line | None = None, rule: Line | None = None) -> Any:
    found = inspect_pipeline(request.workspace, request.actor, as_of=as_of, owner=owner, rule=rule)
    return plain(found.as_json())
