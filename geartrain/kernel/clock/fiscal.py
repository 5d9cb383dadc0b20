"""The company's fiscal year as a policy says it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from geartrain.kernel.clock.business import Strict
from geartrain.kernel.clock.recurrence import WEEKDAYS, Weekday
from geartrain.kernel.periods import FiscalCalendar, WeekCalendar, YearEnd


class YearOfMonths(Strict):
    """Twelve calendar months."""

    by: Literal["months"] = "months"
    start_month: int = Field(default=1, ge=1, le=12)

    def calendar(self, zone: str) -> FiscalCalendar:
        """As a calendar in a zone."""
        return FiscalCalendar(self.start_month, zone)


class YearOfWeeks(Strict):
    """52 or 53 whole weeks, ending on a weekday by the end of a month."""

    by: Literal["weeks"]
    pattern: Literal["4-4-5", "4-5-4", "5-4-4"] = "4-4-5"
    end_month: int = Field(default=12, ge=1, le=12)
    end_weekday: Weekday = "saturday"
    end: YearEnd = Field(default=YearEnd.last, description="last: in the month; nearest: to the month's end")

    def calendar(self, zone: str) -> WeekCalendar:
        """As a calendar in a zone."""
        first, second, third = (int(n) for n in self.pattern.split("-"))
        weekday = WEEKDAYS.index(self.end_weekday)
        return WeekCalendar((first, second, third), self.end_month, weekday, self.end, zone)


FiscalYear = Annotated[YearOfMonths | YearOfWeeks, Field(discriminator="by")]
