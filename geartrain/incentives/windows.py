"""Windows in which totals run, periods in which pay is paid, and the days somebody takes part."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from geartrain.incentives.plan import CompPlan, Window
from geartrain.kernel.periods import Calendar, Grain, Period, add_months

GRAINS = {
    "per_deal": Grain.year,
    "month": Grain.month,
    "quarter": Grain.quarter,
    "year": Grain.year,
    "quarter_to_date": Grain.quarter,
    "year_to_date": Grain.year,
}
AT_END = frozenset({"month", "quarter", "year"})  # paid once the window is over; `…_to_date` pays as it goes


def window_of(day: date, window: Window, comp_plan: CompPlan, calendar: Calendar) -> Period:
    """The window a day falls in, cut to the days the plan holds."""
    whole = calendar.containing(day, GRAINS[window])
    return Period(max(whole.start, comp_plan.effective[0]), min(whole.end, comp_plan.effective[1]), whole.key)


def pay_period(day: date, frequency: str, calendar: Calendar) -> Period:
    """The period that what falls on a day is paid for.

    Example: half-years: 2026-08-01 falls into 2026H2.
    """
    if frequency != "half_year":
        return calendar.containing(day, Grain(frequency))
    year = calendar.year(calendar.year_of(day))
    middle = calendar.quarter(calendar.year_of(day), 3).start
    if day < middle:
        return Period(year.start, middle, f"{year.key}H1")
    return Period(middle, year.end, f"{year.key}H2")


def pay_periods(start: date, end: date, frequency: str, calendar: Calendar) -> list[Period]:
    """Every pay period that overlaps `[start, end)`, in order, whole."""
    found: list[Period] = []
    while start < end:
        found.append(pay_period(start, frequency, calendar))
        start = found[-1].end
    return found


def due_period(day: date, component_window: Window, comp_plan: CompPlan, calendar: Calendar) -> Period:
    """The period in which a line of that day is paid: of a whole window, the one its last day falls in."""
    if component_window in AT_END:
        day = max(day, window_of(day, component_window, comp_plan, calendar).end - timedelta(days=1))
    return pay_period(day, comp_plan.pay.frequency, calendar)


def participation(user_start: date | None, user_end: date | None, span: Period) -> Fraction:
    """The share of a span's days that somebody takes part in; the last day of employment is worked.

    Example: from 1 July 2026 of a whole year: 184/365.
    """
    days = (span.end - span.start).days
    first = max(span.start, user_start or span.start)
    last = min(span.end, user_end + timedelta(days=1) if user_end else span.end)
    return Fraction(max(0, (last - first).days), days) if days > 0 else Fraction(0)


def year_share(span: Period) -> Fraction:
    """What part of a year a span is: months where it is whole months, days otherwise. Example: a quarter, 1/4."""
    months = (span.end.year - span.start.year) * 12 + span.end.month - span.start.month
    if months > 0 and add_months(span.start, months) == span.end:
        return Fraction(months, 12)
    return Fraction((span.end - span.start).days, (add_months(span.start, 12) - span.start).days)
