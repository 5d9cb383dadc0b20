"""Backtests: what a draft would have decided otherwise. Nothing is written."""

from __future__ import annotations

from typing import Any

from ninja import Router, Schema
from pydantic import Field

from geartrain.services.changes.backtests import backtest_policy
from geartrain.services.changes.scenarios import LONGEST
from geartrain.web.api.plain import Day, Line

PREFIX = "/backtests"
router = Router()


class BacktestIn(Schema):
    """A draft and a half-open window; at most `limit` subjects are listed, totals are over all."""

    text: str = Field(max_length=LONGEST)
    since: Day = Field(alias="from")
    until: Day = Field(alias="to")
    as_of: Day | None = None
    where: Line = "draft.yaml"
    limit: int = Field(100, ge=0, le=1_000)


class BacktestOut(Schema):
    """What differs between the draft and the policy in force; amounts are exact text, null where there is no money."""

    policy: dict[str, Any]
    against: dict[str, Any] | None
    window: list[str]
    as_of: str
    facts: str
    decides: dict[str, str]
    totals: dict[str, Any]
    directions: list[dict[str, Any]]
    figures: list[dict[str, Any]]
    listed: int
    changes: list[dict[str, Any]]
    notes: list[str]


@router.post("", response=BacktestOut, summary="Replay a window under a draft and under what is in force")
def backtest(request: Any, body: BacktestIn) -> Any:
    asked = {"since": body.since, "until": body.until, "as_of": body.as_of, "where": body.where, "limit": body.limit}
    return backtest_policy(request.workspace, request.actor, text=body.text, **asked).as_json()
