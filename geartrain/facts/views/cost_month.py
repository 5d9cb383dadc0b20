"""Costs spread over the months they are for."""

from __future__ import annotations

from datetime import date

import ibis

from geartrain.facts.transforms import (
    Tables,
    ViewPolicies,
    month_number,
    month_start,
    numbers,
    shaped,
    share_of,
)
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import Column, ColumnKind, RecordType

MONTHS = 120

VIEW = RecordType(
    name="cost_month",
    grain="one row per cost and calendar month of its period",
    key=("period_start", "period_end", "function", "category", "month"),
    happened="month",
    doc="Costs by the month: each spread evenly over the days of its period, to the cent of the whole.",
    columns=(
        Column(
            "month", ColumnKind.day, required=True, doc="first day of the month, or of the period where that is later"
        ),
        Column("period_start", ColumnKind.day, required=True),
        Column("period_end", ColumnKind.day, required=True),
        Column("function", required=True, choices=("sales", "marketing", "customer_success", "revops")),
        Column("category", required=True),
        Column("amount", ColumnKind.money, doc="the part of this month; the months of a cost add up to it exactly"),
        Column("currency"),
        Column("is_selling_cost", ColumnKind.flag, required=True, doc="sales or marketing"),
    ),
)


def build(tables: Tables, *, as_of: date, calendar: FiscalCalendar, policies: ViewPolicies) -> ibis.Table:
    """Months that have begun by the end of the day.

    Each month gets the share up to its end less the share up to its beginning, so rounding never loses a cent.
    Example: 92 for July to September: 31, 31 and 30.
    """
    costs = tables("cost")
    costs = costs.filter(costs.period_end > costs.period_start)
    rows = costs.select("period_start", "period_end", "function", "category", "amount", "currency")
    rows = rows.cross_join(numbers(MONTHS))
    rows = rows.mutate(nth=month_number(rows.period_start) + rows.n)
    low = ibis.greatest(month_start(rows.nth), rows.period_start)
    high = ibis.least(month_start(rows.nth + 1), rows.period_end)
    rows = rows.mutate(month=low, until=high)
    rows = rows.filter((rows.month < rows.period_end) & (rows.month <= ibis.literal(as_of)))
    whole = rows.period_end.delta(rows.period_start, unit="day")
    to_end = share_of(rows.amount, rows.until.delta(rows.period_start, unit="day"), whole)
    to_begin = share_of(rows.amount, rows.month.delta(rows.period_start, unit="day"), whole)
    selling = rows.function.isin(["sales", "marketing"])
    return shaped(rows.mutate(amount=to_end - to_begin, is_selling_cost=selling), VIEW)
