"""Each deal as it stood at the end of a day."""

from __future__ import annotations

from datetime import date

import ibis

from geartrain.facts.transforms import Tables, ViewPolicies, days, elapsed_seconds, end_of, instant, shaped
from geartrain.facts.views import opportunity_state
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import Column, ColumnKind, RecordType

_STATE = opportunity_state.VIEW

VIEW = RecordType(
    name="opportunity_as_of",
    grain="one row per opportunity that existed at the end of the day",
    key=("opportunity_id",),
    owner="owner_id",
    happened="created_at",
    doc="Deals as they stood at the end of the day: stage, amount, close date, owner and category of that day.",
    columns=(
        *(c for c in _STATE.columns if c.name not in ("valid_from", "valid_to")),
        Column("state_since", ColumnKind.instant, doc="instant of the last change of any field"),
        Column("stage_since", ColumnKind.instant, doc="instant it last entered the stage it is in"),
        Column("age_days", ColumnKind.number, doc="days from creation to the end of the day; empty once closed"),
        Column("stage_days", ColumnKind.number, doc="days in the stage it is in; empty once closed"),
    ),
)


def build(tables: Tables, *, as_of: date, calendar: FiscalCalendar, policies: ViewPolicies) -> ibis.Table:
    """The last state of each deal that begins by the end of the day.

    Example: created on 2 January, on 31 January at the end of the day it is 30 days old.
    """
    states = opportunity_state.build(tables, as_of=as_of, calendar=calendar, policies=policies)
    in_order = ibis.window(group_by="opportunity_id", order_by="valid_from")
    before = states.stage.lag().over(in_order)
    moved = before.isnull() | (before != states.stage)
    stated = states.mutate(moved_at=ibis.ifelse(moved, states.valid_from, ibis.null("timestamp(6)")))
    stated = stated.mutate(stage_since=stated.moved_at.max().over(group_by="opportunity_id"))
    last = stated.filter(stated.valid_to.isnull())
    end = instant(end_of(as_of, calendar))

    def running(since: ibis.Value) -> ibis.Value:
        return ibis.ifelse(last.is_closed, None, days(elapsed_seconds(since, end, calendar=calendar)))

    aged = last.mutate(
        state_since=last.valid_from, age_days=running(last.created_at), stage_days=running(last.stage_since)
    )
    return shaped(aged, VIEW)
