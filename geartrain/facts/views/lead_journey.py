"""Each lead's way: the touches up to its conversion, the hand-off from marketing to sales, and what it became."""

from __future__ import annotations

from datetime import date

import ibis

from geartrain.facts.transforms import Tables, ViewPolicies, as_seen, days, elapsed_seconds, hours, shaped
from geartrain.facts.types.lead import RECORD
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import Column, ColumnKind, RecordType

VIEW = RecordType(
    name="lead_journey",
    grain="one row per lead",
    key=("lead_id",),
    owner="owner_id",
    happened="created_at",
    doc="Leads with their touches up to conversion, the time to the first sales touch, and the deal they led to.",
    columns=(
        *RECORD.columns,
        Column(
            "touches", ColumnKind.integer, required=True, doc="marketing and sales touches up to conversion, or so far"
        ),
        Column("marketing_touches", ColumnKind.integer, required=True, doc="of these, marketing's"),
        Column("sales_touches", ColumnKind.integer, required=True, doc="of these, sales'"),
        Column("first_touched_at", ColumnKind.instant, doc="first touch up to conversion"),
        Column("last_touched_at", ColumnKind.instant, doc="last touch up to conversion"),
        Column("touch_span_days", ColumnKind.number, doc="first touch to conversion; empty without one of them"),
        Column("marketing_touches_to_sal", ColumnKind.integer, doc="marketing touches up to acceptance by sales"),
        Column("marketing_span_days", ColumnKind.number, doc="first to last of these; empty for fewer than two"),
        Column("first_sales_touch_at", ColumnKind.instant, doc="first call, mail or meeting by sales"),
        Column("response_hours", ColumnKind.number, doc="creation to that, on the clock"),
        Column("handoff_touch_at", ColumnKind.instant, doc="first sales touch at or after mql_at"),
        Column("handoff_hours", ColumnKind.number, doc="mql_at to that"),
        Column(
            "opportunity_at", ColumnKind.instant, doc="when its opportunity was created, else when it was converted"
        ),
        Column("won_at", ColumnKind.instant, doc="when its opportunity was won"),
    ),
)

HUMAN = ("call", "email", "meeting")


def build(tables: Tables, *, as_of: date, calendar: FiscalCalendar, policies: ViewPolicies) -> ibis.Table:
    """Leads and touches up to the end of the day.

    A touch is counted once, by its id; a lead without touches has 0 of them and no span. A sales touch is one that
    a seller made: a call, mail or meeting that the buyer did not start; the lead's own first_touch_at counts too.
    """
    seen = as_seen(tables, as_of=as_of, calendar=calendar)
    leads, deals = seen("lead"), seen("opportunity")
    touches = seen("touch").filter(ibis._.lead_id.notnull())
    counted = _touched(leads, touches)
    deals = deals.select(deal="opportunity_id", deal_at="created_at", deal_won=deals.is_won, deal_closed="closed_at")
    rows = leads.left_join(counted, leads.lead_id == counted.touched).left_join(
        deals, leads.opportunity_id == deals.deal
    )
    first_sales = ibis.least(rows.sales_at, rows.first_touch_at)
    after_mql = ibis.ifelse(rows.first_touch_at >= rows.mql_at, rows.first_touch_at, ibis.null("timestamp(6)"))
    rows = rows.mutate(
        first_sales_touch_at=first_sales,
        handoff_touch_at=ibis.least(rows.sales_after_mql, after_mql),
        **{c: rows[c].fill_null(0) for c in ("touches", "marketing_touches", "sales_touches")},
    )

    def between(start: ibis.Value, end: ibis.Value) -> ibis.Value:
        return elapsed_seconds(start, end, calendar=calendar)

    return shaped(
        rows.mutate(
            touch_span_days=days(between(rows.first_touched_at, rows.converted_at)),
            marketing_touches_to_sal=ibis.ifelse(rows.sal_at.isnull(), None, rows.to_sal.fill_null(0)),
            marketing_span_days=ibis.ifelse(rows.to_sal > 1, days(between(rows.to_sal_first, rows.to_sal_last)), None),
            response_hours=hours(between(rows.created_at, rows.first_sales_touch_at)),
            handoff_hours=hours(between(rows.mql_at, rows.handoff_touch_at)),
            opportunity_at=ibis.coalesce(rows.deal_at, rows.converted_at),
            won_at=ibis.ifelse(rows.deal_won, rows.deal_closed, None),
        ),
        VIEW,
    )


def _touched(leads: ibis.Table, touches: ibis.Table) -> ibis.Table:
    """Per lead with touches: how many of which kind up to which moment of its way."""
    ends = leads.select(of="lead_id", converted="converted_at", sal="sal_at", mql="mql_at")
    met = touches.inner_join(ends, touches.lead_id == ends.of)
    at, marketing = met.occurred_at, met.function == "marketing"
    counts = met.converted.isnull() | (at <= met.converted)
    to_sal = marketing & (at <= met.sal).fill_null(False)
    sold = (met.function == "sales") & met.kind.isin(HUMAN) & ~met.inbound.fill_null(False)
    return met.group_by(touched=met.of).aggregate(
        touches=met.touch_id.nunique(where=counts),
        marketing_touches=met.touch_id.nunique(where=counts & marketing),
        sales_touches=met.touch_id.nunique(where=counts & (met.function == "sales")),
        first_touched_at=at.min(where=counts),
        last_touched_at=at.max(where=counts),
        to_sal=met.touch_id.nunique(where=to_sal),
        to_sal_first=at.min(where=to_sal),
        to_sal_last=at.max(where=to_sal),
        sales_at=at.min(where=sold),
        sales_after_mql=at.min(where=sold & (at >= met.mql)),
    )
