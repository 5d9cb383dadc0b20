"""A component's rate table in money: for one payee, in one window."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from geartrain.incentives.plan import Component, Rate
from geartrain.incentives.rules import Band, Table

ZERO = Fraction(0)


def money_table(component: Component, *, target: Fraction, quota: Fraction | None) -> Table:
    """The table with bounds and rates in money.

    Args:
        target: Target incentive of the window × weight.
        quota: Of the window, above 0; None for tables over amounts without multiples.
    Example: 0.5 to 1 at 1.5x, quota 1,000,000, target 96,000: 500,000 to 1,000,000 at 0.144.
    """
    assert component.tiers is not None
    shares = component.tiers.basis == "quota_share"
    unit = quota if shares and quota is not None else Fraction(1)
    bands = tuple(
        Band(
            n,
            Fraction(t.low) * unit,
            None if t.high is None else Fraction(t.high) * unit,
            _rate(component, t.rate, target=target, quota=quota),
        )
        for n, t in enumerate(component.rates, 1)
    )
    start = component.threshold
    table = Table(
        bands,
        component.tiers.boundary == "upper_inclusive",
        Fraction(start.at) * unit if start else ZERO,
        start is not None and start.kind == "deductible",
    )
    return _curved(table, component, unit=unit, worth=target if shares else Fraction(1))


def _curved(table: Table, component: Component, *, unit: Fraction, worth: Fraction) -> Table:
    curve = component.curve
    if curve is None:
        return table
    points = tuple((Fraction(x) * unit, Fraction(y) * worth) for x, y in curve.points)
    below = Fraction(curve.below) * worth if curve.below != "hold" else None
    return replace(table, points=points, below=below, extend=curve.above == "extend")


def _rate(component: Component, rate: Rate, *, target: Fraction, quota: Fraction | None) -> Fraction:
    value = Fraction(rate.value)
    if not rate.multiple:
        return value
    if component.tiers is not None and component.tiers.kind == "step_amount":
        return value * target
    return value * target / quota if quota else ZERO


def windfall_table(table: Table, component: Component, *, target: Fraction, quota: Fraction | None) -> Table:
    """The table for deals that earn no accelerator: above quota at most par; without a quota the first tier's rate."""
    if not table.bands:
        return table
    shares = component.tiers is not None and component.tiers.basis == "quota_share" and quota is not None
    if not shares or quota is None:
        base, above = table.bands[0].rate, table.bands[0].low
    else:
        base, above = (target / quota if target else _at(table, quota)), quota
    bands: list[Band] = []
    for band in table.bands:
        if band.high is not None and band.high <= above:
            bands.append(band)
            continue
        if band.low < above:
            bands.append(replace(band, high=above))
        bands.append(replace(band, low=max(band.low, above), rate=min(band.rate, base)))
    return replace(table, bands=tuple(bands))


def _at(table: Table, quota: Fraction) -> Fraction:
    """The rate just below quota."""
    below = [b for b in table.bands if b.low < quota]
    return below[-1].rate if below else table.bands[0].rate
