"""When a team works: hours by weekday, holidays, a zone; and business time between and after instants."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, cached_property
from itertools import pairwise
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from geartrain.kernel.clock.index import WorkIndex, build
from geartrain.kernel.clock.offsets import MICROSECOND, SECOND, instant_of, micros
from geartrain.kernel.errors import Invalid
from geartrain.kernel.prose import Passage

FIRST_YEAR, LAST_YEAR = 1970, 2099  # business time is counted within these
RANGE = "It is counted from 1970 to 2099."
EPOCH_DAY = date(1970, 1, 1).toordinal()


class Strict(BaseModel):
    """Unknown keys are refused by name; what is read never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@cache
def zones() -> frozenset[str]:
    """Every IANA name."""
    return frozenset(available_timezones())


def _zone(name: str) -> str:
    if name not in zones():
        raise ValueError(f"'{name}' is no time zone; use an IANA name such as Europe/Berlin")
    return name


def _span(text: str) -> str:
    start, end = span_bounds(text)
    if end <= start:
        raise ValueError(f"'{text}' runs over midnight; end it at 24:00 and begin the next day at 00:00")
    return text


def _spans(spans: Sequence[str]) -> tuple[str, ...]:
    found = tuple(sorted(spans))
    for one, other in pairwise(found):
        if span_bounds(other)[0] < span_bounds(one)[1]:
            raise ValueError(f"{one} and {other} overlap")
    return found


def span_bounds(text: str) -> tuple[int, int]:
    """The wall-clock microseconds of `09:00-17:30`."""
    a, b = ((int(part[:2]) * 60 + int(part[3:])) * 60 * SECOND for part in text.split("-"))
    return a, b


def first_instant(tz: ZoneInfo, day: date) -> datetime:
    """The first instant of a local day, naive UTC."""
    return datetime.combine(day, time(), tz).astimezone(UTC).replace(tzinfo=None)


Zone = Annotated[str, AfterValidator(_zone), Field(description="IANA name, e.g. Europe/Berlin")]
_PATTERN = r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$"
Span = Annotated[str, Field(pattern=_PATTERN, examples=["09:00-17:30"]), AfterValidator(_span)]
Spans = Annotated[tuple[Span, ...], AfterValidator(_spans)]


class Week(Strict):
    """The hours of each weekday, several a day if need be; none: closed."""

    monday: Spans = ()
    tuesday: Spans = ()
    wednesday: Spans = ()
    thursday: Spans = ()
    friday: Spans = ()
    saturday: Spans = ()
    sunday: Spans = ()

    @property
    def days(self) -> tuple[tuple[str, ...], ...]:
        """The spans of Monday to Sunday."""
        return (self.monday, self.tuesday, self.wednesday, self.thursday, self.friday, self.saturday, self.sunday)

    @model_validator(mode="after")
    def _works(self) -> Week:
        if not any(self.days):
            raise ValueError("a week without hours has no business time")
        return self


class Holiday(Strict):
    """A day that differs from its weekday: closed, or with hours of its own."""

    day: date = Field(ge=date(FIRST_YEAR, 1, 1), le=date(LAST_YEAR, 12, 31), description="which day")
    name: str = Field(min_length=1, description="what people call it")
    hours: Spans = Field(default=(), description="empty: closed")


OFFICE_HOURS = Week(**dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), ("09:00-17:00",)))


