"""How right people were: by person, level and week, from what was said and what came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import ibis

from geartrain.facts.transforms import day_of
from geartrain.intelligence.forecast.process import Error, Record, recorded
from geartrain.kernel.hierarchy import Hierarchy
from geartrain.kernel.periods import Period
from geartrain.services.access import Actor, Permission, operator, require
from geartrain.services.answers import remembered
from geartrain.services.forecasting.forecast_bases import booked_by
from geartrain.services.forecasting.forecast_standing import frozen_of, may_see, process_of
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import open_facts
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Call:
    """What one person said in one call of a period that is over, and what came.

    Args:
        committed, kept: Amount of the open deals in commit under the call, and of those that were won in the period;
            amounts as they stood in the call.
        weeks: Whole weeks from the day of the call to the end of the period.
        level: How many stand above them. team: Whether somebody reports to them.
    """

    user: str
    period: str
    as_of: date
    weeks: int
    level: int
    team: bool
    committed: Decimal
    kept: Decimal
    said: Error
    overridden: bool

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        return {
            "user_id": self.user, "period": self.period, "as_of": self.as_of, "weeks_to_end": self.weeks,
            "level": self.level, "call": self.said.call, "roll_up": self.said.rollup,
            "actual": self.said.actual, "accuracy": self.said.accuracy, "value_added": self.said.value_added,
            "committed": self.committed, "commit_won": self.commit_won,
        }  # fmt: skip

    @property
    def commit_won(self) -> Decimal | None:
        """The share of what was in commit that was won in the period; None where nothing was."""
        return self.kept / self.committed if self.committed else None


@dataclass(frozen=True)
class Accuracy:
    """Calls of periods that are over, cut to what the actor may see."""

    calls: Sequence[Call]
    names: dict[str, str]
    currency: str
    least: int
    bar: Decimal

    def people(self, *, weeks: int | None = None) -> list[Record]:
        """A record per person over all their calls; or over those so many weeks before the end of the period."""
        chosen = [c.said for c in self.calls if weeks is None or c.weeks == weeks]
        return recorded(chosen, bar=self.bar, least=self.least)

    def by(self, what: str) -> list[dict[str, Any]]:
        """WAPE, bias and worth of overrides by `level` or `weeks_to_end`, over the highest level of each that is seen.

        By level every call counts at its level; by week only those of the highest level seen, so that nothing counts
        twice.
        """
        top = min((c.level for c in self.calls), default=0)
        groups: dict[int, list[Call]] = {}
        for call in self.calls:
            if what == "level" or call.level == top:
                groups.setdefault(call.level if what == "level" else call.weeks, []).append(call)
        return [{what: key, "calls": len(rows), **_sums(c.said for c in rows)} for key, rows in sorted(groups.items())]

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        return {
            "calls": [c.as_json() for c in self.calls],
            "people": [{**vars_of(r), "name": self.names.get(r.user, r.user)} for r in self.people()],
            "by_level": self.by("level"),
            "by_week": self.by("weeks_to_end"),
            "flags_from": self.least,
        }


def vars_of(record: Record) -> dict[str, Any]:
    """A record as JSON holds it."""
    return {"user": record.user, "user_id": record.user, "n": record.n, "wape": record.wape, "bias": record.bias,
            "value_added": record.value_added, "flag": record.flag}  # fmt: skip


def get_accuracy(ws: Workspace, actor: Actor, *, periods: Sequence[str] = ()) -> Accuracy:
    """How right people were in periods that are over: accuracy, bias, what overrides were worth.

    Args:
        periods: Only these.
    """
    require(actor, Permission.view_metrics)
    day = last_day(ws, actor)
    wanted = {ws.calendar.parse(p).key for p in periods}
    calls, names = _all(ws, actor, day)
    seen = [c for c, hierarchy in calls if may_see(actor, c.user, hierarchy) and (not wanted or c.period in wanted)]
    process = process_of(ws)
    return Accuracy(seen, names, ws.currency, process.least_periods, process.bias_bar)


def _all(ws: Workspace, actor: Actor, day: date) -> tuple[list[tuple[Call, Hierarchy]], dict[str, str]]:
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import ForecastSubmission

    last = ForecastSubmission.objects.order_by("-id").values_list("id", flat=True).first()
    with open_facts(ws, actor, as_of=day) as facts:
        state = facts.id
        rows = facts.execute(facts.raw("user").select("user_id", "name")).to_pylist()
    key = ("forecast accuracy", str(ws.path), ws.decisions_url, last, state, day, current_policies(ws).sha256)
    return remembered(key, lambda: _work(ws, day)), {r["user_id"]: r["name"] for r in rows}


def _work(ws: Workspace, day: date) -> list[tuple[Call, Hierarchy]]:
    from geartrain.stores.decisions.models import ForecastCall

    calls = list(ForecastCall.objects.order_by("period", "as_of"))
    over = {c.period: p for c in calls if (p := ws.calendar.parse(c.period)).end <= day + timedelta(days=1)}
    if not over:
        return []
    span = min(p.start for p in over.values()), max(p.end for p in over.values())
    booked = booked_by(ws, *span, as_of=day)
    won = {p.key: _sum(booked, p) for p in over.values()}
    said = _said({c.pk for c in calls if c.period in over})
    wins = _wins(ws, day)
    lines: dict[str, Hierarchy] = {}
    found = []
    for call in (c for c in calls if c.period in over and c.pk in said):
        hierarchy = lines.setdefault(call.hierarchy_version, Hierarchy(call.hierarchy))
        committed = _committed(call, over[call.period], wins)
        for person, numbers in sorted(said[call.pk].items()):
            if "call" in numbers:
                one = _call(call, over[call.period], person, numbers, hierarchy, won[call.period], committed)
                found.append((one, hierarchy))
    return found


def _call(
    row: Any, period: Period, person: str, numbers: dict[str, Any], hierarchy: Hierarchy, won: dict[str, Decimal],
    committed: dict[str, tuple[Decimal, Decimal]],
) -> Call:  # fmt: skip
    amount, rollup, kind = numbers["call"]
    below = hierarchy.tree(person)
    actual = sum((won.get(p, ZERO) for p in below), ZERO)
    held = [committed[p] for p in below if p in committed]
    return Call(
        person, period.key, row.as_of, max(0, (period.end - row.as_of).days // 7), len(hierarchy.chain(person)),
        bool(hierarchy.reports_of.get(person)), sum((c for c, _ in held), ZERO), sum((k for _, k in held), ZERO),
        Error(person, period.key, amount, rollup, actual), kind == "manager",
    )  # fmt: skip


def _committed(row: Any, period: Period, wins: dict[str, date]) -> dict[str, tuple[Decimal, Decimal]]:
    """Of the open deals in commit under a call, due in its period: amount, and of those won in it, by owner."""
    base = frozen_of(row)
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for deal in base.deals if base else ():
        if deal.category == "commit" and deal.owner_id and deal.close_date and deal.close_date < period.end:
            whole, kept = sums.get(deal.owner_id, (ZERO, ZERO))
            amount, at = deal.amount or ZERO, wins.get(deal.opportunity_id)
            sums[deal.owner_id] = whole + amount, kept + (amount if at is not None and at in period else ZERO)
    return sums


def _wins(ws: Workspace, day: date) -> dict[str, date]:
    """The day each deal was won on, up to a day."""
    with open_facts(ws, operator("forecast"), as_of=day) as facts:
        deals = facts.raw("opportunity")
        at = ibis.coalesce(day_of(deals.closed_at, facts.calendar), deals.close_date)
        won = deals.filter(deals.is_won & (at <= ibis.literal(day))).select("opportunity_id", at=at)
        rows = facts.execute(won).to_pydict()
    return dict(zip(rows["opportunity_id"], rows["at"], strict=True))


def _said(calls: set[int]) -> dict[int, dict[str, dict[str, tuple[Decimal, Decimal, str]]]]:
    """What counts of each call, person and category: (amount, roll-up then, kind); a manager's counts first."""
    from geartrain.stores.decisions.models import ForecastSubmission

    found: dict[int, dict[str, dict[str, tuple[Decimal, Decimal, str]]]] = {}
    rows = ForecastSubmission.objects.order_by("id").values_list(
        "call_id", "user_id", "category", "amount", "rollup", "kind"
    )
    for call, user, category, amount, rollup, kind in rows:
        if call in calls:
            line = found.setdefault(call, {}).setdefault(user, {})
            if kind == "manager" or category not in line or line[category][2] != "manager":
                line[category] = amount, rollup, kind
    return found


def _sum(booked: Iterable[tuple[str, date, Decimal]], period: Period) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for owner, at, amount in booked:
        if at in period:
            sums[owner] = sums.get(owner, ZERO) + amount
    return sums


def _sums(errors: Iterable[Error]) -> dict[str, Any]:
    rows = list(errors)
    whole = sum((abs(e.actual) for e in rows), ZERO)
    return {
        "wape": sum((abs(e.call - e.actual) for e in rows), ZERO) / whole if whole else None,
        "bias": sum((e.call - e.actual for e in rows), ZERO) / whole if whole else None,
        "value_added": sum((e.value_added for e in rows), ZERO),
    }
