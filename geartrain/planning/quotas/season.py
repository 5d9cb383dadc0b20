"""A year's quota over its seasons: what is carried from a day on, and what a moved account takes with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from geartrain.kernel.errors import Invalid
from geartrain.kernel.periods import add_months

CENT = Decimal("0.01")


def carried(amount: Decimal, shares: Sequence[Decimal], *, year: date, start: date, end: date | None = None) -> Decimal:
    """What of a year's amount falls into `[start, end)`, flat by month within a season and by day within a month.

    Args:
        amount: The whole year's. shares: Of the seasons, equally long, in order; they need not sum to 1.
        year: The first day of the year. end: None for the end of the year.
    Raises:
        Invalid: twelve months are not so many seasons.
    Example: 100,000 at 20/20/20/40 from 1 March is 86,666.67; 120,000 at 20/20/20/40 from 1 July is 72,000.
    """
    if not shares or 12 % len(shares) or not sum(shares):
        raise Invalid(f"A year has no {len(shares)} seasons of whole months.", hint="State 1, 2, 3, 4, 6 or 12 shares.")
    months, total = 12 // len(shares), Fraction(sum(shares))
    found = Fraction(0)
    for n in range(12):
        first, last = add_months(year, n), add_months(year, n + 1)
        days = (min(last, end or last) - max(first, start)).days
        found += Fraction(shares[n // months]) / total / months * Fraction(max(days, 0), (last - first).days)
    exact = Fraction(amount) * found
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(CENT, ROUND_HALF_UP)


def moved_account(amount: Decimal, shares: Sequence[Decimal], *, year: date, on: date) -> tuple[Decimal, Decimal]:
    """What a moved account adds to the taker's quota and takes from the giver's; attainment before it stays.

    Example: 120,000 at 20/20/20/40 on 1 July is +72,000 and −72,000.
    """
    rest = carried(amount, shares, year=year, start=on)
    return rest, -rest