class BusinessCalendar(Strict):
    """A zone, hours and holidays.

    Instants given are aware or naive UTC, as stored; those returned are naive UTC. Business time lies between 1970 and
    2099. The first question lays out the decades it needs; each one after that is two binary searches.
    """

    zone: Zone = "UTC"
    hours: Week = Field(default=OFFICE_HOURS, description="hours by weekday, e.g. monday: [09:00-17:30]")
    holidays: tuple[Holiday, ...] = Field(default=(), description="days that are closed or have hours of their own")

    @model_validator(mode="after")
    def _one_entry_a_day(self) -> BusinessCalendar:
        days = [h.day for h in self.holidays]
        if twice := sorted({d for d in days if days.count(d) > 1}):
            raise ValueError(f"{twice[0]} stands twice among the holidays")
        return self

    def tell(self) -> list[Passage]:
        """Its parts for people."""
        week = zip(Week.model_fields, self.hours.days, strict=True)
        hours = tuple((day.capitalize(), ", ".join(spans) or "closed") for day, spans in week)
        days = tuple((h.day.isoformat(), h.name, ", ".join(h.hours) or "closed") for h in self.holidays)
        closed = [Passage("Holidays", columns=("Day", "Holiday", "Hours"), rows=days)] if days else []
        return [Passage("Hours", f"On the clock of {self.zone}.", ("Day", "Hours"), hours), *closed]

    @property
    def tz(self) -> ZoneInfo:
        """The zone itself."""
        return ZoneInfo(self.zone)

    def in_zone(self, zone: str) -> BusinessCalendar:
        """The same hours and holidays on the wall clocks of another zone.

        Raises:
            Invalid: there is no such zone.
        """
        if zone not in zones():
            raise Invalid(f"'{zone}' is no time zone.", hint="Use an IANA name such as Europe/Berlin.")
        return BusinessCalendar(zone=zone, hours=self.hours, holidays=self.holidays)

    def working_time(self, start: datetime, end: datetime) -> timedelta:
        """Business time from one instant to another; negative where the end is the earlier one.

        Raises:
            Invalid: an instant lies outside 1970 to 2099.
        Example: 9 to 17 on weekdays: Friday 16:00 to Monday 10:00 is two hours.
        Source: the process specification, 3.1: SLA clocks in the owner's calendar.
        """
        low, high = micros(start), micros(end)
        index = self.covering(start, end)
        return (index.passed(high) - index.passed(low)) * MICROSECOND

    def add_working_time(self, start: datetime, amount: timedelta) -> datetime:
        """The first instant at which so much business time has passed; for a negative amount, the last one before.

        Nothing added to an instant is that instant, also outside business hours.

        Raises:
            Invalid: it lies outside 1970 to 2099.
        Example: Friday 16:00 and one hour is Friday 17:00; two hours are Monday 10:00. Monday 10:00 less an hour is
            Monday 9:00, less two Friday 16:00.
        """
        work = amount // MICROSECOND
        if not work:
            return instant_of(micros(start))
        index = self.covering(start, start)
        target = index.passed(micros(start)) + work
        while not 0 <= target <= index.total:
            years = abs(work) // self._yearly + 2
            index = self._extended(index, back=years if work < 0 else 0, on=years if work > 0 else 0)
            target = index.passed(micros(start)) + work
        return instant_of(index.reached(target, last=work < 0))

    def is_working(self, instant: datetime) -> bool:
        """Whether an instant is business time."""
        index, at = self.covering(instant, instant), micros(instant)
        return index.passed(at + 1) > index.passed(at)

    def day_of(self, instant: datetime) -> date:
        """The local day of an instant.

        Raises:
            Invalid: it lies outside 1970 to 2099.
        """
        self._counted(instant.year, instant.year)
        return instant_of(micros(instant)).replace(tzinfo=UTC).astimezone(self.tz).date()

    def is_business_day(self, day: date) -> bool:
        """Whether a day has any business time."""
        days = self._around(day, 0).day_list
        at = bisect_left(days, day.toordinal() - EPOCH_DAY)
        return at < len(days) and days[at] == day.toordinal() - EPOCH_DAY

    def add_business_days(self, day: date, count: int) -> date:
        """The business day so many after a day, or before it where negative; the day itself, whatever it is, for 0."""
        if not count:
            return day
        days = self._around(day, count).day_list
        number = day.toordinal() - EPOCH_DAY
        at = bisect_right(days, number) + count - 1 if count > 0 else bisect_left(days, number) + count
        return date.fromordinal(days[at] + EPOCH_DAY)

    def business_days(self, start: date, end: date) -> list[date]:
        """The business days of `[start, end)`, in order."""
        if end <= start:
            return []
        self._counted(start.year, end.year)
        index = self._spanning(start.year, end.year)
        low, high = (bisect_left(index.day_list, d.toordinal() - EPOCH_DAY) for d in (start, end))
        return [date.fromordinal(d + EPOCH_DAY) for d in index.day_list[low:high]]

    def close_of(self, day: date) -> datetime:
        """When the hours of a business day end.

        Raises:
            Invalid: it is no business day.
        """
        if not self.is_business_day(day):
            raise Invalid(f"{day} is no business day.")
        index = self._around(day, 0)
        return instant_of(int(index.closes[bisect_left(index.day_list, day.toordinal() - EPOCH_DAY)]))

    def covering(self, start: datetime, end: datetime) -> WorkIndex:
        """The layout of all years that these instants lie in.

        Raises:
            Invalid: not all within 1970 to 2099.
        """
        low, high = min(start.year, end.year), max(start.year, end.year)
        self._counted(low, high)
        # The local year may be another than that of UTC.
        return self._spanning(max(low - 1, FIRST_YEAR), min(high + 1, LAST_YEAR))

    @cached_property
    def _layout(self) -> list[WorkIndex]:
        """The layout so far, if any: it grows by decades as they are asked for."""
        return []

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> BusinessCalendar:
        """A copy that lays out its own business time."""
        copy = super().model_copy(update=update, deep=deep)
        copy.__dict__.pop("_layout", None)
        return copy

    @property
    def _yearly(self) -> int:
        """At least this much business time lies in any year, unless holidays take more than half of it."""
        return max(1, 25 * sum(b - a for spans in self.hours.days for a, b in map(span_bounds, spans)))

    def _counted(self, low: int, high: int) -> None:
        if not FIRST_YEAR <= low <= high <= LAST_YEAR:
            raise Invalid(f"Business time is not counted in {low if low < FIRST_YEAR else high}.", hint=RANGE)

    def _around(self, day: date, count: int) -> WorkIndex:
        years = abs(count) // 20 + 2
        self._counted(day.year, day.year)
        index = self._spanning(day.year, day.year)
        while True:
            before = bisect_left(index.day_list, day.toordinal() - EPOCH_DAY)
            after = len(index.day_list) - bisect_right(index.day_list, day.toordinal() - EPOCH_DAY)
            if -before <= count <= after:
                return index
            index = self._extended(index, back=years if count < 0 else 0, on=years if count > 0 else 0)

    def _extended(self, index: WorkIndex, *, back: int, on: int) -> WorkIndex:
        first, last = max(FIRST_YEAR, index.first_year - back), min(LAST_YEAR, index.last_year + on)
        if (first, last) == (index.first_year, index.last_year):
            raise Invalid("That lies further away than business time is counted.", hint=RANGE)
        return self._spanning(first, last)

    def _spanning(self, first: int, last: int) -> WorkIndex:
        if self._layout and (index := self._layout[0]):
            if index.first_year <= first and last <= index.last_year:
                return index
            first, last = min(first, index.first_year), max(last, index.last_year)
        first, last = first // 10 * 10, last // 10 * 10 + 9
        week = [[span_bounds(s) for s in spans] for spans in self.hours.days]
        special = {h.day.toordinal() - EPOCH_DAY: [span_bounds(s) for s in h.hours] for h in self.holidays}
        index = build(self.zone, week, special, first_year=first, last_year=last)
        self._layout[:] = [index]
        return index
