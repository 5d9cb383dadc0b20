"""Buyer interactions of each seller on each won deal they worked on."""

from __future__ import annotations

from datetime import date

import ibis

from geartrain.facts.transforms import Tables, ViewPolicies, shaped
from geartrain.facts.views.deal_interaction import won_and_interactions
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import Column, ColumnKind, RecordType

VIEW = RecordType(
    name="seller_interaction",
    grain="one row per won opportunity and person who owns it or was in contact with the buyer",
    key=("opportunity_id", "user_id"),
    owner="user_id",
    happened="closed_at",
    doc="Pairs of seller and won deal with their buyer interactions; those of nobody known are in none.",
    columns=(
        Column("opportunity_id", required=True, ref="opportunity"),
        Column("user_id", required=True, ref="user"),
        Column("interactions", ColumnKind.integer, required=True, doc="up to closing; 0 for an owner who had none"),
        Column("is_owner", ColumnKind.flag, required=True),
        Column("closed_at", ColumnKind.instant, required=True),
        Column("account_id", ref="account"),
        Column("type"),
        Column("product_id", ref="product"),
    ),
)


def build(tables: Tables, *, as_of: date, calendar: FiscalCalendar, policies: ViewPolicies) -> ibis.Table:
    """Deals won by the end of the day."""
    won, met = won_and_interactions(tables, as_of=as_of, calendar=calendar)
    owners = won.filter(won.owner_id.notnull()).select(
        deal="opportunity_id", touch_id=ibis.null("string"), user_id="owner_id"
    )
    pairs = met.filter(met.user_id.notnull()).union(owners, distinct=False)
    counted = pairs.group_by("deal", "user_id").aggregate(interactions=pairs.touch_id.nunique())
    rows = counted.inner_join(
        won.drop("extra", "load_id", "recorded_at", "load_source"), counted.deal == won.opportunity_id
    )
    return shaped(rows.mutate(is_owner=(rows.user_id == rows.owner_id).fill_null(False)), VIEW)
