"""Initiatives of RevOps: what is to get better, by which metric, and whether it did after going live.

An initiative is a policy: proposed while its text waits for approval, approved once it holds, and from then on where
its dates and its metric say. Nothing is done because somebody says so: it is verified or it is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.policy import Policy, Strict

Score = Annotated[Decimal, Field(gt=0)]


class Stage(StrEnum):
    """Where an initiative stands."""

    proposed = "proposed"
    approved = "approved"
    building = "building"
    adopting = "adopting"
    verified = "verified"
    missed = "missed"  # read, and not where it should be: stop it, or give it another day
    stopped = "stopped"


class Milestone(Strict):
    """Something that is to be there by a day."""

    name: str = Field(min_length=1)
    due: date
    done: date | None = Field(default=None, description="day on which it was; empty: not yet")


class Rice(Strict):
    """What it is worth against what it takes: reach x impact x confidence / effort (Intercom's RICE)."""

    reach: Score = Field(description="people or records a quarter that it touches")
    impact: Score = Field(description="on each of them: 3 massive, 2 high, 1 medium, 0.5 low, 0.25 minimal")
    confidence: Annotated[Decimal, Field(gt=0, le=1)] = Field(description="0 to 1")
    effort: Score = Field(description="person-months")

    @property
    def score(self) -> Decimal:
        """E.g. 400 x 1 x 0.8 / 2 = 160."""
        return self.reach * self.impact * self.confidence / self.effort


class Stopped(Strict):
    """That it was given up."""

    on: date
    reason: str = Field(min_length=1)


class Initiative(Strict):
    """The `spec` of an initiative."""

    goal: str = Field(default="", description="key of the corporate goal it serves")
    problem: str = Field(min_length=1, description="what is wrong today, with a number")
    metric: str = Field(description="key of the metric that shows whether it helped")
    baseline: Decimal | None = Field(
        default=None, description="its value before; empty: read over as long a time before going live"
    )
    target: Decimal = Field(description="its value after, at least or at most by the metric's direction")
    where: str = Field(default="", description="rule over what the metric counts: the part that is concerned")
    cost: Decimal = Field(default=Decimal(0), ge=0, description="in the workspace's currency")
    rice: Rice | None = None
    begin: date | None = Field(default=None, description="first day of work on it")
    go_live: date | None = Field(default=None, description="first day on which it is in use")
    read_after_weeks: int = Field(default=8, ge=1, le=104, description="weeks of use after which the metric is read")
    milestones: tuple[Milestone, ...] = ()
    changes: tuple[str, ...] = Field(default=(), description="policies that it changes, as kind/key")
    link: str = Field(default="", description="where its tasks are kept")
    stopped: Stopped | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.begin and self.go_live and self.go_live < self.begin:
            raise ValueError(f"it goes live on {self.go_live}, before work on it begins on {self.begin}")
        return self

    @property
    def read_on(self) -> date | None:
        """The day from which its metric is read; None while it has no day of going live."""
        return self.go_live + timedelta(weeks=self.read_after_weeks) if self.go_live else None


@dataclass(frozen=True, slots=True)
class Reading:
    """Its metric over a time of use, beside as long a time before."""

    baseline: Decimal | None
    value: Decimal | None
    reached: bool | None


def reached(value: Decimal | None, target: Decimal, *, direction: str) -> bool | None:
    """Whether a value is where it should be; None where there is none. A metric without a direction is to go up."""
    if value is None:
        return None
    return value <= target if direction == "down" else value >= target


def stage_of(spec: Initiative, on: date, *, in_force: bool, reading: bool | None) -> Stage:
    """Where an initiative stands at the end of a day.

    Args:
        in_force: Whether its text was approved and holds.
        reading: Whether the metric was where it should be on the day of reading; None before, or without a value.
    """
    if spec.stopped and spec.stopped.on <= on:
        return Stage.stopped
    if not in_force:
        return Stage.proposed
    if spec.go_live is None or on < spec.go_live:
        return Stage.building if spec.begin and spec.begin <= on else Stage.approved
    assert spec.read_on is not None
    if on < spec.read_on:
        return Stage.adopting
    return Stage.verified if reading else Stage.missed


def late(spec: Initiative, on: date) -> tuple[Milestone, ...]:
    """Milestones that were due by a day and are not there."""
    return tuple(m for m in spec.milestones if m.due <= on and (m.done is None or m.done > on))


def lint_initiative(policy: Policy) -> list[Issue]:
    """Initiatives nobody will be reminded to read."""
    spec, review_by = policy.envelope.spec, policy.envelope.review_by
    if spec.read_on is None or spec.stopped or (review_by and review_by >= spec.read_on):
        return []
    message = f"{policy.envelope.name} is to be read on {spec.read_on}, and nobody is reminded then."
    hint = f"Write `review_by: {spec.read_on}`."
    return [Issue("initiative_reading_unclaimed", Level.warning, message, f"{policy.where}:1", hint)]
