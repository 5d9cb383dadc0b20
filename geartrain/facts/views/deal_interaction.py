"""Buyer interactions on each won deal."""

from __future__ import annotations

from datetime import date

import ibis

from geartrain.facts.transforms import Tables, ViewPolicies, as_seen, shaped
from geartrain.facts.types.opportunity import RECORD
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import Column, ColumnKind, RecordType

VIEW = RecordType(
    name="deal_interaction",
    grain="one row per won opportunity",
    key=("opportunity_id",),
    owner="owner_id",
    happened="closed_at",
    doc="Won deals with the times the buyer and we were in contact up to closing.",
    columns=(
        *RECORD.columns,
        Column("interactions", ColumnKind.integer, required=True, doc="buyer interactions up to closing"),
        Column("interactions_without_user", ColumnKind.integer, required=True, doc="of these, by nobody known"),
    ),
)


def build(tables: Tables, *, as_of: date, calendar: FiscalCalendar, policies: ViewPolicies) -> ibis.Table:
    """Deals won by the end of the day; 0 where no interaction is recorded."""
    won, met = won_and_interactions(tables, as_of=as_of, calendar=calendar)
    counted = met.group_by(of_deal=met.deal).aggregate(
        interactions=met.touch_id.nunique(), alone=met.touch_id.nunique(where=met.user_id.isnull())
    )
    rows = won.left_join(counted, won.opportunity_id == counted.of_deal)
    return shaped(
        rows.mutate(interactions=rows.interactions.fill_null(0), interactions_without_user=rows.alone.fill_null(0)),
        VIEW,
    )


def won_and_interactions(tables: Tables, *, as_of: date, calendar: FiscalCalendar) -> tuple[ibis.Table, ibis.Table]:
    """Deals won by the end of the day; (deal, touch_id, user_id) of the buyer interactions with each up to closing."""
    seen = as_seen(tables, as_of=as_of, calendar=calendar)
    deals = seen("opportunity")
    won = deals.filter(deals.is_won & deals.closed_at.notnull())
    touches = seen("touch")
    two_way = touches.filter(is_buyer_interaction(touches))
    ends = won.select(deal="opportunity_id", ended="closed_at")
    met = two_way.inner_join(ends, two_way.opportunity_id == ends.deal)
    # A bare closing date is the midnight it begins with: what happened later that day still led to the deal.
    return won, met.filter(met.occurred_at.truncate("D") <= met.ended).select("deal", "touch_id", "user_id")


def is_buyer_interaction(touches: ibis.Table) -> ibis.BooleanValue:
    """Inbound or two-way: the buyer acted, a meeting, or a call that lasted. A meeting is one, however many attend."""
    lasted = (touches.duration_minutes > 0).fill_null(False)
    spoken = (touches.kind == "meeting") | ((touches.kind == "call") & lasted)
    return touches.inbound.fill_null(False) | spoken
