"""How quotas are handed out: the `spec` of a quota_policy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from geartrain.kernel.policy import Strict
from geartrain.kernel.rules import Rule, parse
from geartrain.planning.quotas.asked import Edit

Positive = Annotated[Decimal, Field(gt=0)]
Factor = Annotated[Decimal, Field(gt=0, le=1000, decimal_places=12)]
Share = Annotated[Decimal, Field(ge=0, le=1)]
EQUAL = "equal"  # the measure that every leaf has once


class Weight(Strict):
    """One measure that a node's share of its parent is taken from; `weight` is its part in the mix.

    A column of the hierarchy, `equal` (every leaf counts 1), or `expr`, a rule over the leaf's columns. `when` is a
    rule over the cell's columns: the measure counts only in cells where it holds.
    """

    measure: str = ""
    expr: str = ""
    weight: Positive = Decimal(1)
    when: str = ""

    @model_validator(mode="after")
    def _one(self) -> Weight:
        if bool(self.measure) == bool(self.expr):
            raise ValueError("name a measure or an expr, one of the two")
        for text in (self.expr, self.when):
            if text:
                parse(text, where="weights")
        return self

    @property
    def name(self) -> str:
        """What people call it."""
        return self.measure or self.expr


class Hedge(Strict):
    """Over-assignment: hedged = base × factor. State it one way.

    `by_depth` has the factor at a depth (the top is 0), `by_height` at a distance from the leaves (a leaf is 0),
    `by_level` where the column `level` of the hierarchy says so; `compound` has the share that each depth adds to all
    above it: {1: 0.05, 2: 0.05} is 1.05 at depth 1 and 1.1025 at depth 2. What is not named has the factor 1.
    """

    by_depth: dict[int, Factor] = {}
    by_height: dict[int, Factor] = {}
    by_level: dict[str, Factor] = {}
    compound: dict[int, Annotated[Decimal, Field(gt=-1, le=100, decimal_places=6)]] = {}

    @model_validator(mode="after")
    def _one(self) -> Hedge:
        if sum(map(bool, (self.by_depth, self.by_height, self.by_level, self.compound))) > 1:
            raise ValueError("state the hedge one way: by_depth, by_height, by_level or compound")
        return self

    def factor(self, depth: int, height: int, level: str) -> Decimal:
        """The factor of a node."""
        if self.compound:
            found = Decimal(1)
            for at, more in self.compound.items():
                found *= 1 + more if at <= depth else Decimal(1)
            return found
        for stated in (self.by_depth.get(depth), self.by_height.get(height), self.by_level.get(level)):
            if stated is not None:
                return stated
        return Decimal(1)


class Rounding(Strict):
    """Amounts are whole multiples of `unit`; what is left goes to the largest remainders, ties by node_id."""

    unit: Positive = Decimal("0.01")


class Then(StrEnum):
    """What happens to a quota that a gate keeps from a node."""

    redistribute = "redistribute"
    strand = "strand"
    refuse = "refuse"


class Gate(Strict):
    """No quota where the rule `when` holds, over the node's and the cell's columns."""

    when: str = Field(min_length=1)
    then: Then = Then.redistribute

    @model_validator(mode="after")
    def _readable(self) -> Gate:
        parse(self.when, where="gates")
        return self

    @property
    def rule(self) -> Rule:
        """The rule."""
        return parse(self.when, where="gates")


class Rails(Strict):
    """No node's share leaves [1 − below, 1 + above] of the share that `measure` alone gives it."""

    measure: str
    below: Share = Decimal("0.15")
    above: Annotated[Decimal, Field(ge=0)] = Decimal("0.15")


class Ramp(Strict):
    """New hires carry less: a leaf counts by the share of its period that it is ramped.

    `started` is the column with the first day; `curve` the share of full productivity by month of tenure, 1 after it.
    The period is `[start, end)`, whole months; the part of the year each month has is even.
    """

    started: str = "start_date"
    curve: tuple[Share, ...]
    start: date
    end: date

    @model_validator(mode="after")
    def _months(self) -> Ramp:
        if self.start.day != 1 or self.end.day != 1 or self.end <= self.start:
            raise ValueError("a ramp's period begins and ends on the first of a month")
        return self


