"""Alignment: what one function hands to another, what both owe each other, and the funnel by the day of entry.

A handoff is offered, then accepted or rejected with a reason, then acted on. Marketing owes leads by grade and week;
sales owes time and attempts. There is no index of alignment: nobody could act on one.
Source: the process specification, 3.11; what counts as first-time-right is our own definition.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from geartrain.kernel.clock import BusinessCalendar, Term, sla_clocks
from geartrain.process.alignment_policy import AlignmentPolicy, Cohorts, Handoff, Owed, Sales

UNSAID = "(not said)"
INSTANTS = ("offered", "accepted", "rejected", "acted", "reached")


@dataclass(frozen=True)
class Kept:
    """Clocks of a term: `attainment` is met / (met + breached); open ones are not yet due and left out."""

    met: int
    breached: int
    open: int

    @property
    def attainment(self) -> Decimal | None:
        """None where nothing was due."""
        return ratio(self.met, self.met + self.breached)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"met": self.met, "breached": self.breached, "open": self.open, "attainment": self.attainment}


@dataclass(frozen=True)
class Handed:
    """What became of what was offered.

    Args:
        waiting: Offered and not answered.
        acceptance_rate: Accepted / (accepted + rejected).
        first_time_right: Accepted, complete and never rejected before, of those answered.
        accepted_in_sla, acted_in_sla: Clocks from the offer; acting counts only together with accepting. None where no
            answer is recorded at all: then nothing is known, not everything late.
        completeness: Passed rules of completeness / rules asked, over all offered.
        reasons: Why they were rejected, the commonest first, with the running share.
        reached, yield_rate: How many came to what the handoff is for, and their share of the offered.
    """

    handoff: Handoff
    offered: int
    accepted: int
    rejected: int
    waiting: int
    acceptance_rate: Decimal | None
    first_time_right: Decimal | None
    accepted_in_sla: Kept | None
    acted_in_sla: Kept | None
    completeness: Decimal | None
    reasons: tuple[dict[str, Any], ...]
    reached: int | None
    yield_rate: Decimal | None

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        h = self.handoff
        plain = ("offered", "accepted", "rejected", "waiting", "acceptance_rate", "first_time_right", "completeness")
        return {
            "key": h.key, "from": h.giver, "to": h.taker, "subject": h.subject,
            **{name: getattr(self, name) for name in plain},
            "accepted_in_sla": self.accepted_in_sla and self.accepted_in_sla.as_json(),
            "acted_in_sla": self.acted_in_sla and self.acted_in_sla.as_json(),
            "reasons": list(self.reasons), "reached": self.reached, "yield_rate": self.yield_rate,
        }  # fmt: skip


@dataclass(frozen=True)
class Week:
    """Both columns of one week: what marketing owed and delivered, what sales owed on what was offered in it."""

    week: date
    owed: Decimal
    delivered: int
    owed_value: Decimal | None
    value: Decimal | None
    grades: tuple[dict[str, Any], ...]
    in_time: Kept | None
    attempts: Kept | None
    attempts_made: int

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        marketing = {
            "owed": self.owed, "delivered": self.delivered, "attainment": ratio(self.delivered, self.owed),
            "owed_value": self.owed_value, "value": self.value, "grades": list(self.grades),
        }  # fmt: skip
        sales = {
            "in_time": self.in_time and self.in_time.as_json(),
            "attempts": self.attempts and self.attempts.as_json(), "attempts_made": self.attempts_made,
        }  # fmt: skip
        return {"week": self.week, "marketing": marketing, "sales": sales}


@dataclass(frozen=True)
class Cohort:
    """Those who entered in a month and how far they came by the day that is seen; `maturity` had their time."""

    cohort: str
    entered: int
    reached: Mapping[str, int]
    maturity: Decimal
    rates: Mapping[str, Decimal | None] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        return asdict(self)


def hand_over(
    handoff: Handoff, rows: pa.Table, calendar: BusinessCalendar, zones: Mapping[str, str], *, as_of: datetime
) -> Handed:
    """What became of the offers of one handoff up to an instant.

    Args:
        rows: One per offer: `owner`, `offered`, and as they are known `accepted`, `rejected`, `reason`, `acted`,
            `reached`, `passed` (share of the rules of completeness that hold).
        zones: Taker to time zone.
    Example: three offered, one accepted in time and acted on, one rejected, one waiting: rate 1/2, one waiting.
    """
    times = {n: _instants(rows, n, as_of) for n in INSTANTS}
    accepted, rejected = _first(times["accepted"], times["rejected"])
    answered = accepted | rejected
    passed = (
        np.asarray(rows["passed"].to_numpy(zero_copy_only=False), float) if handoff.complete else np.ones(len(rows))
    )
    again = ~np.isnat(times["rejected"])
    right = accepted & ~again & (passed >= 1)
    reached = None if not handoff.reached_at else int((~np.isnat(times["reached"])).sum())
    clock = Clock(rows, times["offered"], calendar, zones, as_of)
    told = answered.any() or bool((~np.isnat(times["acted"])).any())
    answers, deeds = np.fmin(times["accepted"], times["rejected"]), _acted(times)
    return Handed(
        handoff, len(rows), int(accepted.sum()), int(rejected.sum()), int((~answered).sum()),
        ratio(int(accepted.sum()), int(answered.sum())), ratio(int(right.sum()), int(answered.sum())),
        clock.of(handoff.accept_within, answers) if told else None,
        clock.of(handoff.act_within, deeds, leave=rejected) if told else None,
        Decimal(str(round(float(passed.mean()), 6))) if len(rows) and handoff.complete else None,
        pareto([r for r, x in zip(_texts(rows, "reason"), rejected.tolist(), strict=True) if x]),
        reached, None if reached is None else ratio(reached, len(rows)),
    )  # fmt: skip


def pareto(reasons: Sequence[str | None]) -> tuple[dict[str, Any], ...]:
    """Reasons, the commonest first, each with its share and the running share.

    Example: a, a, b: a 2 of 3, then b, together 1.
    """
    counts = Counter(r or UNSAID for r in reasons)
    found, running = [], 0
    for reason, n in sorted(counts.items(), key=lambda c: (-c[1], c[0])):
        running += n
        share, total = ratio(n, len(reasons)), ratio(running, len(reasons))
        found.append({"reason": reason, "n": n, "share": share, "running": total})
    return tuple(found)


@dataclass(frozen=True)
class Clock:
    """Clocks from the offer, in the takers' business time."""

    rows: pa.Table
    opened: Any
    calendar: BusinessCalendar
    zones: Mapping[str, str]
    as_of: datetime

    def of(self, term: Term | None, done: Any, *, leave: Any = None) -> Kept | None:
        """How many were in time for a term; None where there is none. `leave`: rows that are not asked."""
        return None if term is None else kept(self.states(term, done, leave=leave))

    def states(self, term: Term, done: Any, *, leave: Any = None) -> Any:
        """Each row's: met, breached, open; empty for rows that are not asked."""
        own = self.calendar.zone
        calendars = {own: self.calendar} | {z: self.calendar.in_zone(z) for z in set(self.zones.values()) - {own}}
        whose = pa.array([self.zones.get(u or "", own) for u in _texts(self.rows, "owner")], pa.string())
        state = sla_clocks(calendars, whose, self.opened, done, term=term, as_of=self.as_of).state
        return np.where(leave, "", state) if leave is not None else state


