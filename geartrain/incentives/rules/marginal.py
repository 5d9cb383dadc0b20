"""Marginal tiers: every slice of the running total pays the rate of the tier it falls in."""

from __future__ import annotations

from fractions import Fraction

from geartrain.incentives.rules.base import ZERO, Slice, Table, TierRule


def price(table: Table, before: Fraction, credit: Fraction) -> tuple[Slice, ...]:
    """F(X+c) − F(X), slice by slice; what lies below a deductible threshold, or outside the table, pays nothing.

    Example: 10 % to 300,000, 15 % above; 90,000 on top of 270,000 pays 3,000 and 9,000.
    """
    first, last, sign = (before, before + credit, 1) if credit >= 0 else (before + credit, before, -1)
    if table.deductible:
        first, last = max(first, table.start), max(last, table.start)
    found = []
    for band in table.bands:
        top = last if band.high is None else min(last, band.high)
        part = sign * max(ZERO, top - max(first, band.low))
        if part:
            found.append(Slice(band.number, band.low, band.high, part, band.rate, part * band.rate))
    return tuple(found)


RULE = TierRule("marginal", "each slice of the total is paid at the rate of its own tier", line=price)
