"""Retroactive tiers: everything is paid at the rate of the tier that the total has reached."""

from __future__ import annotations

from fractions import Fraction

from geartrain.incentives.rules.base import Slice, Table, TierRule


def price(table: Table, x: Fraction) -> tuple[Slice, ...]:
    """X × r(tier of X); what was paid before is taken off by the difference to the total before.

    Example: 5 % below 100,000 and 8 % from there: at 80,000 it pays 4,000, at 120,000 9,600.
    """
    band = table.band(x)
    if band is None or not table.reached(x):
        return ()
    part = x - table.start if table.deductible else x
    return (Slice(band.number, band.low, band.high, part, band.rate, part * band.rate),) if part else ()


RULE = TierRule(
    "retroactive",
    "everything is paid at the rate of the tier the total has reached",
    whole=price,
    needs_boundary=True,
    per_unit=True,
)