def kept(states: Any) -> Kept:
    """How many there are of each."""
    return Kept(*(int((states == s).sum()) for s in ("met", "breached", "open")))


def both_sides(
    policy: AlignmentPolicy, rows: pa.Table, days: Sequence[date], attempts: Mapping[str, Sequence[datetime]],
    zones: Mapping[str, str], *, as_of: datetime,
) -> list[Week]:  # fmt: skip
    """Both columns, week by week.

    Args:
        rows: Offers as `hand_over` takes them, with `id`, and `grade` and `value` where marketing owes by them.
        days: The local day of each offer.
        attempts: Id to the instants of the attempts, in order.
    """
    by_week: dict[date, list[int]] = defaultdict(list)
    for n, day in enumerate(days):
        by_week[day - timedelta(days=day.weekday())].append(n)
    for week in _between(by_week):
        by_week.setdefault(week, [])
    states = _acted_states(policy, rows, zones, as_of)
    found = []
    for week in sorted(by_week):
        mine = by_week[week]
        in_time = None if states is None else kept(states[np.asarray(mine, int)])
        found.append(_week(policy, week, rows.take(pa.array(mine, pa.int64())), in_time, attempts, as_of))
    return found


def _acted_states(policy: AlignmentPolicy, rows: pa.Table, zones: Mapping[str, str], as_of: datetime) -> Any:
    """Of each offer whether sales accepted and acted on it in time; None where nothing of it is agreed."""
    handoff = next((h for h in policy.handoffs if policy.sla.sales and h.key == policy.sla.sales.handoff), None)
    if handoff is None or handoff.act_within is None:
        return None
    times = {n: _instants(rows, n, as_of) for n in INSTANTS}
    _, rejected = _first(times["accepted"], times["rejected"])
    clock = Clock(rows, times["offered"], policy.calendar, zones, as_of)
    return clock.states(handoff.act_within, _acted(times), leave=rejected)


def cohorts(spec: Cohorts, rows: pa.Table, months: Sequence[str], *, as_of: datetime) -> list[Cohort]:
    """The funnel of everyone who entered in a month, whenever they came further.

    Args:
        rows: `entered`, and a column for each step. months: The local month of each entry.
    """
    horizon = np.timedelta64(spec.matures_after_days, "D")
    entered, now = _instants(rows, "entered", as_of), np.datetime64(as_of, "us")
    steps = {s.key: ~np.isnat(_instants(rows, s.key, as_of)) for s in spec.steps}
    ripe, found = entered + horizon <= now, []
    groups: dict[str, list[int]] = defaultdict(list)
    for n, month in enumerate(months):
        groups[month].append(n)
    for month in sorted(groups):
        mine = np.asarray(groups[month])
        reached = {k: int(hit[mine].sum()) for k, hit in steps.items()}
        maturity = ratio(int(ripe[mine].sum()), len(mine)) or Decimal(0)
        rates = {k: ratio(n, len(mine)) for k, n in reached.items()}
        found.append(Cohort(month, len(mine), reached, maturity, rates))
    return found


