"""Fiscal periods: half-open, on a year of months or of weeks, in the workspace's time zone."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate
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


class Calendar(ABC):
    """What every fiscal calendar answers: periods by day, by key and by number, tiling time without gap or overlap."""

    __slots__ = ()
    zone: str

    @property
    def tz(self) -> ZoneInfo:
        """The zone itself."""
        return ZoneInfo(self.zone)

    @abstractmethod
    def year_of(self, day: date) -> int:
        """The fiscal year a day belongs to."""

    @abstractmethod
    def year(self, fiscal_year: int) -> Period:
        """The fiscal year of that name."""

    @abstractmethod
    def quarter(self, fiscal_year: int, number: int) -> Period:
        """Quarter 1 to 4 of a fiscal year."""

    @abstractmethod
    def month(self, fiscal_year: int, number: int) -> Period:
        """Month 1 to 12 of a fiscal year, counted from its beginning."""

    @abstractmethod
    def containing(self, day: date, grain: Grain) -> Period:
        """The period of that grain which the day falls in."""

    @abstractmethod
    def parse(self, key: str) -> Period:
        """The period of a key.

        Raises:
            Invalid: no such period.
        """

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


@dataclass(frozen=True, slots=True)
class FiscalCalendar(Calendar):
    """A fiscal year of twelve calendar months.

    Args:
        start_month: 1 to 12, the month the fiscal year begins in.
        zone: IANA name of the zone whose days count.
        clock_years: The first and last year that instants in columns fall into. The fewer, the shorter every
            expression that reads the wall clock: a zone that changes its clock does so twice a year.

    A fiscal year is named after the calendar year it ends in, so with `start_month` 2 FY2026 is
    2025-02-01 to 2026-02-01; with 1 it is the calendar year. Keys: 2026, 2026Q3, 2026-07, 2026-W31, 2026-07-31.
    Month keys are those of the calendar.
    """

    start_month: int = 1
    zone: str = "UTC"
    clock_years: tuple[int, int] = (1970, 2099)

    def __post_init__(self) -> None:
        if not 1 <= self.start_month <= 12:
            raise Invalid(f"A fiscal year cannot start in month {self.start_month}.", hint="Use 1 to 12.")

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

    def month(self, fiscal_year: int, number: int) -> Period:
        """Month 1 to 12 of a fiscal year, counted from its beginning: with `start_month` 2 the first is February."""
        if not 1 <= number <= 12:
            raise Invalid(f"There is no month {number}.", hint="Use 1 to 12.")
        return self.containing(add_months(self.year(fiscal_year).start, number - 1), Grain.month)

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


class YearEnd(StrEnum):
    """Which day of its weekday ends a year of weeks: the last in the month, or the nearest to the month's end."""

    last = "last"
    nearest = "nearest"


