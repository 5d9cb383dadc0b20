"""What health is read from, and what a measure of it says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from geartrain.incentives.exact import plain, share

ZERO = Fraction(0)
Behind = Mapping[str, Any]


@dataclass(frozen=True)
class Person:
    """One payee under one plan in a period.

    Args:
        earned: Variable pay earned in the period, plan currency.
        target: Target incentive of the period; None where nothing states one.
        base: Base salary of the period, None where it is not known.
        credited: By deal, what they are credited of it; `booked` what the deal is worth.
        attained, quota: Of the window that the period ends in, of the component that weighs most; None without a quota.
        annual_quota, annual_pay: Quota and on-target earnings of a year, for the ratio of the two.
        threshold, excellence: Attainment where pay begins, and where the last tier does; None where the plan has none.
        left: Whether they have left by the end of the period.
    """

    payee: str
    name: str
    comp_plan: str
    role: str
    earned: Decimal
    target: Fraction | None = None
    base: Fraction | None = None
    credited: Mapping[str, Fraction] = field(default_factory=dict)
    booked: Mapping[str, Fraction] = field(default_factory=dict)
    attained: Fraction | None = None
    quota: Fraction | None = None
    annual_quota: Fraction | None = None
    annual_pay: Fraction | None = None
    threshold: Fraction | None = None
    excellence: Fraction | None = None
    left: bool = False
    manager: str = ""

    @property
    def attainment(self) -> Fraction | None:
        """Attained over quota; None without a quota."""
        return ratio(self.attained, self.quota)

    @property
    def payout(self) -> Fraction | None:
        """Incentive over target; None without a target."""
        return ratio(Fraction(self.earned), self.target)


@dataclass(frozen=True)
class Band:
    """What is common or healthy, and who says so; an end that is None is open."""

    low: Fraction | None
    high: Fraction | None
    source: str

    def holds(self, value: Fraction) -> str:
        """below, inside or above."""
        if self.low is not None and value < self.low:
            return "below"
        return "above" if self.high is not None and value > self.high else "inside"


@dataclass(frozen=True)
class Measure:
    """One measure of health.

    Args:
        value: None where it cannot be worked out; `why` says so.
        unit: ratio, times, money, days, hours, count or correlation.
        source: The relations and columns it is read from.
        behind: The people, plans or deals it is made of, the ones to look at first.
    """

    key: str
    name: str
    value: Fraction | None
    unit: str
    source: str
    band: Band | None = None
    behind: tuple[Behind, ...] = ()
    why: str = ""
    note: str = ""

    @property
    def standing(self) -> str:
        """inside, below or above its band; unknown without a value, unbanded without a band."""
        if self.value is None:
            return "unknown"
        return self.band.holds(self.value) if self.band else "unbanded"

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        band = self.band and {"low": told(self.band.low), "high": told(self.band.high), "source": self.band.source}
        return {
            "key": self.key,
            "name": self.name,
            "value": told(self.value, self.unit),
            "unit": self.unit,
            "standing": self.standing,
            "band": band,
            "source": self.source,
            "note": self.note,
            "why": self.why,
            "behind": [dict(b) for b in self.behind],
        }


def told(value: Fraction | None, unit: str = "") -> Decimal | None:
    """A number for people: money to the cent, ratios to four decimals."""
    if value is None:
        return None
    return plain(value, 2) if unit in ("money", "days", "hours") else share(value)


def ratio(above: Fraction | None, below: Fraction | None) -> Fraction | None:
    """One over the other; None where there is nothing to divide by."""
    return above / below if above is not None and below else None


def total(values: Iterable[Fraction | Decimal | None]) -> Fraction:
    """The sum of what is known."""
    return sum((Fraction(v) for v in values if v is not None), ZERO)


def quantile(values: Sequence[Fraction], q: Fraction) -> Fraction | None:
    """Linear between neighbours; None of nothing.

    Example: the 90th percentile of 0, 10: 9.
    """
    if not values:
        return None
    ordered = sorted(values)
    at = q * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def ranked(values: Mapping[str, Fraction | None], *, most: int = 10, up: bool = False) -> tuple[Behind, ...]:
    """Who is behind a measure, the greatest first (`up`: the least), at most so many."""
    known = sorted(((v, k) for k, v in values.items() if v is not None), key=lambda p: (p[0] if up else -p[0], p[1]))
    return tuple({"who": who, "value": share(value)} for value, who in known[:most])
