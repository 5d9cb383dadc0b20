"""What something is assessed by: a tree of weighted criteria, each brought to a scale of 0 to 1."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from geartrain.kernel.rules import Rule, parse

Ratio = Annotated[Decimal, Field(ge=0, le=1)]


class Strict(BaseModel):
    """Unknown keys are refused by name; what is read never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Base(Strict):
    """What every criterion says."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name: str = ""
    weight: Decimal = Field(default=Decimal(1), gt=0, le=10**9, description="against its siblings")
    knock_out: Ratio | None = Field(default=None, description="a value below this (0 to 1) rules the subject out")


class Anchor(Strict):
    """What one rating means, in words."""

    value: Decimal
    says: str = Field(min_length=1)


class Combine(StrEnum):
    """How several raters become one rating."""

    mean = "mean"
    median = "median"
    lowest = "lowest"
    highest = "highest"


class Rated(Base):
    """Judged by people, on a scale from the worst to the best."""

    by: Literal["rating"]
    low: Decimal = Field(default=Decimal(1), description="the worst rating")
    high: Decimal = Field(default=Decimal(5), description="the best rating")
    step: Decimal = Field(default=Decimal(1), gt=0)
    anchors: tuple[Anchor, ...] = ()
    evidence: bool = Field(default=False, description="a rating needs words beside it")
    raters: int = Field(default=1, ge=1, description="fewer leave it unassessed")
    combine: Combine = Combine.mean

    @model_validator(mode="after")
    def _scale(self) -> Rated:
        if self.low >= self.high or (self.high - self.low) % self.step:
            raise ValueError("a scale rises from low to high in whole steps")
        if strange := [a.value for a in self.anchors if not self.allows(a.value)]:
            raise ValueError(f"{strange[0]} is not on the scale")
        return self

    def allows(self, value: Decimal) -> bool:
        """Whether a rating lies on the scale, at one of its steps."""
        return value.is_finite() and self.low <= value <= self.high and (value - self.low) % self.step == 0


class Unknown(StrEnum):
    """What becomes of a unit whose check is unknown."""

    left_out = "left_out"
    fails = "fails"


class Ruled(Base):
    """Tested by a rule: the share of the units it applies to that pass. One record is one unit."""

    by: Literal["rule"]
    check: str
    applies_when: str = "true"
    of: str = Field(default="", description="the record type it reads")
    unknown: Unknown = Unknown.left_out

    def rules(self) -> tuple[Rule, Rule]:
        """The parsed pair (applies_when, check)."""
        return parse(self.applies_when, where=f"{self.key}.applies_when"), parse(self.check, where=f"{self.key}.check")

    @model_validator(mode="after")
    def _parses(self) -> Ruled:
        self.rules()
        return self


class Point(Strict):
    """What a metric's value is worth."""

    at: Decimal
    worth: Ratio


class Measured(Base):
    """Read off a metric: straight lines between the points, level beyond the outer ones."""

    by: Literal["metric"]
    metric: str = Field(min_length=1, description="key of the metric")
    curve: tuple[Point, ...] = Field(min_length=2, description="values rising; worth may rise or fall")

    @model_validator(mode="after")
    def _rises(self) -> Measured:
        if any(a.at >= b.at for a, b in pairwise(self.curve)):
            raise ValueError("the values of a curve rise")
        return self


class Group(Base):
    """The weighted mean of its parts, over those that are assessed.

    A part that is assessed only in part still counts with its whole weight; how much was seen is its coverage. A
    `pooled` group counts the units of its rules together instead: so many passing of so many applicable.
    """

    by: Literal["parts"] = "parts"
    parts: tuple[Criterion, ...] = Field(min_length=1)
    pooled: bool = Field(default=False, description="rules only: their units are counted together, by weight")
    min_coverage: Ratio = Field(default=Decimal(0), description="with less of it assessed it has no value")

    @model_validator(mode="after")
    def _sound(self) -> Group:
        keys = [c.key for c in self.walk()]
        if twice := sorted({k for k in keys if keys.count(k) > 1}):
            raise ValueError(f"two criteria have the key {twice[0]}")
        if self.pooled and not all(isinstance(p, Ruled) for p in self.parts):
            raise ValueError("only rules have units that can be pooled")
        return self

    def walk(self) -> Iterator[Criterion]:
        """This criterion and all below it, each before its parts."""
        yield self
        for part in self.parts:
            if isinstance(part, Group):
                yield from part.walk()
            else:
                yield part

    @property
    def leaves(self) -> dict[str, Leaf]:
        """Every criterion that is observed, by key."""
        return {c.key: c for c in self.walk() if not isinstance(c, Group)}


Leaf = Rated | Ruled | Measured
Criterion = Annotated[Group | Rated | Ruled | Measured, Field(discriminator="by")]
Group.model_rebuild()
