"""The pipeline that was due in a fiscal quarter when the quarter began, and what became of it."""

from __future__ import annotations

from datetime import date

import ibis

from geartrain.facts.transforms import Tables, ViewPolicies, quarter_start, shaped
from geartrain.facts.views import opportunity_state
from geartrain.kernel.measure.when import local
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import Column, ColumnKind, RecordType

VIEW = RecordType(
    name="quarter_pipeline",
    grain="one row per opportunity and fiscal quarter that it was due in when the quarter began",
    key=("opportunity_id", "quarter_start"),
    owner="owner_id",
    happened="quarter_start",
    doc="Open deals due in a quarter at its first instant, with their amount then and whether they slipped out of it.",
    columns=(
        Column("opportunity_id", required=True, ref="opportunity"),
        Column("quarter_start", ColumnKind.day, required=True),
        Column("amount", ColumnKind.money, doc="amount when the quarter began"),
        Column("currency"),
        Column("close_date", ColumnKind.day, required=True, doc="as it stood when the quarter began"),
        Column(
            "outcome", choices=("won", "lost", "slipped", "open"), doc="by the end of the quarter or of the day seen"
        ),
        Column("stage", doc="stage when the quarter began"),
        Column("owner_id", ref="user", doc="owner when the quarter began"),
        Column("account_id", ref="account"),
        Column("type"),
        Column("product_id", ref="product"),
        Column("lead_source"),
        Column("source_function"),
    ),
)


def build(tables: Tables, *, as_of: date, calendar: FiscalCalendar, policies: ViewPolicies) -> ibis.Table:
    """Quarters that have begun by the day.

    `slipped`: at the end of the quarter it is still open, or, while the quarter runs, it is now due beyond it;
    `open`: still due in the running quarter. A deal lost in the quarter did not slip.
    """
    states = opportunity_state.build(tables, as_of=as_of, calendar=calendar, policies=policies)
    spans = states.mutate(
        starts=quarter_start(states.close_date, calendar),
        from_day=_first_midnight(states.valid_from, calendar),
        to_day=_first_midnight(states.valid_to, calendar),
    )
    due = spans.filter(
        ~spans.is_closed
        & (spans.from_day <= spans.starts)
        & (spans.to_day.isnull() | (spans.starts < spans.to_day))
        & (spans.starts <= ibis.literal(as_of))
    )
    due = due.mutate(next_start=quarter_start(due.close_date, calendar, later=1))
    later = spans.select(
        deal="opportunity_id",
        from_then="from_day",
        to_then="to_day",
        closed="is_closed",
        won="is_won",
        then="close_date",
    )
    met = due.inner_join(
        later,
        [
            due.opportunity_id == later.deal,
            later.from_then <= due.next_start,
            later.to_then.isnull() | (due.next_start < later.to_then),
        ],
    )
    over = met.next_start <= ibis.literal(as_of)
    slipped = over | (met.then >= met.next_start).fill_null(False)
    outcome = ibis.cases((met.won, "won"), (met.closed, "lost"), (slipped, "slipped"), else_="open")
    return shaped(met.mutate(outcome=outcome, quarter_start=met.starts), VIEW)


def _first_midnight(at: ibis.Value, calendar: FiscalCalendar) -> ibis.Value:
    """The first day in whose first instant a state that begins at `at` holds."""
    wall = local(at, calendar)
    day = wall.date()
    whole = wall == day.cast("timestamp(6)")
    return ibis.ifelse(whole, day, (wall + ibis.interval(days=1)).date())
