"""Closed deals with how long they took and how big they were."""

from __future__ import annotations

from datetime import date

import ibis

from geartrain.facts.transforms import Tables, ViewPolicies, as_seen, days, elapsed_seconds, shaped
from geartrain.facts.types.opportunity import RECORD
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import Column, ColumnKind, RecordType

VIEW = RecordType(
    name="deal_cycle",
    grain="one row per closed opportunity",
    key=("opportunity_id",),
    owner="owner_id",
    happened="closed_at",
    doc="Won and lost deals with the days from creation to closing and their size band.",
    columns=(
        *RECORD.columns,
        Column("cycle_days", ColumnKind.number, doc="days from creation to closing; empty where unknown or negative"),
        Column(
            "is_negative", ColumnKind.flag, required=True, doc="closed before it was created: left out of every cycle"
        ),
        Column("is_same_day", ColumnKind.flag, required=True, doc="closed within a day of its creation"),
        Column("size_band", doc="band of the amount, in the row's currency; empty without an amount"),
    ),
)


def build(tables: Tables, *, as_of: date, calendar: FiscalCalendar, policies: ViewPolicies) -> ibis.Table:
    """Deals closed by the end of the day.

    Example: created 2 March, closed 12 March: 10 days. Bare dates count whole days, whatever the season's clock.
    """
    deals = as_seen(tables, as_of=as_of, calendar=calendar)("opportunity")
    closed = deals.filter(deals.is_closed & deals.closed_at.notnull())
    seconds = elapsed_seconds(closed.created_at, closed.closed_at, calendar=calendar)
    negative = (seconds < 0).fill_null(False)
    return shaped(
        closed.mutate(
            cycle_days=ibis.ifelse(negative, None, days(seconds)),
            is_negative=negative,
            is_same_day=((seconds >= 0) & (seconds < 86_400)).fill_null(False),
            size_band=size_band(closed.amount, policies),
        ),
        VIEW,
    )


def size_band(amount: ibis.Value, policies: ViewPolicies) -> ibis.Value:
    """The label of the band an amount falls in: `1: under 1,000`, `2: 1,000 to 5,000`, …; labels sort by size."""
    bounds = policies.size_bands
    branches = [(amount.isnull(), ibis.null("string"))]
    for place, bound in enumerate(bounds):
        low = f"{bounds[place - 1]:,} to {bound:,}" if place else f"under {bound:,}"
        branches.append((amount < ibis.literal(bound, "decimal(38, 4)"), ibis.literal(f"{place + 1}: {low}")))
    return ibis.cases(*branches, else_=f"{len(bounds) + 1}: {bounds[-1]:,} and more")
