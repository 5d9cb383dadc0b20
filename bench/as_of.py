"""The open pipeline as it stood on a day, from ten million changes, against hand-written SQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from bench.data import history, loaded
from bench.harness import ROWS, Result, compared, views
from geartrain.facts.transforms import ViewPolicies
from geartrain.facts.views import opportunity_as_of
from geartrain.kernel.periods import FiscalCalendar

DAY = date(2024, 6, 30)

# Of each field the last value before the end of the day, else what it was before its first change, as the view says.
BY_HAND = """
    with held as (
        select opportunity_id, field, arg_min(old_value, changed_at) as base,
               arg_max(new_value, changed_at) filter (changed_at < timestamp '2024-07-01') as value
        from opportunity_change group by 1, 2
    ), deal as (
        select opportunity_id,
               max(coalesce(value, base)) filter (field = 'stage') as stage,
               try_cast(max(coalesce(value, base)) filter (field = 'amount') as decimal(38, 4)) as amount,
               try_cast(max(coalesce(value, base)) filter (field = 'close_date') as date) as close_date,
               max(coalesce(value, base)) filter (field = 'owner_id') as owner_id,
               max(coalesce(value, base)) filter (field = 'forecast_category') as forecast_category
        from held group by 1
    )
    select d.stage, count(*), sum(d.amount) from opportunity o join deal d using (opportunity_id)
    where o.created_at < timestamp '2024-07-01' and (o.closed_at is null or o.closed_at >= timestamp '2024-07-01')
    group by 1 order by 1
"""


def run() -> Iterator[Result]:
    """A tenth as many opportunities: how many were open on the day in each stage, and for how much."""
    with loaded("history-workspace", history()).warehouse.snapshot() as snapshot:
        con = views(snapshot, "opportunity", "opportunity_change")
        state = opportunity_as_of.build(
            snapshot.table,
            as_of=DAY,
            calendar=FiscalCalendar(),
            policies=ViewPolicies(stages=("Discovery", "Proposal")),
        )
        still = state.filter(~state.is_closed)
        question = still.group_by("stage").aggregate(n=still.count(), amount=still.amount.sum()).order_by("stage")
        seconds, reference = compared(
            lambda: [tuple(row.values()) for row in snapshot.execute(question).to_pylist()],
            lambda: con.execute(BY_HAND).fetchall(),
            runs=3,
        )
    yield Result("pipeline as of a day", f"{ROWS:,} changes", seconds, reference)
