"""ASC 340-40: commissions that win a contract are an asset, written off straight-line over their stated life."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from geartrain.incentives.exact import rounded
from geartrain.kernel.periods import add_months

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Cost:
    """What was paid to win a deal.

    Args:
        day: When it was earned; its month is the first that is written off.
        life: Months; under twelve it is an expense at once.
        ended: When the customer left: what is left is impaired in that month.
    """

    deal: str
    component: str
    payee: str
    day: date
    amount: Decimal
    life: int
    ended: date | None = None


@dataclass(frozen=True)
class Rolled:
    """One month of the asset: opening + capitalised − amortised − impaired = closing."""

    month: str
    opening: Decimal
    capitalised: Decimal
    amortised: Decimal
    impaired: Decimal
    expensed: Decimal
    closing: Decimal


def schedule(amount: Decimal, life: int) -> list[Decimal]:
    """What is written off each month: equal rounded parts, the last takes what is left.

    Example: 5,000.00 over 36 months: 35 × 138.89 and 138.85.
    """
    part = rounded(Fraction(amount) / life)
    return [*[part] * (life - 1), amount - part * (life - 1)]


def roll_forward(costs: Iterable[Cost], *, start: date, months: int) -> list[Rolled]:
    """The asset month by month, from the month of `start`; what was capitalised before it is in the first opening."""
    held = list(costs)
    found: list[Rolled] = []
    first = start.replace(day=1)
    opening = sum((_left(c, first) for c in held), NOTHING)
    for n in range(months):
        month = add_months(first, n)
        after = add_months(month, 1)
        new = [c for c in held if month <= c.day < after]
        capitalised = sum((c.amount for c in new if c.life >= 12), NOTHING)
        expensed = sum((c.amount for c in new if c.life < 12), NOTHING)
        amortised = sum((_written_off(c, month) for c in held), NOTHING)
        impaired = sum((_impaired(c, month) for c in held), NOTHING)
        closing = opening + capitalised - amortised - impaired
        found.append(Rolled(f"{month:%Y-%m}", opening, capitalised, amortised, impaired, expensed, closing))
        opening = closing
    return found


def _age(cost: Cost, month: date) -> int:
    """Which month of its life a month is, from 0."""
    return (month.year - cost.day.year) * 12 + month.month - cost.day.month


def _alive(cost: Cost, month: date) -> bool:
    return cost.life >= 12 and (cost.ended is None or month < cost.ended.replace(day=1))


def _written_off(cost: Cost, month: date) -> Decimal:
    age = _age(cost, month)
    return schedule(cost.amount, cost.life)[age] if 0 <= age < cost.life and _alive(cost, month) else NOTHING


def _left(cost: Cost, month: date) -> Decimal:
    """What stands in the books at the beginning of a month."""
    age = _age(cost, month)
    if cost.life < 12 or age <= 0 or (cost.ended is not None and cost.ended.replace(day=1) < month):
        return NOTHING
    return cost.amount - sum(schedule(cost.amount, cost.life)[:age], NOTHING)


def _impaired(cost: Cost, month: date) -> Decimal:
    if cost.ended is None or cost.ended.replace(day=1) != month or cost.life < 12:
        return NOTHING
    age = _age(cost, month)
    return cost.amount - sum(schedule(cost.amount, cost.life)[:age], NOTHING) if age >= 0 else NOTHING


def totals(rolled: Sequence[Rolled]) -> dict[str, Decimal]:
    """The whole span as one row."""
    sums = {
        n: sum((getattr(r, n) for r in rolled), NOTHING) for n in ("capitalised", "amortised", "impaired", "expensed")
    }
    return {"opening": rolled[0].opening, **sums, "closing": rolled[-1].closing}
