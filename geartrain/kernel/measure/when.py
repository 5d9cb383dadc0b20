"""Time in columns: stored instants to the wall clock of a zone, days to fiscal periods and their keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import ibis

from geartrain.kernel.errors import Invalid
from geartrain.kernel.periods import FiscalCalendar, Grain, Period

# Offsets are exact between these; a stored instant outside takes the offset of the nearer end.
FIRST_YEAR, LAST_YEAR = 1970, 2100
MOST_DAYS = 50 * 366
MOST_COMPARED = 64


Bound = tuple[str, bool, bool]
"""An end of a window, `low` or `high`; whether as a day, and whether it ends with what is seen (`Window.bounds`)."""


@dataclass(frozen=True)
class Window:
    """The time a question is about.

    Args:
        since: First day, None for the beginning.
        until: The day after the last, None for the end.
        as_of: The last day that is seen.
        calendar: Whose days and periods they are.
        bound: Where it is given, the ends are parameters of the expressions built, and noted in it.
    """

    since: date | None
    until: date | None
    as_of: date
    calendar: FiscalCalendar
    bound: dict[Bound, Any] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.since and self.until and self.since >= self.until:
            raise Invalid(f"The window from {self.since} to {self.until} is empty.", hint="`until` is the day after.")

    @cached_property
    def cut(self) -> datetime:
        """The first instant that is not seen, as stored (naive UTC)."""
        return self.calendar.instant(self.as_of + timedelta(days=1))

    @cached_property
    def wall_cut(self) -> datetime:
        """The same instant on the zone's wall clock."""
        return datetime.combine(self.as_of + timedelta(days=1), datetime.min.time())

    def bounds(self, *, day: bool, seen: bool) -> tuple[date | None, date | None]:
        """[low, high) as days, or as stored instants; `seen` ends it with the last day that is seen."""
        high = self.until
        if seen and (high is None or high > self.as_of):
            high = self.as_of + timedelta(days=1)
        if day:
            return self.since, high
        return self.since and self.calendar.instant(self.since), high and self.calendar.instant(high)

    def at(self, end: str, day: bool, seen: bool) -> date | None:
        """One of the ends as `bounds` has them."""
        return self.bounds(day=day, seen=seen)[end == "high"]

    def end(self, end: str, *, day: bool, seen: bool) -> Any | None:
        """One of the ends in an expression; None where it is open."""
        value, kind = self.at(end, day, seen), "date" if day else "timestamp(6)"
        if value is None:
            return None
        if self.bound is None:
            return ibis.literal(value, kind)
        return self.bound.setdefault((end, day, seen), ibis.param(kind))

    def balance_days(self, grain: Grain | None, *, begins: date | None = None) -> list[tuple[Period, date]]:
        """Each period asked for and the last day of it that is seen; without a grain, the whole window as one.

        Args:
            grain: How long the periods are.
            begins: Where a window without a beginning starts; None: with the period that is under way.
        """
        end = min(self.until or self.as_of + timedelta(days=1), self.as_of + timedelta(days=1))
        if grain is None:
            start = self.since or end - timedelta(days=1)
            return [(Period(start, self.until or end, ""), end - timedelta(days=1))]
        start = self.since or begins or self.calendar.containing(self.as_of, grain).start
        if (end - start).days > MOST_DAYS:
            raise Invalid(f"A balance for every {grain} since {start} is too many.", hint="Give a later start.")
        periods = self.calendar.between(start, end, grain)
        return [(p, min(p.end, end) - timedelta(days=1)) for p in periods]


@lru_cache(maxsize=64)
def transitions(zone: str) -> tuple[timedelta, tuple[tuple[datetime, timedelta], ...]]:
    """The offset of a zone at the first of FIRST_YEAR, and each instant (naive UTC) from which another one holds."""
    tz = ZoneInfo(zone)

    def offset(at: datetime) -> timedelta:
        return at.replace(tzinfo=UTC).astimezone(tz).utcoffset() or timedelta()

    at, end = datetime(FIRST_YEAR, 1, 1), datetime(LAST_YEAR, 1, 1)  # noqa: DTZ001 - stored instants are naive UTC
    first = before = offset(at)
    found: list[tuple[datetime, timedelta]] = []
    while at < end:
        later = at + timedelta(days=7)
        if (after := offset(later)) != before:
            low, high = at, later
            while high - low > timedelta(seconds=1):
                middle = (low + (high - low) / 2).replace(microsecond=0)
                low, high = (middle, high) if offset(middle) == before else (low, middle)
            found.append((high, after))
            before = after
        at = later
    return first, tuple(found)


