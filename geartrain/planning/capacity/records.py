"""Heads, hires, leavers and productivity of a role as the records have them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.periods import add_months
from geartrain.planning.capacity.heads import cents
from geartrain.planning.capacity.policy import CapacityPlan, Join, Role

SURE = Decimal("1.959964")  # standard errors either side, 95 %
FOURTH = Decimal("0.0001")


@dataclass(frozen=True)
class Person:
    """Somebody as the records have them; `booked` is what they won in the window of the history."""

    user_id: str
    start: date | None
    end: date | None
    fte: Decimal
    booked: Decimal = Decimal(0)


@dataclass(frozen=True)
class Evidence:
    """Where a role's productivity comes from.

    Args:
        months: Ramped, productive months of a full-time head that brought `booked`.
        low, high: The interval of 95 %; None where fewer than two people worked.
    """

    role: str
    people: int
    months: Decimal
    booked: Decimal
    productivity: Decimal | None
    low: Decimal | None
    high: Decimal | None
    deviation: Decimal | None

    def as_row(self) -> dict[str, Any]:
        """For people."""
        return {
            "role": self.role,
            "people": self.people,
            "months": cents(self.months),
            "booked": cents(self.booked),
            "productivity": self.productivity,
            "low": self.low,
            "high": self.high,
        }


def window(capacity_plan: CapacityPlan, months: int, as_of: date) -> tuple[date, date]:
    """The last whole months before the plan begins, or before today: `[since, until)`."""
    until = min(capacity_plan.start, as_of.replace(day=1))
    return add_months(until, -months), until


def counted(capacity_plan: CapacityPlan, role: Role, people: Sequence[Person]) -> Role:
    """A role with its people as the records have them: ramped heads, those still ramping, known hires and leavers.

    Who leaves within a period is gone from the next one on; part-time people count by their share.

    Example: ramp of four months, a plan from January: somebody who began in November joins with a tenure of 2.
    """
    ramped = Decimal(0)
    joins: defaultdict[str, Decimal] = defaultdict(Decimal)
    within: defaultdict[tuple[str, int], Decimal] = defaultdict(Decimal)
    leavers: defaultdict[str, Decimal] = defaultdict(Decimal)
    ends = capacity_plan.first(capacity_plan.periods)
    for person in people:
        start, end = person.start or date.min, person.end
        if start >= ends or (end is not None and end < capacity_plan.start):
            continue
        tenure = _periods_between(capacity_plan, start) if start < capacity_plan.start else 0
        if start >= capacity_plan.start:
            joins[capacity_plan.labels[_period_of(capacity_plan, start)]] += person.fte
        elif tenure >= len(role.ramp):
            ramped += person.fte
        else:
            within[capacity_plan.labels[0], tenure] += person.fte
        gone = None if end is None else _period_of(capacity_plan, end) + 1
        if gone is not None and gone < capacity_plan.periods:
            leavers[capacity_plan.labels[gone]] += person.fte
    return role.model_copy(
        update={
            "heads": role.heads + ramped,
            "joins": (*role.joins, *_joins(joins)),
            "transfers_in": (*role.transfers_in, *(_join(p, c, t) for (p, t), c in sorted(within.items()))),
            "leavers": (*role.leavers, *_joins(leavers)),
        }
    )


def productivity(
    capacity_plan: CapacityPlan, role: Role, people: Sequence[Person], *, since: date, until: date
) -> Evidence:
    """What a ramped, productive head brings in a period, from what people brought in `[since, until)`.

    Σ booked over Σ months × ramp × productive share; its interval from how much people differ from each other.

    Example: two people a year each, 1,200,000 and 600,000: 75,000 a month.
    """
    share = _mean_share(capacity_plan, role)
    held = [(_months(capacity_plan, role, p, since, until) * share, p.booked) for p in people]
    held = [(m, b) for m, b in held if m > 0]
    months, booked = sum((m for m, _ in held), Decimal(0)), sum((b for _, b in held), Decimal(0))
    if not months:
        return Evidence(role.name, 0, Decimal(0), booked, None, None, None, None)
    with localcontext(prec=40):
        rate, n = booked / months, len(held)
        each = Decimal(capacity_plan.months)
        spread = sum(((b / m - rate) ** 2 * m for m, b in held), Decimal(0)) / months
        deviation = (spread.sqrt() / rate).quantize(FOURTH, ROUND_HALF_UP) if rate and n > 1 else None
        low = high = None
        if n > 1:
            error = (Decimal(n) / (n - 1) * sum(((b - rate * m) ** 2 for m, b in held), Decimal(0))).sqrt() / months
            low, high = cents(max(rate - SURE * error, Decimal(0)) * each), cents((rate + SURE * error) * each)
    return Evidence(role.name, n, months, booked, cents(rate * each), low, high, deviation)


def resolved(
    capacity_plan: CapacityPlan,
    people: Mapping[str, Sequence[Person]],
    peers: Mapping[str, tuple[Sequence[Person], date, date]],
    *,
    as_of: date,
) -> tuple[CapacityPlan, tuple[Evidence, ...], tuple[Issue, ...]]:
    """A plan with everything counted that it asks of the records.

    Args:
        people: By role, those its rule chooses. peers: By role, whose history counts, and its window.
        as_of: The day the records tell of; leavers before it are named, so that attrition begins after it.
    """
    roles: list[Role] = []
    evidence: list[Evidence] = []
    issues: list[Issue] = []
    for role in capacity_plan.roles:
        found = counted(capacity_plan, role, people[role.name]) if role.people else role
        if role.history is not None:
            who, since, until = peers[role.name]
            shown = productivity(capacity_plan, role, who, since=since, until=until)
            evidence.append(shown)
            issues += _doubts(role, shown)
            change = {"productivity": role.productivity or shown.productivity or Decimal(0)}
            found = found.model_copy(update={**change, "deviation": role.deviation or shown.deviation or Decimal(0)})
        if role.people and not people[role.name]:
            message = f"Nobody is '{role.name}' by its rule."
            hint = "Correct `people`, or load user records."
            issues.append(Issue("capacity_nobody", Level.warning, message, f"roles/{role.name}", hint))
        roles.append(found)
    past = sum(1 for n in range(capacity_plan.periods) if capacity_plan.first(n + 1) <= as_of)
    settled = max(capacity_plan.settled, past if any(r.people for r in capacity_plan.roles) else 0)
    whole = capacity_plan.model_copy(update={"roles": tuple(roles), "settled": settled})
    return whole, tuple(evidence), tuple(issues)


def _doubts(role: Role, shown: Evidence) -> Iterator[Issue]:
    where = f"roles/{role.name}"
    if shown.productivity is None and not role.productivity:
        message = f"Nobody worked as '{role.name}' in its history: it brings nothing."
        yield Issue("capacity_no_history", Level.warning, message, where, "State productivity, or widen `peers`.")
    elif shown.low is None:
        message = f"The productivity of '{role.name}' rests on {shown.people} people: it has no interval."
        yield Issue("capacity_thin_history", Level.info, message, where, "Widen `peers`, or `history`.")


def _months(capacity_plan: CapacityPlan, role: Role, person: Person, since: date, until: date) -> Decimal:
    """Months of a full-time head, by the ramp, that somebody worked within a window; by days within a month."""
    found, month = Decimal(0), since
    while month < until:
        after = add_months(month, 1)
        first = max(month, person.start or month)
        last = min(after, person.end + timedelta(days=1) if person.end else after)
        if last > first:
            tenure = len(role.ramp) if person.start is None else _tenure(capacity_plan, person.start, month)
            found += role.ramped(tenure) * person.fte * (last - first).days / (after - month).days
        month = after
    return found


def _tenure(capacity_plan: CapacityPlan, start: date, month: date) -> int:
    return max((month.year - start.year) * 12 + month.month - start.month, 0) // capacity_plan.months


def _periods_between(capacity_plan: CapacityPlan, start: date) -> int:
    return _tenure(capacity_plan, start, capacity_plan.start)


def _period_of(capacity_plan: CapacityPlan, day: date) -> int:
    months = (day.year - capacity_plan.start.year) * 12 + day.month - capacity_plan.start.month
    return months // capacity_plan.months


def _mean_share(capacity_plan: CapacityPlan, role: Role) -> Decimal:
    shares = [role.share(n) for n in range(capacity_plan.periods)]
    return sum(shares, Decimal(0)) / len(shares)


def _joins(held: Mapping[str, Any]) -> list[Join]:
    return [_join(period, count, 0) for period, count in sorted(held.items())]


def _join(period: str, count: Decimal, tenure: int) -> Join:
    return Join(period=period, count=count, tenure=tenure)
