"""The sample company's forecast calls: three years of weekly ones, and this week's, still open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from geartrain.intelligence.forecast.frozen import Base
from geartrain.intelligence.forecast.process import Submission
from geartrain.kernel.periods import Grain, Period
from geartrain.sample.calls import HEAD, MANAGER, SELLER, Caller, Spoken, Week, weekly_calls
from geartrain.services.access import Actor
from geartrain.services.forecasting.forecast_bases import bases_of, booked_by
from geartrain.services.forecasting.forecast_import import PastCall, has_calls, load_calls
from geartrain.services.forecasting.forecast_standing import process_of
from geartrain.services.records.facts import open_facts
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace

YEARS = 3
SEED = 1
Booked = Sequence[tuple[str, date, Decimal]]


def hold_calls(ws: Workspace, actor: Actor, *, quiet: Sequence[str] = (), progress: Callable[..., None]) -> None:
    """Everything that was said in the calls, unless there are calls already; the last one stays open.

    Args:
        quiet: User ids of those who have not spoken yet this week.
    """
    if has_calls(ws):
        return
    weeks, bases = _weeks(ws, actor)
    spoken = weekly_calls(_callers(ws, actor), weeks, seed=SEED, quiet=quiet)
    calls = [_held(ws, week, said) for week, said in zip(weeks, spoken, strict=True)]
    load_calls(
        ws,
        actor,
        calls=calls,
        bases=bases,
        progress=lambda _, done, total: progress("Holding forecast calls", done, total),
    )


def _held(ws: Workspace, week: Week, spoken: Sequence[Spoken]) -> PastCall:
    said = [Submission(s.user, s.category, s.kind, s.amount, s.note, s.at, s.by) for s in spoken]
    if not week.current:
        return PastCall(week.period, week.as_of, week.opens, week.due, week.locks, said)
    return PastCall(week.period, week.as_of, week.opens, max(week.due, ws.now() + timedelta(days=2)), None, said)


def _weeks(ws: Workspace, actor: Actor) -> tuple[list[Week], list[Base]]:
    process, seen = process_of(ws), last_day(ws, actor)
    day = process.rounds.latest(seen, ws.calendar) or seen
    days = [day - timedelta(weeks=n) for n in reversed(range(52 * YEARS + 1))]
    asked = [(ws.calendar.containing(d, Grain.quarter), d) for d in days]
    bases = bases_of(ws, asked, process=process)
    booked = booked_by(ws, asked[0][0].start - timedelta(days=366), seen + timedelta(days=1), as_of=seen)
    came = {p.key: _sums(booked, p.start, p.end) for p in {p for p, _ in asked}}
    usual = {p.key: _usual(booked, p) for p in {p for p, _ in asked}}
    weeks = []
    for (period, at), base in zip(asked, bases, strict=True):
        lines = base.lines(period.end)
        held = {c: {u: float(v) for (u, k), v in lines.items() if k == c} for c in ("commit", "best_case")}
        won = {u: float(v) for u, v in base.won.items()}
        commit = {u: v - won.get(u, 0.0) for u, v in held["commit"].items()}
        best = {u: v - held["commit"].get(u, 0.0) for u, v in held["best_case"].items()}
        rounds, zone = process.rounds, ws.calendar.zone
        moments = (rounds.opens.after(at, zone), rounds.due.after(at, zone), rounds.locks.after(at, zone))
        left = max(0, (period.end - at).days - 1) / (period.end - period.start).days
        over = period.end <= seen + timedelta(days=1)
        weeks.append(Week(period.key, at, left, won, commit, best, came[period.key] if over else None,
                          usual[period.key], *moments, current=at == day))  # fmt: skip
    return weeks, bases


def _callers(ws: Workspace, actor: Actor) -> list[Caller]:
    with open_facts(ws, actor) as facts:
        users = facts.raw("user")
        users = users.filter(users.role.isin([SELLER, MANAGER, HEAD])).order_by("user_id")
        rows = facts.execute(
            users.select("user_id", "email", "role", "manager_id", "start_date", "end_date")
        ).to_pylist()
    return [Caller(r["user_id"], r["email"], r["role"], r["manager_id"], r["start_date"], r["end_date"]) for r in rows]


def _sums(booked: Booked, start: date, end: date) -> dict[str, float]:
    sums: dict[str, float] = {}
    for owner, at, amount in booked:
        if start <= at < end:
            sums[owner] = sums.get(owner, 0.0) + float(amount)
    return sums


def _usual(booked: Booked, period: Period) -> Mapping[str, float]:
    """A quarter of what each booked in the year before the period."""
    year = _sums(booked, period.start - timedelta(days=365), period.start)
    return {u: v / 4 for u, v in year.items()}
