"""The corporate goals by the month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import ibis

from geartrain.facts.transforms import Goal, Tables, ViewPolicies, shaped, small_table
from geartrain.kernel.periods import FiscalCalendar, Grain
from geartrain.kernel.records import Column, ColumnKind, RecordType

VIEW = RecordType(
    name="plan_month",
    grain="one row per corporate goal and fiscal month",
    key=("goal", "month"),
    happened="month",
    doc="What the company wants of a metric by the month; a goal for a longer period is spread evenly over its months.",
    columns=(
        Column("goal", required=True, doc="key of the corporate goal"),
        Column("metric", required=True, doc="key of the metric it is read on"),
        Column("month", ColumnKind.day, required=True),
        Column("amount", ColumnKind.money, required=True),
    ),
)


def build(tables: Tables, *, as_of: date, calendar: FiscalCalendar, policies: ViewPolicies) -> ibis.Table:
    """Every month of every goal, also those to come: a plan is known in advance."""
    rows = [row for goal in policies.goals for row in spread(goal, calendar)]
    columns = {c.name: [row[i] for row in rows] for i, c in enumerate(VIEW.columns)}
    return shaped(small_table({c.name: c.ibis_type for c in VIEW.columns}, **columns), VIEW)


def spread(goal: Goal, calendar: FiscalCalendar) -> Iterator[tuple[str, str, date, Decimal]]:
    """(goal, metric, month, amount): the share up to each month's end less that up to its beginning.

    Example: 10,000,000 for a year is 833,333.3333 or .3334 a month, 10,000,000 in all.
    """
    months = calendar.between(goal.start, goal.end, Grain.month)
    before = Decimal(0)
    for number, month in enumerate(months, 1):
        upto = (goal.amount * number / len(months)).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        yield goal.key, goal.metric, month.start, upto - before
        before = upto
