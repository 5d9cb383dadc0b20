"""The open pipeline as it stood on a day, from ten million changes, against hand-written SQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb

from bench.data import changes
from bench.harness import DATA, ROWS, Result, geartrain, paired_seconds, run_apart
from geartrain.facts.transforms import ViewPolicies
from geartrain.facts.views import opportunity_as_of
from geartrain.kernel.periods import FiscalCalendar
from geartrain.services.workspace import open_workspace

DAY = date(2024, 6, 30)

# The last value of each field before the end of the day; fields without a change before it are not known.
BY_HAND = """
    with latest as (
        select opportunity_id, field, arg_max(new_value, (changed_at, recorded_at)) as value
        from change where changed_at < timestamp '2024-07-01' group by 1, 2
    ), deal as (
        select opportunity_id,
               max(value) filter (field = 'stage') as stage,
               try_cast(max(value) filter (field = 'amount') as decimal(38, 4)) as amount,
               try_cast(max(value) filter (field = 'close_date') as date) as close_date,
               max(value) filter (field = 'owner_id') as owner_id
        from latest group by 1
    )
    select count(*), sum(d.amount) from opportunity o join deal d using (opportunity_id)
    where o.created_at < timestamp '2024-07-01' and (o.closed_at is null or o.closed_at >= timestamp '2024-07-01')
"""


def run() -> Iterator[Result]:
    """A million opportunities with ten changes each: how many were open on the day, and for how much."""
    folder = DATA / f"as-of-{ROWS}"
    if not (folder / "data").exists():
        run_apart(geartrain("init", str(folder)))
        source = changes("parquet")
        _opportunities(source)
        run_apart(geartrain("load", str(source), "-w", str(folder), "--format", "json"))
    with open_workspace(folder).warehouse.snapshot() as snapshot:
        con = snapshot.con.con
        for view, name in (("change", "opportunity_change"), ("opportunity", "opportunity")):
            con.execute(f"create or replace temp view {view} as {snapshot.con.compile(snapshot.table(name))}")
        state = opportunity_as_of.build(
            snapshot.table,
            as_of=DAY,
            calendar=FiscalCalendar(),
            policies=ViewPolicies(stages=("Discovery", "Proposal")),
        )
        still_open = state.filter(~state.is_closed)
        question = still_open.aggregate(n=still_open.count(), amount=still_open.amount.sum())
        seconds, reference = paired_seconds(
            lambda: snapshot.execute(question), lambda: con.execute(BY_HAND).fetchall(), runs=3
        )
    yield Result("pipeline as of a day", f"{ROWS:,} changes", seconds, reference, 1.5)


def _opportunities(folder: Path) -> None:
    file = folder / "opportunity.parquet"
    if not file.exists():
        with duckdb.connect() as con:
            con.execute(
                f"""copy (select 'O' || i as opportunity_id, 'U' || (i % 60) as owner_id, 'Discovery' as stage,
                    (i % 9000)::decimal(38, 4) as amount, timestamp '2021-12-01' as created_at,
                    date '2024-09-30' as close_date,
                    case when i % 3 = 0 then timestamp '2024-05-01' end as closed_at, i % 3 = 0 as is_closed,
                    i % 6 = 0 as is_won from range({ROWS // 10}) t(i)) to '{file}' (format parquet)"""
            )
