"""Interpolated pay: straight lines between points."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction

from geartrain.incentives.rules.base import ZERO, Slice, Table, TierRule


def interpolate(
    points: Sequence[tuple[Fraction, Fraction]], x: Fraction, *, below: Fraction | None, extend: bool
) -> tuple[int, Fraction]:
    """The stretch that x lies in (0: left of the first point) and the value there.

    Args:
        points: Rising.
        below: The value left of the first point; None: that of the first point.
        extend: Whether the last stretch goes on; otherwise its end is held.
    Example: (0.7, 0.5), (1, 1): 0.85 gives 0.75.
    """
    if x < points[0][0]:
        return 0, points[0][1] if below is None else below
    for n, ((x0, y0), (x1, y1)) in enumerate(itertools.pairwise(points), 1):
        if x <= x1:
            return n, y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    if extend and len(points) > 1:
        (x0, y0), (x1, y1) = points[-2:]
        return len(points), y1 + (y1 - y0) * (x - x1) / (x1 - x0)
    return len(points), points[-1][1]


def price(table: Table, x: Fraction) -> tuple[Slice, ...]:
    """What the curve pays at X; with a deductible threshold less what it pays there."""
    if not table.reached(x):
        return ()
    n, pay = interpolate(table.points, x, below=table.below, extend=table.extend)
    if table.deductible:
        pay -= interpolate(table.points, table.start, below=table.below, extend=table.extend)[1]
    low = table.points[n - 1][0] if n else ZERO
    high = table.points[n][0] if n < len(table.points) else None
    return (Slice(n, low, high, x, pay / x if x else ZERO, pay),) if pay else ()


RULE = TierRule("interpolated", "pay runs in straight lines between the points of the curve", whole=price)