def local(instant: Any, calendar: FiscalCalendar) -> Any:
    """A column of stored instants on the wall clock of the calendar's zone."""
    first, last = calendar.clock_years
    since, until = datetime(first, 1, 1), datetime(last + 1, 1, 1)  # noqa: DTZ001 - stored instants are naive UTC
    return wall_clock(instant, calendar.zone, since=since, until=until)


def wall_clock(instant: Any, zone: str, *, since: datetime | None = None, until: datetime | None = None) -> Any:
    """A column of stored instants on the wall clock of a zone; the column itself where the zone is UTC.

    `since` and `until` bound the values that occur, where that is known: it shortens the expression.
    """
    first, changes = transitions(zone)
    held: list[tuple[datetime, timedelta]] = [(datetime.min, first), *changes]  # noqa: DTZ901 - only compared
    low = max((i for i, (at, _) in enumerate(held) if since and at <= since), default=0)
    held = [h for h in held[low:] if until is None or h[0] < until] or held[low : low + 1]
    if all(not offset for _, offset in held):
        return instant
    return _shifted(instant, held)


def _shifted(instant: Any, held: list[tuple[datetime, timedelta]]) -> Any:
    """Halved again and again, so that each row meets few comparisons."""
    if len(held) == 1:
        seconds = int(held[0][1].total_seconds())
        return instant + ibis.interval(seconds=seconds) if seconds >= 0 else instant - ibis.interval(seconds=-seconds)
    half = len(held) // 2
    early, late = _shifted(instant, held[:half]), _shifted(instant, held[half:])
    return ibis.ifelse(instant < ibis.literal(held[half][0], "timestamp(6)"), early, late)


def period_number(when: Any, grain: Grain, calendar: FiscalCalendar) -> Any:
    """What rows are grouped by: a number or a day that stands for the period a wall-clock value falls in."""
    if grain is Grain.day:
        return when.date() if when.type().is_timestamp() else when
    if grain is Grain.week:
        day = when.date() if when.type().is_timestamp() else when
        return day.truncate("W")
    if grain is Grain.year and calendar.start_month == 1:
        return when.year()
    if grain is Grain.quarter and calendar.start_month % 3 == 1:
        return when.year().cast("int64") * 4 + when.quarter() - 1
    months = when.year().cast("int64") * 12 + when.month() - 1
    if grain is Grain.month:
        return months
    if grain is Grain.quarter:
        return (months - (calendar.start_month - 1)) // 3
    return (months - (calendar.start_month - 1)) // 12


def period_of(instant: Any, grain: Grain, window: Window, *, seen: bool) -> Any:
    """The period of a column of stored instants: a number or day as by `period_number`, or the period's key.

    Where the zone has offsets and the window few periods, their first instants are compared and nothing is shifted:
    half the work. Rows outside the window must be gone.
    """
    calendar = window.calendar
    first, last = window.bounds(day=True, seen=seen)
    if calendar.zone != "UTC" and first is not None and last is not None:
        periods = calendar.between(first, last, grain)
        if len(periods) <= MOST_COMPARED:
            return _chosen(instant, [(calendar.instant(p.start), p.key) for p in periods])
    low, high = window.bounds(day=False, seen=seen)
    return period_number(wall_clock(instant, calendar.zone, since=low, until=high), grain, calendar)  # type: ignore[arg-type]


def _chosen(instant: Any, starts: list[tuple[datetime, str]]) -> Any:
    if len(starts) == 1:
        return ibis.literal(starts[0][1])
    half = len(starts) // 2
    later = instant < ibis.literal(starts[half][0], "timestamp(6)")
    return ibis.ifelse(later, _chosen(instant, starts[:half]), _chosen(instant, starts[half:]))


def period_key(number: Any, grain: Grain, calendar: FiscalCalendar) -> str | None:
    """The key of the period that `period_number` stands for."""
    if number is None or isinstance(number, str):
        return number
    if grain in (Grain.day, Grain.week):
        day = number.date() if isinstance(number, datetime) else number
    elif grain is Grain.year:
        day = date(int(number), calendar.start_month, 1)
    elif grain is Grain.month:
        day = date(int(number) // 12, int(number) % 12 + 1, 1)
    else:
        start = 3 * int(number) + (0 if calendar.start_month % 3 == 1 else calendar.start_month - 1)
        day = date(start // 12, start % 12 + 1, 1)
    return calendar.containing(day, grain).key
