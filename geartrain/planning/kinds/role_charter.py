"""Role charter: what a role is there for, what it may decide, how it is paid, ramps and is measured."""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from geartrain.kernel.policy import Envelope, Kind, Strict
from geartrain.kernel.prose import Passage, listed, number, passages, percent
from geartrain.planning.parts import Share, Word, wrong


class Right(StrEnum):
    """What a role may do about a decision."""

    decides = "decides"
    proposes = "proposes"
    agrees = "agrees"
    is_asked = "is_asked"
    is_told = "is_told"


class DecisionRight(Strict):
    """One decision and what the role may do about it."""

    decision: str = Field(min_length=1, description="what is decided, e.g. discounts up to 10 %")
    right: Right = Field(description="decides, proposes, agrees, is_asked or is_told")


class PayMix(Strict):
    """How pay at target is split; also written `60/40`."""

    base: Share = Field(description="paid whatever is sold, 0 to 1")
    variable: Share = Field(description="paid at 100 % attainment, 0 to 1")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        """`60/40`, as the field writes it."""
        if isinstance(value, str) and (parts := re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*/\s*(\d+(?:\.\d+)?)\s*", value)):
            return {"base": Decimal(parts[1]) / 100, "variable": Decimal(parts[2]) / 100}
        return value

    @model_validator(mode="after")
    def _whole(self) -> PayMix:
        if self.base + self.variable != 1:
            raise ValueError(
                f"base {self.base} and variable {self.variable} add up to {self.base + self.variable}, not 1"
            )
        return self


def _rises(curve: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
    for n, (before, after) in enumerate(pairwise(curve), 1):
        if after < before:
            hint = "A ramp never falls; state each month's share of full productivity."
            raise wrong(f"month {n} falls from {before} to {after}", n, hint=hint)
    return curve


def _listed(value: Any) -> Any:
    """One name may stand without brackets."""
    return (value,) if isinstance(value, str) else value


Words = Annotated[tuple[Word, ...], BeforeValidator(_listed)]


class RoleCharter(Strict):
    """The `spec` of a role_charter policy."""

    role: Word = Field(description="as `user.role` names it")
    mission: str = Field(min_length=1, description="what the role is there for, in a sentence or two")
    motions: Words = Field(default=(), description="keys of the motions it sells by")
    segments: Words = Field(default=(), description="keys of the segments it sells to; empty: all")
    reports_to: str | None = Field(default=None, description="role of its manager")
    quota_carrying: bool = Field(description="whether a quota is assigned to it")
    ote: Decimal | None = Field(default=None, gt=0, description="pay at target a year, in the company's currency")
    mix: PayMix | None = Field(default=None, description="base and variable, 1 in all; or 60/40")
    ramp: Annotated[tuple[Share, ...], AfterValidator(_rises)] = Field(
        default=(), description="share of full productivity by month of tenure, first month first; after the last: 1"
    )
    capacity_hours: Decimal | None = Field(
        default=None, gt=0, le=8784, description="hours a year one full-time person has for customers"
    )
    ratio: dict[str, Annotated[Decimal, Field(gt=0)]] = Field(
        default={}, description="other role to how many of it one of this role serves"
    )
    decision_rights: tuple[DecisionRight, ...] = Field(default=(), description="what it decides, and what not")
    measures: tuple[Word, ...] = Field(default=(), description="keys of the metrics it is measured by")

    @model_validator(mode="after")
    def _paid_for_results(self) -> RoleCharter:
        if self.quota_carrying and self.mix is not None and self.mix.variable == 0:
            hint = "Give it a variable part, or set quota_carrying to false."
            raise wrong("it carries a quota and has no variable pay", "mix", hint=hint)
        return self

    def productive(self, month: int) -> Decimal:
        """Share of full productivity in a month of tenure, 0 the first. Past the curve it is 1.

        Example: ramp 0, 0.25, 0.5, 0.75: month 2 is 0.5, month 4 is 1.
        """
        return self.ramp[month] if month < len(self.ramp) else Decimal(1)

    def tell(self) -> list[Passage]:
        """Its parts for people."""
        rights = tuple((r.decision, str(r.right).replace("_", " ")) for r in self.decision_rights)
        measures = f"Measured by {listed(self.measures)}." if self.measures else ""
        return [
            *passages("Mission", self.mission),
            *passages("Where it sells", self._sells()),
            *passages("Capacity", self._capacity()),
            *([Passage("Pay at target", self._pay())] if self.ote else []),
            *passages("Measures", measures),
            *([Passage("Decisions", "", ("Decision", "This role"), rights)] if rights else []),
        ]

    def _sells(self) -> str:
        quota = "Carries a quota." if self.quota_carrying else "Carries no quota."
        where = (
            f" {listed(self.motions).capitalize()} in {listed(self.segments, 'every segment')}." if self.motions else ""
        )
        above = f" Reports to the {self.reports_to.replace('_', ' ')}." if self.reports_to else ""
        return f"{quota}{where}{above}"

    def _capacity(self) -> str:
        hours = f"{number(self.capacity_hours)} hours a year with customers. " if self.capacity_hours else ""
        curve = ", ".join(percent(s) for s in self.ramp)
        ramp = f"Productive by month of tenure: {curve}, then 100%. " if self.ramp else ""
        ratio = " ".join(f"One serves {number(n)} of {r.replace('_', ' ')}." for r, n in self.ratio.items())
        return f"{hours}{ramp}{ratio}"

    def _pay(self) -> str:
        ote = number(self.ote or Decimal(0))
        if self.mix is None:
            return f"{ote} a year."
        return f"{ote} a year, {percent(self.mix.base)} base and {percent(self.mix.variable)} variable."


KIND = Kind(
    "role_charter",
    Envelope[RoleCharter],
    "What a role is there for: motion, segments, quota, pay mix, ramp, capacity and decision rights.",
)
