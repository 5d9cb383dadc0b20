"""What goes into pricing and what comes out: credits of a payee, priced lines, their slices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from geartrain.incentives.rules import Slice
from geartrain.kernel.issues import Issue

Part = Literal["own", "repriced", "capped", "carried"]


@dataclass(frozen=True)
class Credit:
    """What somebody is credited of a deal.

    Args:
        id: The deal, unique among a payee's credits of a type.
        day: Whose plan, quota and tier hold.
        amount: Credited amount at the plan rate, plan currency.
        booked: The deal's amount before shares.
        type: direct, overlay or rollup.
        measure: Only for this measure; None: for every one that wants it.
        values: The deal's columns, for conditions.
        pay_rate: Currency rate of the day over the plan rate.
    """

    id: str
    day: date
    amount: Fraction
    booked: Fraction | None = None
    share: Fraction = Fraction(1)
    type: str = "direct"
    measure: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    pay_rate: Fraction = Fraction(1)


@dataclass(frozen=True)
class QuotaFact:
    """A quota over `[start, end)`; currency empty: the plan's."""

    measure: str
    start: date
    end: date
    amount: Fraction
    currency: str = ""


@dataclass(frozen=True)
class Payee:
    """One person under one plan.

    Args:
        id: Their user id.
        user: Their columns, for conditions: start_date and end_date bound their days.
        quotas: Effective-dated; a plain number for a measure stands for every window.
        credits: In any order.
        scores: Score to value.
    """

    id: str = ""
    user: Mapping[str, Any] = field(default_factory=dict)
    quotas: tuple[QuotaFact, ...] = ()
    flat_quotas: Mapping[str | None, Fraction] = field(default_factory=dict)
    credits: tuple[Credit, ...] = ()
    scores: Mapping[str, Fraction] = field(default_factory=dict)


@dataclass(frozen=True)
class LineSlice:
    """What one tier pays of one line; of all of a line's slices the pay adds up to the line's, exactly.

    Args:
        part: own; the change of what earlier lines pay (repriced); what a cap takes (capped), or lets go (carried).
        pay: After gates and multipliers.
    """

    part: Part
    slice: Slice
    pay: Fraction


@dataclass(frozen=True)
class Line:
    """One credit under one component, priced.

    Args:
        credit: After credit multipliers.
        attained: The running total with it.
        factor: Gates and pay multipliers, multiplied.
        window: Whose total it stands in.
        period: Key of the pay period it is due in; `due` is that period's last day plus one.
        exact: What it pays, unrounded; `before` is what its window paid up to it, where rounding goes on from.
        amount: What it pays, by cumulative rounding.
        why: The conditions that changed it, in words.
    """

    component: str
    id: str
    day: date
    type: str
    booked: Fraction | None
    credit: Fraction
    attained: Fraction
    quota: Fraction | None
    factor: Fraction
    window: str
    period: str
    due: date
    slices: tuple[LineSlice, ...]
    exact: Fraction
    amount: Decimal
    why: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    before: Fraction = Fraction(0)

    @property
    def own(self) -> Fraction:
        """What it pays itself, without what it changes of earlier lines."""
        return sum((s.pay for s in self.slices if s.part in ("own", "capped")), Fraction(0))


@dataclass(frozen=True)
class ComponentResult:
    """A component's lines, and how far the payee got.

    Args:
        attainment: Of the last window that has lines (or was asked for); None without a quota.
        earned: None where it cannot be worked out; the issues say why.
    """

    key: str
    lines: tuple[Line, ...]
    earned: Decimal | None
    attainment: Fraction | None = None
    quota: Fraction | None = None
    credited: Fraction = Fraction(0)
    issues: tuple[Issue, ...] = ()
