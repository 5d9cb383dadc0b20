"""Whom each won deal is credited to."""

from __future__ import annotations

from datetime import date

import ibis

from geartrain.facts.transforms import Tables, ViewPolicies, as_seen, number, shaped, share_of
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import Column, ColumnKind, RecordType

DIRECT = "direct"

VIEW = RecordType(
    name="credited_booking",
    grain="one row per won opportunity, person credited and credit type",
    key=("opportunity_id", "user_id", "credit_type"),
    owner="user_id",
    happened="closed_at",
    doc="Won amounts by the person credited: through the splits of the deal, else all to its owner.",
    columns=(
        Column("opportunity_id", required=True, ref="opportunity"),
        Column("user_id", required=True, ref="user"),
        Column(
            "credit_type", required=True, doc="direct, or what the split says; overlay is credited beside, not within"
        ),
        Column("share", ColumnKind.number, required=True),
        Column("amount", ColumnKind.money, doc="amount of the deal × share, rounded once"),
        Column("currency"),
        Column("closed_at", ColumnKind.instant, required=True),
        Column("account_id", ref="account"),
        Column("type"),
        Column("product_id", ref="product"),
    ),
)


def build(tables: Tables, *, as_of: date, calendar: FiscalCalendar, policies: ViewPolicies) -> ibis.Table:
    """Deals won by the end of the day.

    A deal with direct splits is credited by them alone; one without goes to its owner whole. Splits of other types
    stand beside. Example: 1,000 split 0.6 and 0.4 credits 600 and 400.
    """
    deals = as_seen(tables, as_of=as_of, calendar=calendar)("opportunity")
    won = deals.filter(deals.is_won & deals.closed_at.notnull())
    won = won.select(
        "opportunity_id", "owner_id", "amount", "currency", "closed_at", "account_id", "type", "product_id"
    )
    splits = tables("split").select(
        "user_id", "share", deal="opportunity_id", credit_type=ibis._.credit_type.lower().strip()
    )
    direct = splits.filter(splits.credit_type == DIRECT)
    split = won.inner_join(splits, won.opportunity_id == splits.deal)
    whole = won.filter(won.owner_id.notnull()).anti_join(direct, won.opportunity_id == direct.deal)
    whole = whole.mutate(user_id=whole.owner_id, share=number(ibis.literal(1)), credit_type=ibis.literal(DIRECT))
    columns = [c.name for c in VIEW.columns]
    rows = split.select(*columns).union(whole.select(*columns), distinct=False)
    billionths = (rows.share * 1_000_000_000).cast("int64")
    return shaped(rows.mutate(amount=share_of(rows.amount, billionths, ibis.literal(1_000_000_000, "int64"))), VIEW)
