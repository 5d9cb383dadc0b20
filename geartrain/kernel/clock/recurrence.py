"""On which days something recurs: by weekday, by place in a fiscal period, or by an RFC 5545 rule."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal

from dateutil.rrule import rrule, rrulestr
from pydantic import Field, model_validator

from geartrain.kernel.clock.business import BusinessCalendar, Strict
from geartrain.kernel.periods import Calendar, Grain

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PARTS = frozenset({"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST", "UNTIL"})
FREQUENCIES = frozenset({"WEEKLY", "MONTHLY", "YEARLY"})
ONE = timedelta(days=1)


class Weekly(Strict):
    """Some weekdays of every week, or of every n-th counted from the week of `starting`."""

    every: Literal["week"] = Field(description="week")
    on: tuple[Weekday, ...] = Field(min_length=1, description="weekdays, e.g. [monday]")
    interval: int = Field(default=1, ge=1, le=53, description="1: every week, 2: every other week")
    starting: date | None = Field(default=None, description="a day of the first week; needed from interval 2 on")

    @model_validator(mode="after")
    def _anchored(self) -> Weekly:
        if self.interval > 1 and self.starting is None:
            raise ValueError("every few weeks needs `starting`: a day of the first of them")
        return self

    def tell(self) -> str:
        """It in words, e.g. `every other week on Monday`."""
        every = {1: "every week", 2: "every other week"}.get(self.interval, f"every {self.interval} weeks")
        return f"{every} on {' and '.join(d.capitalize() for d in self.on)}"

    def days(self, since: date, until: date, *, fiscal: Calendar, business: BusinessCalendar) -> list[date]:
        """The days of `[since, until)`, in order."""
        wanted = {WEEKDAYS.index(name) for name in self.on}
        anchor = self.starting or date(2000, 1, 3)
        monday = anchor - timedelta(days=anchor.weekday())
        first = max(since, self.starting) if self.starting else since
        days = (date.fromordinal(n) for n in range(first.toordinal(), until.toordinal()))
        return [d for d in days if d.weekday() in wanted and (d - monday).days // 7 % self.interval == 0]


class InPeriod(Strict):
    """The n-th business day, day or weekday of every fiscal period; a negative n counts from its end.

    A period that has no n-th one (a fifth Friday) has none.
    """

    every: Literal["month", "quarter", "year"] = Field(description="the fiscal period")
    number: int = Field(ge=-366, le=366, description="3: the third; -1: the last")
    day: Literal["business_day", "day"] | Weekday = Field(description="what is counted: business_day, day or a weekday")

    @model_validator(mode="after")
    def _counts(self) -> InPeriod:
        if self.number == 0:
            raise ValueError("there is no day number 0; the first is 1, the last -1")
        return self

    def tell(self) -> str:
        """It in words, e.g. `the 3rd business day of every quarter`."""
        count = abs(self.number)
        place = f"{count}{'th' if 10 < count % 100 < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(count % 10, 'th')}"
        named = place if self.number > 0 else "last" if count == 1 else f"{place} last"
        day = self.day.capitalize() if self.day in WEEKDAYS else self.day.replace("_", " ")
        return f"the {named} {day} of every {self.every}"

    def days(self, since: date, until: date, *, fiscal: Calendar, business: BusinessCalendar) -> list[date]:
        """The days of `[since, until)`, in order."""
        found = []
        for period in fiscal.between(since, until, Grain(self.every)):
            day = self._of(period.start, period.end, business)
            if day is not None and since <= day < until:
                found.append(day)
        return found

    def _of(self, start: date, end: date, business: BusinessCalendar) -> date | None:
        if self.day == "business_day":
            days = business.business_days(start, end)
            at = self.number - 1 if self.number > 0 else len(days) + self.number
            return days[at] if 0 <= at < len(days) else None
        step = 1 if self.day == "day" else 7
        offset = 0 if self.day == "day" else WEEKDAYS.index(self.day)
        if self.number > 0:
            first = start if step == 1 else start + timedelta(days=(offset - start.weekday()) % 7)
            day = first + timedelta(days=step * (self.number - 1))
        else:
            last = end - ONE if step == 1 else end - ONE - timedelta(days=((end - ONE).weekday() - offset) % 7)
            day = last + timedelta(days=step * (self.number + 1))
        return day if start <= day < end else None


class ByRule(Strict):
    """An RFC 5545 recurrence rule over calendar days, for what the others cannot say.

    Parts: FREQ (weekly, monthly, yearly), INTERVAL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS, WKST, UNTIL.
    """

    every: Literal["rrule"] = Field(description="rrule")
    rule: str = Field(description="RFC 5545, e.g. FREQ=MONTHLY;BYDAY=2TU", examples=["FREQ=MONTHLY;BYDAY=2TU"])
    starting: date = Field(description="first day the rule may fall on")

    @model_validator(mode="after")
    def _reads(self) -> ByRule:
        parts = dict(part.partition("=")[::2] for part in self.rule.upper().split(";"))
        if strange := sorted(set(parts) - PARTS):
            raise ValueError(f"'{strange[0]}' may not stand in a recurrence rule here; {', '.join(sorted(PARTS))} may")
        if parts.get("FREQ") not in FREQUENCIES:
            raise ValueError("FREQ is WEEKLY, MONTHLY or YEARLY")
        if not re.fullmatch(r"[1-9]\d{0,2}", parts.get("INTERVAL", "1")):
            raise ValueError("INTERVAL is 1 to 999")
        try:
            first = next(iter(self._rule()), None)
        except (ValueError, OverflowError, IndexError) as error:
            raise ValueError(f"'{self.rule}' is no recurrence rule: {error}") from None
        if first is None:
            raise ValueError(f"'{self.rule}' never falls on a day")
        return self

    def tell(self) -> str:
        """The rule itself."""
        return f"by the rule {self.rule}"

    def _rule(self) -> rrule:
        rule = rrulestr(self.rule, dtstart=datetime.combine(self.starting, time()))
        if not isinstance(rule, rrule):
            raise ValueError("give one rule")
        return rule

    def days(self, since: date, until: date, *, fiscal: Calendar, business: BusinessCalendar) -> list[date]:
        """The days of `[since, until)`, in order."""
        if until <= since:
            return []
        low, high = (datetime.combine(d, time()) for d in (since, until - ONE))
        return [at.date() for at in self._rule().between(low, high, inc=True)]


Recurrence = Annotated[Weekly | InPeriod | ByRule, Field(discriminator="every")]
