"""Fiscal periods: half-open, on a fiscal year that starts in any month, in the workspace's time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from geartrain.kernel.errors import Invalid


class Grain(StrEnum):
    """The lengths a period can have."""

    day = "day"
    week = "week"
    month = "month"
    quarter = "quarter"
    year = "year"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Days from `start` up to, not including, `end`."""

    start: date
    end: date
    key: str

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end


@dataclass(frozen=True, slots=True)
class FiscalCalendar:
    """A fiscal year of twelve calendar months.

    Args:
        start_month: 1 to 12, the month the fiscal year begins in.
        zone: IANA name of the zone whose days count.

    A fiscal year is named after the calendar year it ends in, so with `start_month` 2 FY2026 is
    2025-02-01 to 2026-02-01; with 1 it is the calendar year. Keys: 2026, 2026Q3, 2026-07, 2026-W31, 2026-07-31.
    Month keys are those of the calendar.
    """

    start_month: int = 1
    zone: str = "UTC"

    def __post_init__(self) -> None:
        if not 1 <= self.start_month <= 12:
            raise Invalid(f"A fiscal year cannot start in month {self.start_month}.", hint="Use 1 to 12.")

    @property
    def tz(self) -> ZoneInfo:
        """The zone itself."""
        return ZoneInfo(self.zone)

    def year_of(self, day: date) -> int:
        """The fiscal year a day belongs to."""
        return day.year + (1 if self.start_month > 1 and day.month >= self.start_month else 0)

    def year(self, fiscal_year: int) -> Period:
        """The fiscal year of that name."""
        start = date(fiscal_year - (1 if self.start_month > 1 else 0), self.start_month, 1)
        return Period(start, add_months(start, 12), str(fiscal_year))

    def quarter(self, fiscal_year: int, number: int) -> Period:
        """Quarter 1 to 4 of a fiscal year."""
        if number not in (1, 2, 3, 4):
            raise Invalid(f"There is no quarter {number}.", hint="Use 1 to 4.")
        start = add_months(self.year(fiscal_year).start, 3 * (number - 1))
        return Period(start, add_months(start, 3), f"{fiscal_year}Q{number}")

    def containing(self, day: date, grain: Grain) -> Period:
        """The period of that grain which the day falls in."""
        if grain is Grain.day:
            return Period(day, day + timedelta(days=1), day.isoformat())
        if grain is Grain.week:
            monday = day - timedelta(days=day.weekday())
            iso = monday.isocalendar()
            return Period(monday, monday + timedelta(days=7), f"{iso.year}-W{iso.week:02d}")
        if grain is Grain.month:
            start = day.replace(day=1)
            return Period(start, add_months(start, 1), f"{start:%Y-%m}")
        fiscal_year = self.year_of(day)
        if grain is Grain.year:
            return self.year(fiscal_year)
        months = (day.year * 12 + day.month - 1) - ((start := self.year(fiscal_year).start).year * 12 + start.month - 1)
        return self.quarter(fiscal_year, months // 3 + 1)

    def parse(self, key: str) -> Period:
        """The period of a key such as 2026, FY2026, 2026Q3, 2026-Q3, 2026-07, 2026-W31 or 2026-07-31.

        Raises:
            Invalid: no such period.
        """
        text = key.strip().upper()
        try:
            if m := re.fullmatch(r"(?:FY)?(\d{4})", text):
                return self.year(int(m[1]))
            if m := re.fullmatch(r"(?:FY)?(\d{4})-?Q([1-4])", text):
                return self.quarter(int(m[1]), int(m[2]))
            if m := re.fullmatch(r"(\d{4})-W(\d{2})", text):
                return self.containing(date.fromisocalendar(int(m[1]), int(m[2]), 1), Grain.week)
            if m := re.fullmatch(r"(\d{4})-(\d{2})", text):
                return self.containing(date(int(m[1]), int(m[2]), 1), Grain.month)
            return self.containing(date.fromisoformat(text), Grain.day)
        except ValueError:
            hint = "Write 2026, 2026Q3, 2026-07, 2026-W31 or 2026-07-31."
            raise Invalid(f"'{key}' is not a period.", hint=hint) from None

    def between(self, start: date, end: date, grain: Grain) -> list[Period]:
        """Every period of the grain that overlaps `[start, end)`, in order, whole."""
        found: list[Period] = []
        while start < end:
            found.append(self.containing(start, grain))
            start = found[-1].end
        return found

    def previous(self, period: Period, grain: Grain) -> Period:
        """The period of the grain just before this one."""
        return self.containing(period.start - timedelta(days=1), grain)

    def instant(self, day: date) -> datetime:
        """The first instant of a day in the zone, as naive UTC: how instants are stored."""
        return datetime.combine(day, time(), self.tz).astimezone(UTC).replace(tzinfo=None)

    def day_of(self, instant: datetime) -> date:
        """The day in the zone that a stored instant (naive UTC) falls on."""
        return instant.replace(tzinfo=UTC).astimezone(self.tz).date()


def add_months(day: date, months: int) -> date:
    """The same day of the month so many months later; the last day of that month where it has fewer days."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))
