"""How long each quote took and how often what it offers was changed."""

from __future__ import annotations

from datetime import date

import ibis

from geartrain.facts.transforms import Tables, ViewPolicies, as_seen, days, elapsed_seconds, shaped
from geartrain.facts.views import quote_revision
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import Column, ColumnKind, RecordType

VIEW = RecordType(
    name="quote_cycle",
    grain="one row per quote, all its revisions together",
    key=("quote_id",),
    owner="owner_id",
    happened="requested_at",
    doc="Quotes from request to acceptance, with their material revisions and the outcome of their deal.",
    columns=(
        Column("quote_id", required=True),
        Column("opportunity_id", required=True, ref="opportunity"),
        Column("requested_at", ColumnKind.instant, required=True, doc="first revision created"),
        Column("sent_at", ColumnKind.instant, doc="first revision sent"),
        Column("accepted_at", ColumnKind.instant, doc="first acceptance of any revision"),
        Column("days_to_send", ColumnKind.number, doc="request to first sent"),
        Column(
            "proposal_days", ColumnKind.number, doc="first sent to accepted; empty where accepted before it was sent"
        ),
        Column("revisions", ColumnKind.integer, required=True, doc="revisions after the first"),
        Column("material_revisions", ColumnKind.integer, required=True, doc="of these, that changed what is offered"),
        Column("outcome", choices=("won", "lost", "open"), doc="of its deal by the end of the day"),
        Column("closed_at", ColumnKind.instant, doc="of its deal"),
        Column("owner_id", ref="user", doc="owner of its deal"),
        Column("account_id", ref="account"),
        Column("type"),
    ),
)


def build(tables: Tables, *, as_of: date, calendar: FiscalCalendar, policies: ViewPolicies) -> ibis.Table:
    """Quotes requested by the end of the day."""
    seen = as_seen(tables, as_of=as_of, calendar=calendar)
    quotes, deals = seen("quote"), seen("opportunity")
    # Quotes of a deal may be drawn up anew; each stands for itself here.
    ends = quotes.group_by("quote_id").aggregate(
        opportunity_id=quotes.opportunity_id.argmin(quotes.revision),
        requested_at=quotes.created_at.min(),
        sent_at=quotes.sent_at.min(),
        accepted_at=quotes.accepted_at.min(),
        n=quotes.count(),
    )
    changes = quote_revision.build(tables, as_of=as_of, calendar=calendar, policies=policies)
    counted = changes.group_by(of="quote_id").aggregate(material_revisions=changes.count(where=changes.is_material))
    told = deals.select("owner_id", "account_id", "type", "closed_at", "is_won", "is_closed", deal="opportunity_id")
    rows = ends.inner_join(counted, ends.quote_id == counted.of).left_join(told, ends.opportunity_id == told.deal)
    answered = elapsed_seconds(rows.sent_at, rows.accepted_at, calendar=calendar)
    return shaped(
        rows.mutate(
            days_to_send=days(elapsed_seconds(rows.requested_at, rows.sent_at, calendar=calendar)),
            proposal_days=ibis.ifelse(answered >= 0, days(answered), None),
            revisions=rows.n - 1,
            outcome=ibis.cases(
                (rows.is_won.fill_null(False), "won"), (rows.is_closed.fill_null(False), "lost"), else_="open"
            ),
        ),
        VIEW,
    )
