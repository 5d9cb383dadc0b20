"""Meetings and reviews that recur on the fiscal calendar, with what has to be there before them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from pydantic import Field, model_validator

from geartrain.kernel.clock.business import BusinessCalendar, Strict
from geartrain.kernel.clock.recurrence import ONE, Recurrence
from geartrain.kernel.clock.term import Term, due_before
from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.periods import Calendar
from geartrain.kernel.prose import Passage, listed

FARTHEST = timedelta(days=31)  # that a holiday may move a meeting


class OnHoliday(StrEnum):
    """What becomes of a day that is no business day."""

    keep = "keep"
    skip = "skip"
    next = "next"
    previous = "previous"


class Change(Strict):
    """One time that differs: moved to another day, or cancelled."""

    day: date = Field(description="the day by the rule, before any holiday moved it")
    move_to: date | None = Field(default=None, description="empty: cancelled")
    reason: str = Field(min_length=1, description="why it differs")


class Cadence(Strict):
    """What recurs, when, with whom, and what has to be there before."""

    kind: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$",
        description="what is held, e.g. forecast_call, pipeline, one_on_one, qbr, tech, roe, goal",
        examples=["forecast_call", "qbr", "one_on_one"],
    )
    recurs: Recurrence = Field(description="on which days: by weekday, in a fiscal period, or by a rule")
    at: str = Field(default="09:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="on the calendar's wall clock")
    minutes: int = Field(default=60, ge=1, le=1440, description="how long it takes")
    attendees: tuple[str, ...] = Field(default=(), description="by role")
    pre_read: Term | None = Field(default=None, description="how long before it the pre-read is due")
    pack_template: str | None = Field(default=None, description="key of the pack template it is held from")
    calendar: str | None = Field(default=None, description="key of the business calendar; empty: default")
    on_holiday: OnHoliday = Field(default=OnHoliday.next, description="what becomes of a day that is no business day")
    exceptions: tuple[Change, ...] = Field(default=(), description="single times that are moved or cancelled")

    @model_validator(mode="after")
    def _one_change_a_day(self) -> Cadence:
        days = [c.day for c in self.exceptions]
        if twice := sorted({d for d in days if days.count(d) > 1}):
            raise ValueError(f"{twice[0]} stands twice among the exceptions")
        return self

    def tell(self) -> list[Passage]:
        """Its parts for people."""
        when = f"{self.recurs.tell()}, {self.at}, {self.minutes} minutes"
        before = [f"pre-read {self.pre_read} before"] if self.pre_read else []
        held = [f"held from the pack {self.pack_template.replace('_', ' ')}"] if self.pack_template else []
        return [
            Passage("When", "; ".join([when, *before, *held]) + "."),
            Passage("With whom", listed(self.attendees, "Nobody is named").capitalize() + "."),
        ]

    def occurrences(
        self, since: date, until: date, *, fiscal: Calendar, business: BusinessCalendar
    ) -> list[Occurrence]:
        """Every time it takes place on a day of `[since, until)`, in order, at most once a day.

        Args:
            since: First day.
            until: The day after the last.
            fiscal: Whose periods the rule means.
            business: Whose wall clock, business days and hours.
        Raises:
            Invalid: a holiday would move it more than 31 days.
        Example: the third business day of each fiscal quarter, pre-read two business days before: with a year that
            starts in February, 2026-02-04, 2026-05-05, …
        Source: the process specification, 3.10.
        """
        return [self._at(p, business) for p in self._placed(since, until, fiscal, business) if p.day is not None]

    def left_out(
        self, since: date, until: date, *, fiscal: Calendar, business: BusinessCalendar
    ) -> list[tuple[date, str]]:
        """Days of `[since, until)` that the rule names and on which, nor in whose place, nothing is held; with why.

        Args and Raises: as `occurrences`.
        """
        placed = self._placed(since, until, fiscal, business)
        return [(p.scheduled, p.note) for p in placed if p.day is None and since <= p.scheduled < until]

    def check(self, *, fiscal: Calendar, business: BusinessCalendar, where: str = "") -> list[Issue]:
        """Exceptions for days on which nothing was to take place."""
        hint = "Name the day by the rule, before any holiday moved it."
        return [
            Issue("cadence_exception_unused", Level.warning, f"Nothing recurs on {change.day}.", where, hint)
            for change in self.exceptions
            if not self._scheduled(change.day, change.day + ONE, fiscal, business)
        ]

    def _scheduled(self, since: date, until: date, fiscal: Calendar, business: BusinessCalendar) -> list[date]:
        return self.recurs.days(since, until, fiscal=fiscal, business=business)

    def _placed(self, since: date, until: date, fiscal: Calendar, business: BusinessCalendar) -> list[_Placed]:
        """Each scheduled day and where it went, in order of that; those outside the window are gone."""
        if until <= since:
            return []
        # What falls on one day comes from at most FARTHEST away, or was moved there by an exception.
        windows = [(since - 2 * FARTHEST, until + 2 * FARTHEST)]
        for change in self.exceptions:
            windows.append((change.day, change.day + ONE))
            if change.move_to is not None:
                windows.append((change.move_to - FARTHEST, change.move_to + FARTHEST + ONE))
        days = {day for low, high in windows for day in self._scheduled(low, high, fiscal, business)}
        changes = {c.day: c for c in self.exceptions}
        placed = _merged(self._place(day, changes.get(day), business) for day in sorted(days))
        return [p for p in placed if since <= (p.day or p.scheduled) < until]

    def _place(self, day: date, change: Change | None, business: BusinessCalendar) -> _Placed:
        if change is not None:
            return _Placed(day, change.move_to, change.reason)
        if self.on_holiday is OnHoliday.keep or business.is_business_day(day):
            return _Placed(day, day, "")
        if self.on_holiday is OnHoliday.skip:
            return _Placed(day, None, "no business day")
        other = business.add_business_days(day, 1 if self.on_holiday is OnHoliday.next else -1)
        if abs(other - day) > FARTHEST:
            raise Invalid(f"There is no business day within 31 days of {day}.", hint="Mend the holidays.")
        return _Placed(day, other, "no business day")

    def _at(self, placed: _Placed, business: BusinessCalendar) -> Occurrence:
        day = placed.day or placed.scheduled
        local = datetime.combine(day, time.fromisoformat(self.at), business.tz)
        starts = local.astimezone(UTC).replace(tzinfo=None)
        read = due_before(business, starts, self.pre_read) if self.pre_read else None
        return Occurrence(
            self.kind, placed.scheduled, day, starts, starts + timedelta(minutes=self.minutes), read, placed.note
        )


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time a cadence takes place.

    Args:
        kind: Of the cadence.
        scheduled: The day by the rule: with the kind, its identity.
        day: The day it takes place.
        starts, ends: Stored instants, naive UTC.
        pre_read_due: The last instant for the pre-read, None where there is none.
        note: Why it takes place on another day.
    """

    kind: str
    scheduled: date
    day: date
    starts: datetime
    ends: datetime
    pre_read_due: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class _Placed:
    scheduled: date
    day: date | None
    note: str


def _merged(placed: Iterable[_Placed]) -> list[_Placed]:
    """Where two fall on one day, the one scheduled for that day, else the first, stands for both."""
    held: dict[date, _Placed] = {}
    out: list[_Placed] = []
    for one in sorted(placed, key=lambda p: (p.scheduled != p.day, p.scheduled)):
        if one.day is None:
            out.append(one)
        elif one.day in held:
            out.append(_Placed(one.scheduled, None, f"together with {held[one.day].scheduled}"))
        else:
            held[one.day] = one
    return sorted([*out, *held.values()], key=lambda p: (p.day or p.scheduled, p.scheduled))
