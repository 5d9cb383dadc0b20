"""What calls stand on, for any number of days in one question."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import ibis

from geartrain.facts.transforms import converted, small_table
from geartrain.intelligence.forecast.frozen import Base, Deal
from geartrain.intelligence.forecast.policy import ForecastProcess
from geartrain.kernel.periods import Period
from geartrain.services.access import operator
from geartrain.services.answers import remembered
from geartrain.services.forecasting.pipeline_history import valued_states
from geartrain.services.measures.metrics import query_metrics
from geartrain.services.records.facts import Facts, open_facts
from geartrain.services.workspace import Workspace

Asked = tuple[Period, date]  # the period of a call and the last day it looks at
ENGINE = operator("forecast")
ZERO = Decimal(0)


def base_of(ws: Workspace, period: Period, as_of: date, *, process: ForecastProcess) -> Base:
    """What one call stands on, as known now; the process says of which category a deal is."""
    with open_facts(ws, ENGINE, as_of=as_of) as facts:
        key = ("forecast base", period, as_of, process.model_dump_json(), facts.id)
    return remembered(key, lambda: bases_of(ws, [(period, as_of)], process=process)[0])


def bases_of(ws: Workspace, asked: Sequence[Asked], *, process: ForecastProcess) -> list[Base]:
    """What each call stands on, in the order asked for: the pipeline at the end of its day, and what was booked."""
    if not asked:
        return []
    days = sorted({day for _, day in asked})
    with open_facts(ws, ENGINE, as_of=days[-1]) as facts:
        deals = _standing(ws, facts, days, process)
    won = _won(ws, asked)
    return [Base(w, deals[day]) for (_, day), w in zip(asked, won, strict=True)]


def booked_by(ws: Workspace, since: date, until: date, *, as_of: date) -> list[tuple[str, date, Decimal]]:
    """Owner, day and amount of everything booked in `[since, until)`, as known at the end of a day."""
    if since >= until:
        return []
    found = query_metrics(ws, ENGINE, keys=["bookings"], by=["owner", "day"], since=since, until=until, as_of=as_of)
    rows = [r for r in found.records() if r["owner"] and r["bookings"]]
    return [(r["owner"], date.fromisoformat(r["day"]), Decimal(r["bookings"])) for r in rows]


def _standing(ws: Workspace, facts: Facts, days: Sequence[date], process: ForecastProcess) -> dict[date, list[Deal]]:
    states, rates = valued_states(ws, facts, "amount")
    ends = [facts.calendar.instant(day + timedelta(days=1)) for day in days]
    moments = small_table({"day": "date", "then": "timestamp(6)"}, day=days, then=ends)
    held = [states.valid_from < moments.then, states.valid_to.isnull() | (states.valid_to >= moments.then)]
    rows = states.filter(~states.is_closed).inner_join(moments, held).mutate(wanted=ibis.literal(facts.currency))
    if rates.table is not None:
        rows = converted(rows, rates.table, amount="worth", held="currency", wanted="wanted", day="day")
    rows = rows.select("day", "opportunity_id", "owner_id", "stage", "forecast_category", "worth", "close_date")
    told = facts.execute(rows.order_by("day", "opportunity_id")).to_pydict()
    found: dict[date, list[Deal]] = {day: [] for day in days}
    for day, key, owner, stage, stated, amount, due in zip(*told.values(), strict=True):
        found[day].append(Deal(key, owner, stage, process.category(stated, stage), amount, due))
    return found


def _won(ws: Workspace, asked: Sequence[Asked]) -> list[dict[str, Decimal]]:
    last = max(day for _, day in asked)
    first, until = min(p.start for p, _ in asked), min(max(p.end for p, _ in asked), last + timedelta(days=1))
    booked = booked_by(ws, first, until, as_of=last)
    found = []
    for period, day in asked:
        sums: dict[str, Decimal] = {}
        for owner, at, amount in booked:
            if period.start <= at < period.end and at <= day:
                sums[owner] = sums.get(owner, ZERO) + amount
        found.append(sums)
    return found
