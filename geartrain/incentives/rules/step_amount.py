"""Step amounts: a fixed sum for the tier that the total has reached."""

from __future__ import annotations

from fractions import Fraction

from geartrain.incentives.rules.base import Slice, Table, TierRule


def price(table: Table, x: Fraction) -> tuple[Slice, ...]:
    """The sum of the tier of X, in the place of that of a lower tier.

    Example: 1,000 from 50,000, 5,000 from 100,000: 60,000 pays 1,000, and 40,000 more another 4,000.
    """
    band = table.band(x)
    if band is None or not table.reached(x) or not band.rate:
        return ()
    return (Slice(band.number, band.low, band.high, x, band.rate, band.rate),)


RULE = TierRule("step_amount", "the tier the total has reached pays its fixed sum", whole=price, needs_boundary=True)