@dataclass(frozen=True, slots=True)
class WeekCalendar(Calendar):
    """A fiscal year of 52 or 53 whole weeks: four quarters of three months of whole weeks.

    Args:
        pattern: Weeks of the three months of a quarter, 13 in all: (4, 4, 5), (4, 5, 4) or (5, 4, 4).
        end_month: 1 to 12, the calendar month the year ends with.
        end_weekday: 0 Monday to 6 Sunday, the last day of every week, month, quarter and year.
        end: See `YearEnd`. With nearest, a year may end up to three days into the next calendar month.
        zone: IANA name of the zone whose days count.

    A fiscal year is named after the calendar year its end month lies in, as a `FiscalCalendar` names it. The 53rd week,
    when there is one, lengthens month 12. Keys: 2026, 2026Q3, 2026-P07 (a month), 2026-W31 (fiscal weeks, counted from
    1), 2026-07-31.

    Example: 4-4-5, last Saturday of September: FY2023 is 2022-09-25 to 2023-10-01, 53 weeks.
    Source: US IRC section 441(f), 26 CFR 1.441-2: the two ways a 52-53-week year may end.
    """

    pattern: tuple[int, int, int] = (4, 4, 5)
    end_month: int = 12
    end_weekday: int = 5
    end: YearEnd = YearEnd.last
    zone: str = "UTC"

    def __post_init__(self) -> None:
        if sorted(self.pattern) != [4, 4, 5]:
            raise Invalid(f"A quarter cannot have months of {self.pattern} weeks.", hint="Use 4-4-5, 4-5-4 or 5-4-4.")
        if not 1 <= self.end_month <= 12:
            raise Invalid(f"A fiscal year cannot end in month {self.end_month}.", hint="Use 1 to 12.")
        if not 0 <= self.end_weekday <= 6:
            raise Invalid(f"There is no weekday {self.end_weekday}.", hint="Use 0 (Monday) to 6 (Sunday).")

    def year_of(self, day: date) -> int:
        """The fiscal year a day belongs to."""
        return next(y for y in (day.year - 1, day.year, day.year + 1) if day < _year_after(self, y))

    def year(self, fiscal_year: int) -> Period:
        """The fiscal year of that name."""
        return Period(_year_after(self, fiscal_year - 1), _year_after(self, fiscal_year), str(fiscal_year))

    def quarter(self, fiscal_year: int, number: int) -> Period:
        """Quarter 1 to 4 of a fiscal year: 13 weeks, the fourth 14 in a year of 53."""
        if number not in (1, 2, 3, 4):
            raise Invalid(f"There is no quarter {number}.", hint="Use 1 to 4.")
        starts = _month_starts(self, fiscal_year)
        return Period(starts[3 * number - 3], starts[3 * number], f"{fiscal_year}Q{number}")

    def month(self, fiscal_year: int, number: int) -> Period:
        """Month 1 to 12 of a fiscal year: whole weeks by the pattern."""
        if not 1 <= number <= 12:
            raise Invalid(f"There is no month {number}.", hint="Use 1 to 12.")
        starts = _month_starts(self, fiscal_year)
        return Period(starts[number - 1], starts[number], f"{fiscal_year}-P{number:02d}")

    def week(self, fiscal_year: int, number: int) -> Period:
        """Week 1 to 52 or 53 of a fiscal year."""
        year = self.year(fiscal_year)
        start = year.start + timedelta(weeks=number - 1)
        if start not in year:
            raise Invalid(f"FY{fiscal_year} has no week {number}.", hint=f"It has {(year.end - year.start).days // 7}.")
        return Period(start, start + timedelta(weeks=1), f"{fiscal_year}-W{number:02d}")

    def containing(self, day: date, grain: Grain) -> Period:
        """The period of that grain which the day falls in."""
        if grain is Grain.day:
            return Period(day, day + timedelta(days=1), day.isoformat())
        fiscal_year = self.year_of(day)
        starts = _month_starts(self, fiscal_year)
        if grain is Grain.year:
            return self.year(fiscal_year)
        if grain is Grain.week:
            return self.week(fiscal_year, (day - starts[0]).days // 7 + 1)
        month = bisect_right(starts, day)
        return self.month(fiscal_year, month) if grain is Grain.month else self.quarter(fiscal_year, (month + 2) // 3)

    def parse(self, key: str) -> Period:
        """The period of a key such as 2026, FY2026, 2026Q3, 2026-Q3, 2026-P07, 2026-W31 or 2026-07-31.

        Raises:
            Invalid: no such period. A calendar month is none: its days belong to two months of weeks.
        """
        text = key.strip().upper()
        try:
            if m := re.fullmatch(r"(?:FY)?(\d{4})", text):
                return self.year(int(m[1]))
            if m := re.fullmatch(r"(?:FY)?(\d{4})-?([QPW])(\d{1,2})", text):
                numbered = {"Q": self.quarter, "P": self.month, "W": self.week}[m[2]]
                return numbered(int(m[1]), int(m[3]))
            return self.containing(date.fromisoformat(text), Grain.day)
        except (ValueError, OverflowError):
            hint = "Write 2026, 2026Q3, 2026-P07, 2026-W31 or 2026-07-31."
            raise Invalid(f"'{key}' is not a period.", hint=hint) from None


@lru_cache(maxsize=4096)
def _year_after(calendar: WeekCalendar, fiscal_year: int) -> date:
    """The first day after a fiscal year of weeks."""
    last = add_months(date(fiscal_year, calendar.end_month, 1), 1) - timedelta(days=1)
    back = (last.weekday() - calendar.end_weekday) % 7
    if calendar.end is YearEnd.nearest and back > 3:
        back -= 7
    return last - timedelta(days=back - 1)


@lru_cache(maxsize=4096)
def _month_starts(calendar: WeekCalendar, fiscal_year: int) -> tuple[date, ...]:
    """The first days of the twelve months of a fiscal year of weeks, and of the one after."""
    start, end = _year_after(calendar, fiscal_year - 1), _year_after(calendar, fiscal_year)
    weeks = accumulate((calendar.pattern * 4)[:-1], initial=0)
    return (*(start + timedelta(weeks=w) for w in weeks), end)


def add_months(day: date, months: int) -> date:
    """The same day of the month so many months later; the last day of that month where it has fewer days."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))