def ratio(part: int | Decimal, whole: int | Decimal) -> Decimal | None:
    """A share to six places; None of nothing."""
    return None if not whole else (Decimal(part) / Decimal(whole)).quantize(Decimal("0.000001"))


def _week(
    policy: AlignmentPolicy, week: date, rows: pa.Table, in_time: Kept | None,
    attempts: Mapping[str, Sequence[datetime]], as_of: datetime,
) -> Week:  # fmt: skip
    owes = policy.sla.marketing.weekly if policy.sla.marketing else ()
    grades = Counter(g or UNSAID for g in _texts(rows, "grade"))
    worth: dict[str, Decimal] = defaultdict(Decimal)
    values = rows["value"].to_pylist() if "value" in rows.column_names else []
    for grade, value in zip(_texts(rows, "grade"), values, strict=False):
        worth[grade or UNSAID] += value or Decimal(0)
    told = [_graded(g, grades, worth, owes) for g in sorted({*grades, *(o.grade for o in owes)})]
    owed_value = [o.value for o in owes if o.value is not None]
    tried, made = _attempts(policy.sla.sales, rows, attempts, as_of)
    return Week(
        week, sum((o.count for o in owes), Decimal(0)), len(rows), sum(owed_value, Decimal(0)) if owed_value else None,
        sum(worth.values(), Decimal(0)) if values else None, tuple(told), in_time, tried, made,
    )  # fmt: skip


def _graded(
    grade: str, counts: Mapping[str, int], worth: Mapping[str, Decimal], owes: Sequence[Owed]
) -> dict[str, Any]:
    owed = next((o for o in owes if o.grade == grade), None)
    return {
        "grade": grade, "owed": owed.count if owed else None, "delivered": counts.get(grade, 0),
        "owed_value": owed.value if owed else None, "value": worth.get(grade),
    }  # fmt: skip


def _attempts(
    sales: Sales | None, rows: pa.Table, attempts: Mapping[str, Sequence[datetime]], as_of: datetime
) -> tuple[Kept | None, int]:
    """Whether so many attempts were made in time; who was rejected, or came to what it is for, owes no more."""
    if sales is None or not sales.attempts:
        return None, 0
    offered, met, breached, still, made = rows["offered"].to_pylist(), 0, 0, 0, 0
    ended = np.fmin(_instants(rows, "rejected", as_of), _instants(rows, "reached", as_of))
    for n, (key, at) in enumerate(zip(_texts(rows, "id"), offered, strict=True)):
        until = at + timedelta(days=sales.within_days)
        own = [t for t in attempts.get(key or "", ()) if at <= t < min(until, as_of)]
        made += len(own)
        over = not np.isnat(ended[n]) and ended[n] < np.datetime64(until, "us")
        if len(own) >= sales.attempts or over:
            met += 1
        elif until <= as_of:
            breached += 1
        else:
            still += 1
    return Kept(met, breached, still), made


def _between(weeks: Mapping[date, Any]) -> list[date]:
    """Every Monday from the first to the last: a week in which nothing came is a row, too."""
    if not weeks:
        return []
    first, last = min(weeks), max(weeks)
    return [first + timedelta(weeks=n) for n in range((last - first).days // 7 + 1)]


def _first(accepted: Any, rejected: Any) -> tuple[Any, Any]:
    """Which answer stands: the later one, an acceptance after a rejection and the other way round."""
    has, no = ~np.isnat(accepted), ~np.isnat(rejected)
    taken = has & (~no | (accepted >= rejected))
    return taken, no & ~taken


def _acted(times: Mapping[str, Any]) -> Any:
    """When it was accepted and acted on: the later of the two, and neither alone."""
    alone = np.isnat(times["accepted"]) | np.isnat(times["acted"])
    return np.where(alone, np.datetime64("NaT"), np.fmax(times["accepted"], times["acted"]))


def _instants(rows: pa.Table, name: str, as_of: datetime) -> Any:
    """A column of instants; what comes after the day that is seen has not happened."""
    if name not in rows.column_names:
        return np.full(len(rows), np.datetime64("NaT"), dtype="datetime64[us]")
    column = rows[name].combine_chunks() if isinstance(rows[name], pa.ChunkedArray) else rows[name]
    found = np.asarray(column.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False), dtype="datetime64[us]")
    return np.where(found < np.datetime64(as_of, "us"), found, np.datetime64("NaT"))


def _texts(rows: pa.Table, name: str) -> list[str | None]:
    if name not in rows.column_names:
        return [None] * len(rows)
    texts: list[str | None] = rows[name].to_pylist()
    return texts
