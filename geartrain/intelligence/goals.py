"""Corporate goals: what the company wants of which metric in which period."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from pydantic import Field, field_validator, model_validator

from geartrain.facts.transforms import Goal
from geartrain.kernel.errors import Invalid
from geartrain.kernel.measure.metric import Function
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.policy import Strict


class CorporateGoal(Strict):
    """One goal. `values` hold what is wanted by fiscal period: 2026, 2026Q3 or 2026-07.

    A goal stated for a year is spread evenly over its months; state quarters or months where it is not even. Periods
    of one goal do not overlap, so that nothing is wanted twice.
    """

    key: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    name: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    metric: str = Field(description="key of the metric it is read on")
    parent: str | None = Field(default=None, description="key of the goal it is a part of, on the same metric")
    values: dict[str, Decimal] = {}

    @field_validator("values", mode="before")
    @classmethod
    def _text_keys(cls, values: object) -> object:
        """YAML reads 2026 as a number."""
        return {str(k): v for k, v in values.items()} if isinstance(values, dict) else values

    @model_validator(mode="after")
    def _periods(self) -> CorporateGoal:
        found = sorted(self.by_period(FiscalCalendar()), key=lambda g: (g.start, g.end))
        for before, after in pairwise(found):
            if after.start < before.end:
                raise ValueError(f"two values of {self.key} overlap from {after.start} on")
        return self

    def by_period(self, calendar: FiscalCalendar) -> Iterator[Goal]:
        """Its values with the days of their periods."""
        for key, amount in self.values.items():
            try:
                period = calendar.parse(key)
            except Invalid as error:
                raise ValueError(error.message) from None
            if period.start.day != 1 or period.end.day != 1:
                raise ValueError(f"'{key}' is no month, quarter or year")
            yield Goal(self.key, self.metric, period.start, period.end, amount)


class Goals(Strict):
    """The `spec` of a corporate_goals policy.

    `shared_stages` name, for a stage that several functions hand over at (mql, sal, …), the metric each of them counts
    it by: one stage, one metric, or the functions argue about numbers instead of deals.
    """

    goals: tuple[CorporateGoal, ...]
    shared_stages: dict[str, dict[Function, str]] = {}

    @model_validator(mode="after")
    def _unique(self) -> Goals:
        keys = [goal.key for goal in self.goals]
        if twice := sorted({k for k in keys if keys.count(k) > 1}):
            raise ValueError(f"two goals have the key {twice[0]}")
        for goal in self.goals:
            if goal.parent is not None and goal.parent not in keys:
                raise ValueError(f"{goal.key} is a part of '{goal.parent}', which is no goal")
            if any(above.key == goal.key for above in self.above(goal)):
                raise ValueError(f"{goal.key} is a part of itself")
        return self

    def above(self, goal: CorporateGoal) -> Iterator[CorporateGoal]:
        """The goals that a goal is a part of, the nearest first; a circle is gone through once."""
        by_key, seen, at = {g.key: g for g in self.goals}, set[str](), goal.parent
        while at is not None and at not in seen:
            seen.add(at)
            yield by_key[at]
            at = by_key[at].parent

    def by_period(self, calendar: FiscalCalendar) -> tuple[Goal, ...]:
        """Every value of every goal with the days of its period; parts of a goal are in it already and left out."""
        return tuple(value for goal in self.goals if goal.parent is None for value in goal.by_period(calendar))
