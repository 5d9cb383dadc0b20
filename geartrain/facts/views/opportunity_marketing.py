"""Deals with the marketing touches that came before them."""

from __future__ import annotations

from datetime import date

import ibis

from geartrain.facts.transforms import Tables, ViewPolicies, as_seen, shaped
from geartrain.facts.types.opportunity import RECORD
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import Column, ColumnKind, RecordType

VIEW = RecordType(
    name="opportunity_marketing",
    grain="one row per opportunity",
    key=("opportunity_id",),
    owner="owner_id",
    happened="created_at",
    doc="Deals with whether marketing touched the buyer before the deal was created.",
    columns=(
        *RECORD.columns,
        Column(
            "marketing_touches_before", ColumnKind.integer, required=True, doc="through its account, leads or itself"
        ),
        Column("is_marketing_influenced", ColumnKind.flag, required=True, doc="at least one of them"),
    ),
)


def build(tables: Tables, *, as_of: date, calendar: FiscalCalendar, policies: ViewPolicies) -> ibis.Table:
    """Deals created by the end of the day. A touch counts once, however it is linked to the deal."""
    seen = as_seen(tables, as_of=as_of, calendar=calendar)
    deals, leads = seen("opportunity"), seen("lead")
    touches = seen("touch").filter(ibis._.function == "marketing")
    direct = touches.filter(touches.opportunity_id.notnull()).select("touch_id", "occurred_at", deal="opportunity_id")
    led = leads.filter(leads.opportunity_id.notnull()).select(of_lead="lead_id", deal="opportunity_id")
    by_lead = touches.inner_join(led, touches.lead_id == led.of_lead).select("touch_id", "occurred_at", "deal")
    accounts = deals.filter(deals.account_id.notnull()).select(of_account="account_id", deal="opportunity_id")
    by_account = touches.inner_join(accounts, touches.account_id == accounts.of_account)
    linked = ibis.union(direct, by_lead, by_account.select("touch_id", "occurred_at", "deal"), distinct=True)
    born = deals.select(of="opportunity_id", born="created_at")
    before = linked.inner_join(born, linked.deal == born.of).filter(ibis._.occurred_at < ibis._.born)
    counted = before.group_by(of_deal=before.deal).aggregate(n=before.touch_id.nunique())
    rows = deals.left_join(counted, deals.opportunity_id == counted.of_deal)
    n = rows.n.fill_null(0)
    return shaped(rows.mutate(marketing_touches_before=n, is_marketing_influenced=n > 0), VIEW)
