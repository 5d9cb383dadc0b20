"""Stretches of fiscal time said relative to a day: this quarter, last year, the trailing eight quarters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from geartrain.kernel.errors import Invalid
from geartrain.kernel.periods import Calendar, Grain, Period

ONE = timedelta(days=1)
GRAINS = "week|month|quarter|year"
WORDS = re.compile(
    rf"(?P<which>this|last|next)_(?P<one>{GRAINS})"
    rf"|(?P<running>{GRAINS})_to_date"
    rf"|trailing_(?P<count>[1-9]\d?)_(?P<many>{GRAINS})s?"
)
A_YEAR = {Grain.week: 52, Grain.month: 12, Grain.quarter: 4, Grain.year: 1}


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `since` up to, not including, `until`, looked at from the end of the day `seen`.

    `name` is what people call it: `2026Q3`, `2024Q4 to 2026Q3`, `2026Q3 to 2026-08-15`.
    """

    name: str
    since: date
    until: date
    seen: date


def span_of(words: str, *, as_of: date, calendar: Calendar) -> Span:
    """The stretch that some words mean on a day.

    Args:
        words: this_quarter, last_quarter, next_quarter, quarter_to_date, trailing_8_quarters; week, month and year
            likewise.
    Raises:
        Invalid: other words.
    Example: trailing_8_quarters on 2026-09-30 with calendar years is 2024Q4 to 2026Q3.
    """
    return _named(_parse(words), as_of, calendar, 0)


def earlier(words: str, *, back: int, as_of: date, calendar: Calendar) -> Span:
    """The same words so many of their own periods earlier, looked at from as far into them.

    A stretch that still runs on the day is seen from as many days after its beginning, at its end at the latest; one
    that is over from as many days after its end.

    Example: this_quarter, one back, on 2026-08-15: 2026Q2 as it stood on 2026-05-16.
    """
    found = _parse(words)
    now, then = _named(found, as_of, calendar, 0), _named(found, as_of, calendar, back)
    if as_of < now.until - ONE:
        seen = min(then.since + (as_of - now.since), then.until - ONE)
    else:
        seen = then.until - ONE + (as_of - (now.until - ONE))
    return Span(then.name, then.since, then.until, seen)


def a_year(words: str) -> int:
    """How many of the words' own periods a year has: how far back the same one of the year before is."""
    return A_YEAR[_grain(_parse(words))]


def _parse(words: str) -> dict[str, str | None]:
    found = WORDS.fullmatch(words)
    if found is None:
        hint = "Write this_quarter, last_quarter, next_quarter, quarter_to_date or trailing_8_quarters."
        raise Invalid(f"'{words}' is no period.", hint=hint)
    return found.groupdict()


def _grain(found: dict[str, str | None]) -> Grain:
    return Grain(found["one"] or found["running"] or found["many"] or "")


def _named(found: dict[str, str | None], as_of: date, calendar: Calendar, back: int) -> Span:
    grain = _grain(found)
    now = calendar.containing(as_of, grain)
    if found["which"] == "next":
        now = calendar.containing(now.end, grain)
    period = _back(calendar, now, grain, back + (found["which"] == "last"))
    if found["running"]:
        until = min(period.start + (as_of + ONE - now.start), period.end)
        name = period.key if until == period.end else f"{period.key} to {until - ONE}"
        return Span(name, period.start, until, as_of)
    first = _back(calendar, period, grain, int(found["count"] or 1) - 1)
    name = period.key if first == period else f"{first.key} to {period.key}"
    return Span(name, first.start, period.end, as_of)


def _back(calendar: Calendar, period: Period, grain: Grain, count: int) -> Period:
    for _ in range(count):
        period = calendar.previous(period, grain)
    return period