class Seasonality(Strict):
    """Targets are spread over the values of one more cell `column`, such as quarter, by their shares."""

    column: str = "quarter"
    shares: dict[str, Positive] = Field(min_length=1)

    @field_validator("shares", mode="before")
    @classmethod
    def _text_keys(cls, values: object) -> object:
        return {str(k): v for k, v in values.items()} if isinstance(values, Mapping) else values


class Fair(Strict):
    """What counts as fair; who is outside is named with the reason.

    `quota_to_ote` is the least and the most that a quota is of the pay at target, 4 to 6 being common; `potential_band`
    how far a quota per potential may be off the median of the role, as a share of it.
    """

    quota_to_ote: tuple[Positive, Positive] = (Decimal(4), Decimal(6))
    potential_band: Positive = Decimal("0.4")

    @model_validator(mode="after")
    def _ordered(self) -> Fair:
        if self.quota_to_ote[0] > self.quota_to_ote[1]:
            raise ValueError("quota_to_ote has the least first")
        return self


class Seat(Strict):
    """Somebody to be hired, who carries a quota before having a name; their book is the mean of their colleagues'."""

    key: str = Field(min_length=1, description="how the seat is named until somebody sits on it")
    manager: str = Field(min_length=1, description="user_id of who leads it")
    start: date = Field(description="first day; the ramp counts from it")
    role: str = ""
    segment: str = ""
    region: str = ""


class QuotaPolicy(Strict):
    """The `spec` of a quota_policy. Without weights every leaf counts the same.

    Within a workspace the cascade starts from the goal `goal` of the corporate goals `goals`, for the period `period`,
    and `weights` name measures of people: see docs.
    """

    weights: tuple[Weight, ...] = ()
    hedge: Hedge = Hedge()
    rounding: Rounding = Rounding()
    gates: tuple[Gate, ...] = ()
    guard_rails: Rails | None = None
    ramp: Ramp | None = None
    seasonality: Seasonality | None = None
    goals: str = "default"
    goal: str = ""
    period: str = ""
    targets: tuple[dict[str, str], ...] = Field(default=(), description="cell columns and amount, instead of a goal")
    people: str = Field(default="", description="rule over people that carry quotas; their managers stand above them")
    fair: Fair = Fair()
    seats: tuple[Seat, ...] = Field(default=(), description="people to be hired who carry a quota, within a workspace")
    edits: tuple[Edit, ...] = Field(default=(), description="what was decided by hand, whatever its order")
    measure: str = Field(default="bookings", description="the measure the quotas are stated in")
    letter: str = Field(default="", description="what a quota letter says below the figures")

    @field_validator("targets", mode="before")
    @classmethod
    def _text_targets(cls, values: object) -> object:
        rows = values if isinstance(values, list | tuple) else ()
        plain = [{str(k): str(v) for k, v in row.items()} for row in rows if isinstance(row, Mapping)]
        return plain if len(plain) == len(rows) and values is not None else values

    @field_validator("people")
    @classmethod
    def _readable(cls, value: str) -> str:
        if value:
            parse(value, where="people")
        return value

    @field_validator("seats")
    @classmethod
    def _once(cls, seats: tuple[Seat, ...]) -> tuple[Seat, ...]:
        keys = [s.key for s in seats]
        if twice := next((k for k in keys if keys.count(k) > 1), None):
            raise ValueError(f"the seat '{twice}' is there twice")
        return seats

    @field_validator("period", mode="before")
    @classmethod
    def _text_period(cls, value: object) -> object:
        return str(value) if isinstance(value, int) else value

    @property
    def mix(self) -> tuple[Weight, ...]:
        """The weights, or equal shares where none is stated."""
        return self.weights or (Weight(measure=EQUAL),)
