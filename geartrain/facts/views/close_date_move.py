"""Every move of a close date while a deal was open: pushed later, pulled in, across a fiscal month or quarter."""

from __future__ import annotations

from datetime import date

import ibis

from geartrain.facts.transforms import Tables, ViewPolicies, month_number, quarter_start, shaped
from geartrain.facts.views import opportunity_state
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import Column, ColumnKind, RecordType

VIEW = RecordType(
    name="close_date_move",
    grain="one row per move of the close date of an open opportunity",
    key=("opportunity_id", "moved_at"),
    owner="owner_id",
    happened="moved_at",
    doc="Pushes and pull-ins of close dates.",
    columns=(
        Column("opportunity_id", required=True, ref="opportunity"),
        Column("moved_at", ColumnKind.instant, required=True),
        Column("from_date", ColumnKind.day, required=True),
        Column("to_date", ColumnKind.day, required=True),
        Column("days", ColumnKind.integer, required=True, doc="days later; below 0 earlier"),
        Column("is_push", ColumnKind.flag, required=True, doc="to a later fiscal month"),
        Column("is_pull_in", ColumnKind.flag, required=True, doc="to an earlier fiscal month"),
        Column("leaves_quarter", ColumnKind.flag, required=True, doc="to a later fiscal quarter"),
        Column("amount", ColumnKind.money, doc="amount when it was moved"),
        Column("currency"),
        Column("stage", doc="stage when it was moved"),
        Column("owner_id", ref="user"),
        Column("account_id", ref="account"),
        Column("type"),
        Column("product_id", ref="product"),
    ),
)


def build(tables: Tables, *, as_of: date, calendar: FiscalCalendar, policies: ViewPolicies) -> ibis.Table:
    """Moves up to the end of the day.

    Example: from 30 June to 2 July is a push of 2 days that leaves the quarter; from 1 to 20 July is no push.
    """
    states = opportunity_state.build(tables, as_of=as_of, calendar=calendar, policies=policies)
    in_order = ibis.window(group_by="opportunity_id", order_by="valid_from")
    moved = states.mutate(
        from_date=states.close_date.lag().over(in_order), to_date=states.close_date, moved_at=states.valid_from
    )
    moved = moved.filter((moved.from_date != moved.to_date) & ~moved.is_closed)
    before, after = month_number(moved.from_date), month_number(moved.to_date)
    return shaped(
        moved.mutate(
            days=moved.to_date.delta(moved.from_date, unit="day"),
            is_push=after > before,
            is_pull_in=after < before,
            leaves_quarter=quarter_start(moved.to_date, calendar) > quarter_start(moved.from_date, calendar),
        ),
        VIEW,
    )
