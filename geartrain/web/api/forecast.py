"""The forecast: what the model says, what people say, and how right both were."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Query, Router, Schema
from pydantic import Field

from geartrain.kernel.periods import Grain
from geartrain.services.forecasting import forecast_calls as calls
from geartrain.services.forecasting.forecast_accuracy import get_accuracy
from geartrain.services.forecasting.forecast_moves import compare_calls, get_frozen
from geartrain.services.forecasting.forecasts import backtest_forecast, explain_deal, lint_features, run_forecast
from geartrain.web.api.plain import Day, Instant, Line, Text, plain, utc

PREFIX = "/forecast"
router = Router()
FEATURES = Query(..., max_length=50, description="Columns, repeated: account.industry …")
PERIODS = Query([], max_length=50, description="Fiscal periods, repeated: 2026Q3 …")
Amount = Annotated[str, Field(max_length=40, description="in the workspace's currency, e.g. 1250000.50")]


class OpenIn(Schema):
    """The round to open."""

    period: Line
    as_of: Day | None = None
    due: Instant | None = Field(None, description="UTC; as the forecast process says where it is not given")


class SubmitIn(Schema):
    """One number."""

    period: Line
    amount: Amount
    category: Line = Field("call", description="commit, best_case or call")
    user: Line | None = Field(None, description="whose line; one's own where it is not given")
    note: Text = Field("", description="why; an override needs it")
    as_of: Day | None = None


class LockIn(Schema):
    """The round to lock."""

    period: Line
    as_of: Day | None = None


@router.get("/run", response=dict[str, Any], summary="The distribution of what will be booked in a period")
def run(request: Any, period: Line | None = None, as_of: Day | None = None) -> Any:
    return plain(run_forecast(request.workspace, request.actor, period=period, as_of=as_of).as_json())


@router.get("/backtest", response=dict[str, Any], summary="What it would have said in past periods, beside baselines")
def backtest(
    request: Any, period: list[Line] = PERIODS, periods: Annotated[int, Query(ge=1, le=12)] = 4,
    every: Annotated[int, Query(ge=7, le=92)] = 14, as_of: Day | None = None, grain: Grain = Grain.quarter,
) -> Any:  # fmt: skip
    found = backtest_forecast(
        request.workspace, request.actor, periods=period, last=periods, every=every, as_of=as_of, grain=grain
    )
    return plain(found.as_json())


@router.get("/deals/{opportunity}", response=dict[str, Any], summary="The chance of one open deal, part by part")
def explain(request: Any, opportunity: Line, period: Line | None = None, as_of: Day | None = None) -> Any:
    found = explain_deal(request.workspace, request.actor, opportunity=opportunity, period=period, as_of=as_of)
    return plain(found)


@router.get("/lint", response=dict[str, Any], summary="Columns a forecast must not learn from")
def lint(request: Any, feature: list[Line] = FEATURES) -> Any:
    issues = lint_features(request.workspace, request.actor, names=feature)
    refused = {i.where for i in issues}
    return {"refused": [i.as_json() for i in issues], "usable": [f for f in feature if f not in refused]}


@router.get("/calls", response=list[dict[str, Any]], summary="The rounds of submissions, latest first")
def rounds(request: Any, period: Line | None = None) -> Any:
    return [plain(c.as_json()) for c in calls.list_calls(request.workspace, request.actor, period=period)]


@router.post("/calls", response={201: dict[str, Any]}, summary="Open a round of submissions")
def open_call(request: Any, asked: OpenIn) -> Any:
    made = calls.open_call(request.workspace, request.actor, period=asked.period, as_of=asked.as_of, due=utc(asked.due))
    return 201, plain(made.as_json())


@router.get("/status", response=dict[str, Any], summary="Who said what, beside what the team adds up to")
def status(request: Any, period: Line, as_of: Day | None = None, restated: bool = False) -> Any:
    """`restated` adds up along today's hierarchy instead of that of the day."""
    found = calls.get_status(request.workspace, request.actor, period=period, as_of=as_of, restated=restated)
    return plain(found.as_json())


@router.post("/submissions", response={201: dict[str, Any]}, summary="Submit a number; for somebody below, with why")
def submit(request: Any, asked: SubmitIn) -> Any:
    found = calls.submit_forecast(
        request.workspace, request.actor, period=asked.period, category=asked.category, amount=asked.amount,
        user=asked.user or None, note=asked.note, as_of=asked.as_of,
    )  # fmt: skip
    return 201, plain(found.as_json())


@router.post("/lock", response=dict[str, Any], summary="End a round; nothing in it changes from then on")
def lock(request: Any, asked: LockIn) -> Any:
    made = calls.lock_call(request.workspace, request.actor, period=asked.period, as_of=asked.as_of)
    return plain(made.as_json())


@router.get("/frozen", response=dict[str, Any], summary="The deals under a line of a round")
def frozen(request: Any, period: Line, user: Line | None = None, as_of: Day | None = None) -> Any:
    deals = get_frozen(request.workspace, request.actor, period=period, user=user, as_of=as_of)
    return plain({"deals": [d.as_json() for d in deals]})


@router.get("/moved", response=dict[str, Any], summary="Which deals moved between two rounds")
def moved(request: Any, period: Line, since: Day, until: Day, user: Line | None = None) -> Any:
    found = compare_calls(request.workspace, request.actor, period=period, since=since, until=until, user=user)
    return plain(found.as_json())


@router.get("/accuracy", response=dict[str, Any], summary="How right people were: by person, level and week")
def accuracy(request: Any, period: list[Line] = PERIODS) -> Any:
    return plain(get_accuracy(request.workspace, request.actor, periods=period).as_json())
