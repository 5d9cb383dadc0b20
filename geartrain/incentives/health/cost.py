"""What selling costs and how pay is put together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from geartrain.incentives.health.values import ZERO, Band, Measure, Person, quantile, ranked, ratio, total

LINES = "lines of the pay run"
QUOTA_TO_PAY = Band(Fraction(4), Fraction(6), "common in the field: 4 to 6 times")
NINETY = Fraction(9, 10)


def measures(people: Sequence[Person]) -> Iterator[Measure]:
    """Cost of sales, mix, leverage, quota over OTE, effective rates."""
    yield _cost_of_sales(people)
    yield _mix(people)
    yield _leverage(people)
    yield _quota_to_pay(people)
    yield from _rates(people)


def booked(people: Sequence[Person]) -> dict[str, Fraction]:
    """Every deal that somebody is credited for, once."""
    return {deal: amount for p in people for deal, amount in p.booked.items()}


def _cost_of_sales(people: Sequence[Person]) -> Measure:
    base, variable = total(p.base for p in people), total(p.earned for p in people)
    known = [p for p in people if p.base is not None]
    sold = total(booked(people).values())
    note = f"{len(people) - len(known)} of {len(people)} payees have no base salary in the facts." if people else ""
    return Measure(
        "compensation_cost_of_sales",
        "Compensation cost of sales",
        ratio(base + variable, sold),
        "ratio",
        f"(user.base_salary + earned) / amount of the deals credited, once each; {LINES}",
        behind=ranked(
            {p.payee: ratio((p.base or ZERO) + Fraction(p.earned), total(p.credited.values())) for p in people}
        ),
        why="" if sold else "No deal was credited in the period.",
        note=note if len(known) < len(people) else "",
    )


def _mix(people: Sequence[Person]) -> Measure:
    known = [p for p in people if p.base is not None and p.target is not None]
    value = ratio(total(p.base for p in known), total(p.base for p in known) + total(p.target for p in known))
    by = by_role(
        known, lambda some: ratio(total(p.base for p in some), total(x for p in some for x in (p.base, p.target)))
    )
    return Measure(
        "pay_mix",
        "Base share of on-target pay",
        value,
        "ratio",
        "user.base_salary / (base + target incentive), by role",
        behind=ranked(by),
        why="" if value is not None else "Nobody has both a base salary and a target incentive.",
    )  # fmt: skip


def _leverage(people: Sequence[Person]) -> Measure:
    reached = [p.payout for p in people if p.payout is not None]
    by = by_role(people, lambda some: quantile([p.payout for p in some if p.payout is not None], NINETY))
    return Measure(
        "leverage",
        "Leverage: 90th percentile of incentive over target",
        quantile(reached, NINETY),
        "times",
        f"earned / target incentive of the period, by role; {LINES}",
        behind=ranked(by),
        why="" if reached else "Nobody has a target incentive.",
    )


def _quota_to_pay(people: Sequence[Person]) -> Measure:
    known = [p for p in people if p.annual_quota and p.annual_pay]
    return Measure(
        "quota_to_ote",
        "Quota over on-target earnings",
        ratio(total(p.annual_quota for p in known), total(p.annual_pay for p in known)),
        "times",
        "quota facts of the plan's year / (user.base_salary + target incentive)",
        QUOTA_TO_PAY,
        ranked({p.payee: ratio(p.annual_quota, p.annual_pay) for p in known}, up=True),
        "" if known else "Nobody has a quota, a base salary and a target.",
    )


def _rates(people: Sequence[Person]) -> Iterator[Measure]:
    paid = total(p.earned for p in people)
    credited, sold = total(c for p in people for c in p.credited.values()), total(booked(people).values())
    by = {p.payee: ratio(Fraction(p.earned), total(p.credited.values())) for p in people}
    why = "" if sold else "No deal was credited in the period."
    yield Measure("effective_rate_credited", "Payout over credited", ratio(paid, credited), "ratio",
                  f"earned / credits after crediting rules; {LINES}", behind=ranked(by), why=why)  # fmt: skip
    yield Measure("effective_rate_booked", "Payout over booked", ratio(paid, sold), "ratio",
                  f"earned / amount of the deals credited, once each; {LINES}", behind=_doubly(people), why=why,
                  note="The gap to payout over credited is the price of double credit.")  # fmt: skip
    yield Measure(
        "credit_multiple",
        "Credited over booked",
        ratio(credited, sold),
        "times",
        f"credits / amount of the deals credited, once each; {LINES}",
        behind=_doubly(people),
        why=why,
    )


def _doubly(people: Sequence[Person]) -> tuple[dict[str, object], ...]:
    """Credit by plan over the deals of that plan."""
    plans: dict[str, list[Person]] = defaultdict(list)
    for p in people:
        plans[p.comp_plan].append(p)
    found = {
        k: ratio(total(c for p in v for c in p.credited.values()), total(booked(v).values())) for k, v in plans.items()
    }
    return tuple(dict(b) for b in ranked(found))


def by_role(people: Sequence[Person], of: Callable[[list[Person]], Fraction | None]) -> dict[str, Fraction | None]:
    """A measure of the people of each role."""
    roles: dict[str, list[Person]] = defaultdict(list)
    for p in people:
        roles[p.role or "no role"].append(p)
    return {role: of(some) for role, some in sorted(roles.items())}
