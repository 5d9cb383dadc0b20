"""Functions on days and instants. An instant's day, month and year are those of UTC; a calendar's are the policy's."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import ibis

from geartrain.kernel.rules import columns, exact
from geartrain.kernel.rules.functions.base import NUMBER, TEXT, TIME, Function, Param
from geartrain.kernel.rules.kinds import Kind
from geartrain.kernel.rules.limits import Size

_when = Param("when", TIME)
_DAY_SECONDS = 86_400
_FIRST, _LAST = date.min, date.max
_WHOLE = Size(0, 1e7)

# A calendar day from year 1 on, leap days included: PostgreSQL stops at a cast of any other text.
_LEAP = r"([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)-02-29"
_COMMON = (
    r"[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
)
_ISO_DAY = rf"^({_LEAP}|{_COMMON})$"


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _day_column(value: Any) -> Any:
    return columns.cast(value, "date") if value.type().is_timestamp() else value


def _days_column(start: Any, end: Any) -> Any:
    return _day_column(end).delta(_day_column(start), unit="day")


def _instant(value: date) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time())


def _days_between(start: date, end: date) -> Decimal:
    spans = [_instant(value).replace(microsecond=0) for value in (start, end)]
    days, seconds = divmod((spans[1] - spans[0]) // timedelta(seconds=1), _DAY_SECONDS)
    return days + exact.rounded(Decimal(seconds) / _DAY_SECONDS, 9)


def _days_between_column(start: Any, end: Any) -> Any:
    """Whole days and seconds of the day apart, each exact: the part of a day is never near a half of 10^-9."""
    if start.type().is_date() and end.type().is_date():
        return _days_column(start, end)
    seconds = _second_of_day(end) - _second_of_day(start)
    borrow = ibis.cases((seconds < 0, 1), else_=0)
    days = columns.cast(_days_column(start, end) - borrow, "decimal(38, 9)")
    part = columns.double(seconds + borrow * _DAY_SECONDS) / float(_DAY_SECONDS)
    return days + columns.cast(part, "decimal(38, 9)")


def _second_of_day(value: Any) -> Any:
    if value.type().is_date():
        return columns.cast(ibis.cases((value.notnull(), 0)), "int64")
    # PostgreSQL rounds fractions of a second where others cut them: take them off first.
    whole = value.truncate("s")
    return columns.cast(whole.hour() * 3600 + whole.minute() * 60 + whole.second(), "int64")


def _date_add(value: date, days: Decimal) -> date | None:
    if days != days.to_integral_value(context=exact.WIDE):
        return None
    try:
        return value + timedelta(days=int(days))
    except OverflowError:
        return None


def _date_add_column(value: Any, days: Any) -> Any:
    number = columns.at_scale(days, 0)
    low = columns.cast(_days_column(value, ibis.literal(_FIRST)), "decimal(38, 0)")
    high = columns.cast(_days_column(value, ibis.literal(_LAST)), "decimal(38, 0)")
    fits = (number >= low) & (number <= high) & (columns.at_scale(number, columns.scale_of(days)) == days)
    moved = value + columns.cast(number, "int32").as_interval("D")
    return ibis.cases((fits, columns.cast(moved, "date") if value.type().is_date() else moved))


def _to_date(text: str) -> date | None:
    found = re.search(_ISO_DAY, text, re.ASCII)
    return date.fromisoformat(text) if found and len(text) == 10 and not text.startswith("0000") else None


def _to_date_column(text: Any) -> Any:
    return ibis.cases((text.re_search(_ISO_DAY) & ~text.startswith("0000"), columns.cast(text, "date")))


def _part(name: str, doc: str, example: Any, record: Any, column: Any) -> Function:
    pair = (f"{name}(date '2026-11-23')", Decimal(example))
    return Function(
        name, (_when,), Kind.number, doc, pair, lambda w: Decimal(record(w)), lambda w: column(w), size=_WHOLE
    )


FUNCTIONS = (
    Function(
        "date_diff",
        (Param("start", TIME), Param("end", TIME)),
        Kind.number,
        "Whole calendar days from start to end, negative where end is earlier; of an instant its day in UTC counts.",
        ("date_diff(date '2026-01-31', date '2026-03-01')", Decimal(29)),
        record=lambda start, end: Decimal((_day(end) - _day(start)).days),
        column=_days_column,
        size=_WHOLE,
    ),
    Function(
        "days_between",
        (Param("start", TIME), Param("end", TIME)),
        Kind.number,
        "Days from start to end with the part of a day, from whole seconds, to 9 decimals.",
        ("days_between(timestamp '2026-01-01 00:00:00', timestamp '2026-01-02 12:00:00')", Decimal("1.5")),
        record=_days_between,
        column=_days_between_column,
        size=Size(9, 1e7),
        reads=6,
    ),
    Function(
        "date_add",
        (_when, Param("days", NUMBER)),
        Kind.unknown,
        "So many days later (earlier if negative); unknown where days is no whole number or the year leaves 1 to 9999.",
        ("date_add(date '2026-02-27', 2)", date(2026, 3, 1)),
        record=_date_add,
        column=_date_add_column,
        reads=4,
    ),
    Function(
        "to_date",
        (Param("text", TEXT),),
        Kind.day,
        "The day a text states as YYYY-MM-DD; unknown for any other text and for days that do not exist.",
        ("to_date('2026-02-30')", None),
        record=_to_date,
        column=_to_date_column,
        reads=3,
    ),
    Function(
        "day_of",
        (_when,),
        Kind.day,
        "The day of an instant, in UTC; a day itself.",
        ("day_of(timestamp '2026-01-31 23:59:59')", date(2026, 1, 31)),
        record=_day,
        column=_day_column,
    ),
    _part("year", "The calendar year.", 2026, lambda w: w.year, lambda w: w.year()),
    _part("quarter", "The calendar quarter, 1 to 4.", 4, lambda w: (w.month + 2) // 3, lambda w: (w.month() + 2) // 3),
    _part("month", "The calendar month, 1 to 12.", 11, lambda w: w.month, lambda w: w.month()),
    _part("day", "The day of the month, 1 to 31.", 23, lambda w: w.day, lambda w: w.day()),
    _part(
        "day_of_week",
        "1 for Monday to 7 for Sunday.",
        1,
        lambda w: w.isoweekday(),
        lambda w: w.day_of_week.index() + 1,
    ),
)
