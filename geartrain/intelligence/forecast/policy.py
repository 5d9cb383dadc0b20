"""The forecast process as a policy: which category a stage is, when calls are held, and who submits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from geartrain.intelligence.forecast.process import category_of
from geartrain.kernel.clock import BusinessCalendar
from geartrain.kernel.clock.recurrence import Recurrence, Weekly
from geartrain.kernel.periods import Calendar
from geartrain.kernel.policy import Strict
from geartrain.kernel.prose import Passage, listed

Category = Literal["omitted", "pipeline", "best_case", "commit", "closed"]


class Moment(Strict):
    """A time of day so many days after the last day that a call looks at."""

    days: int = Field(ge=0, le=60, description="days after the last day the call looks at")
    at: str = Field(default="09:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="on the workspace's wall clock")

    def after(self, day: date, zone: str) -> datetime:
        """The instant, naive UTC. Example: 2 days at 17:00 after Sunday 2026-09-06 in New York: Tuesday, 21:00 UTC."""
        local = datetime.combine(day + timedelta(days=self.days), time.fromisoformat(self.at), ZoneInfo(zone))
        return local.astimezone(UTC).replace(tzinfo=None)

    def tell(self) -> str:
        """It in words."""
        return f"{self.at}, {self.days} day{'s' if self.days != 1 else ''} on"


class Rounds(Strict):
    """When calls are held."""

    looks_at: Recurrence = Field(
        default=Weekly(every="week", on=("sunday",)), description="the last day each call looks at"
    )
    opens: Moment = Field(default=Moment(days=1, at="08:00"), description="when it is opened")
    due: Moment = Field(default=Moment(days=2, at="17:00"), description="when submissions are due")
    locks: Moment = Field(default=Moment(days=3, at="12:00"), description="when it is locked")

    @model_validator(mode="after")
    def _in_order(self) -> Rounds:
        order = [(m.days, m.at) for m in (self.opens, self.due, self.locks)]
        if order != sorted(set(order)):
            raise ValueError("a call opens, then submissions are due, then it is locked: give them in that order")
        return self

    def latest(self, day: date, fiscal: Calendar) -> date | None:
        """The last day up to and with `day` that a call looks at; None in the 400 days before."""
        business = BusinessCalendar(zone="UTC")
        since, until = day - timedelta(days=400), day + timedelta(days=1)
        found = self.looks_at.days(since, until, fiscal=fiscal, business=business)
        return found[-1] if found else None


class ForecastProcess(Strict):
    """How the company forecasts."""

    stages: Mapping[str, Category] = Field(
        default_factory=dict, description="stage to category; a stage that is not named is pipeline"
    )
    seller_may_change: bool = Field(default=True, description="whether the category a seller stated counts")
    rounds: Rounds = Field(default=Rounds(), description="when calls are held")
    submits: tuple[str, ...] = Field(
        default=(), description="job roles that submit, by role charter; empty: everyone with something to say"
    )
    least_periods: int = Field(default=4, ge=2, le=40, description="periods below which nobody's bias is flagged")
    bias_bar: Decimal = Field(default=Decimal("0.1"), gt=0, le=1, description="bias beyond which it is flagged")

    def category(self, stated: str | None, stage: str | None) -> str:
        """Of an open deal: what the seller stated where that counts, else that of its stage, else pipeline."""
        return category_of(stated if self.seller_may_change else None, stage, self.stages)

    def tell(self) -> list[Passage]:
        """Its parts for people."""
        rounds = self.rounds
        when = f"Looks at {rounds.looks_at.tell()}. Opens {rounds.opens.tell()}; due {rounds.due.tell()}; "
        stages = [f"{stage} is {category.replace('_', ' ')}" for stage, category in self.stages.items()]
        change = "What a seller states counts." if self.seller_may_change else "A seller cannot change it."
        return [
            Passage("Categories", f"{listed(stages, 'Every stage is pipeline').capitalize()}. {change}"),
            Passage("When", f"{when}locked {rounds.locks.tell()}."),
            Passage("Who submits", f"{listed(self.submits, 'Everyone with something to say').capitalize()}."),
        ]
