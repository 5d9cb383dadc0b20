"""Exact money: fractions while it is worked out, decimals once it is rounded."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from geartrain.incentives.plan import Rounding


def rounded(value: Fraction, rounding: Rounding = Rounding()) -> Decimal:
    """A fraction at the scale of the plan; halves go away from zero, or to the even one.

    Example: 1,000 / 3 at two decimals: 333.33.
    """
    scaled = abs(value) * 10**rounding.scale
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    twice = 2 * rest
    up = {
        "half_up": twice >= scaled.denominator,
        "half_even": twice > scaled.denominator or (twice == scaled.denominator and whole % 2 == 1),
        "up": rest > 0,
        "down": False,
    }[rounding.mode]
    units = whole + (1 if up else 0)
    return Decimal(-units if value < 0 else units).scaleb(-rounding.scale)


def plain(value: Fraction, places: int = 6) -> Decimal:
    """A fraction for people: exact where it ends within some places, otherwise rounded to them; no needless zeros."""
    found = rounded(value, Rounding(scale=places))
    return found.normalize() if found else Decimal(0)


def share(value: Fraction) -> Decimal:
    """A ratio at four decimals: 0.73 is 0.7300."""
    return rounded(value, Rounding(scale=4))
