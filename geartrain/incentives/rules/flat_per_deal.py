"""Flat tiers: a deal is paid at the rate of the tier its own size falls in."""

from __future__ import annotations

from fractions import Fraction

from geartrain.incentives.rules.base import ZERO, Slice, Table, TierRule


def price(table: Table, before: Fraction, credit: Fraction) -> tuple[Slice, ...]:
    """c × r(tier of |c|); of a deductible threshold only what of the deal lifts the total above it.

    Example: 5 % below 10,000 and 8 % from there: a deal of 12,000 pays 960.
    """
    band = table.band(abs(credit))
    if band is None or credit == 0:
        return ()
    part = credit
    if table.deductible:
        part = max(table.start, before + credit) - max(table.start, before)
    if part == ZERO:
        return ()
    return (Slice(band.number, band.low, band.high, part, band.rate, part * band.rate),)


RULE = TierRule(
    "flat_per_deal", "a deal is paid at the rate of the tier its own size falls in", line=price, needs_boundary=True
)
