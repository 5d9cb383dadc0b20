"""How long somebody has: hours of business time, business days, or days."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from pydantic import Field, model_validator

from geartrain.kernel.clock.business import BusinessCalendar, Strict, first_instant


class Term(Strict):
    """One of the three; how each is counted is our definition.

    `hours` of business time end at the instant by which they have passed. `business_days` end with the hours of the
    n-th business day after the local day they begin on: what came in on a Monday, at whatever time, is due within one
    by Tuesday's close. `days` end with the n-th local day after it, at midnight.
    """

    hours: Decimal | None = Field(default=None, ge=Decimal("0.01"), le=100_000)
    business_days: int | None = Field(default=None, ge=1, le=10_000)
    days: int | None = Field(default=None, ge=1, le=10_000)

    @model_validator(mode="after")
    def _one(self) -> Term:
        if sum(v is not None for v in (self.hours, self.business_days, self.days)) != 1:
            raise ValueError("give exactly one of hours, business_days and days")
        return self

    def __str__(self) -> str:
        if self.hours is not None:
            return f"{self.hours.normalize():f} business hour{'s' if self.hours != 1 else ''}"
        if self.business_days is not None:
            return f"{self.business_days} business day{'s' if self.business_days != 1 else ''}"
        return f"{self.days} day{'s' if self.days != 1 else ''}"

    @property
    def work(self) -> timedelta:
        """The hours as business time, to the microsecond; none for a term in days."""
        return timedelta(microseconds=int((self.hours or Decimal(0)) * 3_600_000_000))


def due(calendar: BusinessCalendar, opened: datetime, term: Term) -> datetime:
    """When a term that begins at an instant ends, naive UTC. On time is up to and including it.

    Raises:
        Invalid: outside 1970 to 2099.
    Example: 9 to 17 on weekdays, opened Friday 16:00: 2 hours are Monday 10:00, 1 business day is Monday 17:00, and 1
        day is the midnight that Sunday begins with.
    Source: the process specification, 3.1: due_at is computed once, at assignment.
    """
    if term.hours is not None:
        return calendar.add_working_time(opened, term.work)
    day = calendar.day_of(opened)
    if term.business_days is not None:
        return calendar.close_of(calendar.add_business_days(day, term.business_days))
    return first_instant(calendar.tz, day + timedelta(days=(term.days or 0) + 1))


def due_before(calendar: BusinessCalendar, at: datetime, term: Term) -> datetime:
    """The last instant that lies a term before another, naive UTC: when something for a meeting has to be there.

    Hours are business time; business days end with the hours of the n-th one before the local day, days with midnight.

    Raises:
        Invalid: outside 1970 to 2099.
    Example: 9 to 17 on weekdays, a meeting on Monday at 10:00: 2 hours before is Friday 16:00, 1 business day before
        is Friday 17:00, 1 day before is the midnight that Monday begins with.
    """
    if term.hours is not None:
        return calendar.add_working_time(at, -term.work)
    day = calendar.day_of(at)
    if term.business_days is not None:
        return calendar.close_of(calendar.add_business_days(day, -term.business_days))
    return first_instant(calendar.tz, day + timedelta(days=1 - (term.days or 0)))
