"""How often the close date of each deal was pushed."""

from __future__ import annotations

from datetime import date

import ibis

from geartrain.facts.transforms import Tables, ViewPolicies, shaped
from geartrain.facts.views import close_date_move, opportunity_as_of
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import Column, ColumnKind, RecordType

VIEW = RecordType(
    name="close_date_push",
    grain="one row per opportunity that existed at the end of the day",
    key=("opportunity_id",),
    owner="owner_id",
    happened="created_at",
    doc="Deals with how often and how far their close date was moved while they were open.",
    columns=(
        *opportunity_as_of.VIEW.columns,
        Column("closed_at", ColumnKind.instant, doc="instant it was won or lost; empty while open"),
        Column("pushes", ColumnKind.integer, required=True, doc="moves to a later fiscal month"),
        Column("pull_ins", ColumnKind.integer, required=True, doc="moves to an earlier fiscal month"),
        Column("days_moved", ColumnKind.integer, required=True, doc="net days later over all moves"),
    ),
)


def build(tables: Tables, *, as_of: date, calendar: FiscalCalendar, policies: ViewPolicies) -> ibis.Table:
    """Moves up to the end of the day, 0 for deals never moved."""
    moves = close_date_move.build(tables, as_of=as_of, calendar=calendar, policies=policies)
    counted = moves.group_by("opportunity_id").aggregate(
        pushes=moves.count(where=moves.is_push),
        pull_ins=moves.count(where=moves.is_pull_in),
        days_moved=moves.days.sum(),
    )
    deals = opportunity_as_of.build(tables, as_of=as_of, calendar=calendar, policies=policies)
    closed = tables("opportunity").select("opportunity_id", when="closed_at")
    joined = deals.left_join(counted, "opportunity_id").drop("opportunity_id_right").left_join(closed, "opportunity_id")
    return shaped(
        joined.mutate(
            closed_at=ibis.ifelse(joined.is_closed, joined.when, None),
            pushes=joined.pushes.fill_null(0),
            pull_ins=joined.pull_ins.fill_null(0),
            days_moved=joined.days_moved.fill_null(0),
        ),
        VIEW,
    )
