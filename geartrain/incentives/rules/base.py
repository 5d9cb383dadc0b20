"""What kinds of tiers share: bands in money, a table of them, and the slices that pricing gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Band:
    """A tier in money.

    Args:
        number: From 1, as the plan lists them.
        low: First unit of credit in it.
        high: Where it ends; None: nowhere.
        rate: Pay per unit of credit; for step amounts the sum itself.
    """

    number: int
    low: Fraction
    high: Fraction | None
    rate: Fraction


@dataclass(frozen=True, slots=True)
class Slice:
    """What one tier pays of some credit, exact."""

    tier: int
    low: Fraction
    high: Fraction | None
    credit: Fraction
    rate: Fraction
    pay: Fraction


@dataclass(frozen=True)
class Table:
    """A rate table in money, in force for one payee in one window.

    Args:
        bands: Rising, without gap or overlap.
        upper_inclusive: Whether a bound belongs to the tier below it.
        start: Where pay begins (`threshold`), in money.
        deductible: Whether only what lies above `start` pays; otherwise everything does once it is reached.
        points: Of an interpolated curve, credit to pay, in money.
        below: Pay left of the first point; None: as at the first point.
        extend: Whether the last stretch goes on to the right; otherwise its pay is held.
    """

    bands: tuple[Band, ...] = ()
    upper_inclusive: bool = False
    start: Fraction = ZERO
    deductible: bool = False
    points: tuple[tuple[Fraction, Fraction], ...] = ()
    below: Fraction | None = ZERO
    extend: bool = False

    def reached(self, x: Fraction) -> bool:
        """Whether a running total has come to the threshold."""
        return self.start <= 0 or x >= self.start

    def band(self, x: Fraction) -> Band | None:
        """The tier that an amount falls into; None outside the table, and at or below 0 where bounds belong below."""
        for band in self.bands:
            above = x > band.low if self.upper_inclusive else x >= band.low
            within = band.high is None or (x <= band.high if self.upper_inclusive else x < band.high)
            if above and within:
                return band
        return None

    @cached_property
    def bounds(self) -> tuple[Fraction, ...]:
        """Every amount at which pay may turn or jump, rising."""
        found = {b.low for b in self.bands} | {b.high for b in self.bands if b.high is not None}
        return tuple(sorted(found | {x for x, _ in self.points} | {self.start}))


Pricing = Callable[[Table, Fraction, Fraction], tuple[Slice, ...]]
"""Table, the running total before, the credit of a line: what the line pays, for good."""
Whole = Callable[[Table, Fraction], tuple[Slice, ...]]
"""Table, the running total: what all of it pays as it now stands."""


@dataclass(frozen=True)
class TierRule:
    """One kind of tiers.

    Args:
        name: As plans say it.
        says: In plain words, for the plan's rendering.
        line: Prices a line once; None where what earlier lines pay changes with the total.
        whole: Prices the running total; each line then owns its share of that, by credit.
        needs_boundary: Whether a bound pays differently on its two sides.
        per_unit: Whether the whole is paid at one rate per unit, so that a period's lines can be paid at it alone.
    """

    name: str
    says: str
    line: Pricing | None = None
    whole: Whole | None = None
    needs_boundary: bool = False
    per_unit: bool = False

    def pay_at(self, table: Table, x: Fraction) -> Fraction:
        """What a total of x pays where it comes as one deal."""
        if self.whole is not None:
            return sum((s.pay for s in self.whole(table, x)), ZERO)
        assert self.line is not None
        if not table.deductible and not table.reached(x):
            return ZERO
        return sum((s.pay for s in self.line(table, ZERO, x)), ZERO)
