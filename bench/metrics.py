"""Metrics over ten million opportunities against the same question in hand-written SQL, and what compiling adds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from bench.data import opportunities
from bench.harness import DATA, ROWS, Result, geartrain, median_seconds, paired_seconds, run_apart
from geartrain.services.access import operator
from geartrain.services.answers import forget
from geartrain.services.metrics import query_metrics
from geartrain.services.workspace import Workspace, open_workspace

SINCE, UNTIL = date(2022, 1, 1), date(2025, 1, 1)

# name: (metrics, dimensions, the same by hand over a table `opportunity` and `users`)
QUESTIONS = {
    "bookings and win rate by quarter": (
        ["bookings", "win_rate"],
        ["quarter"],
        """select date_trunc('quarter', closed_at) q, sum(amount) filter (is_won),
                  count(*) filter (is_won) / nullif(count(*) filter (is_closed), 0)
           from opportunity where closed_at >= '2022-01-01' and closed_at < '2025-01-01' group by q order by q""",
    ),
    "deals won by region and type": (
        ["deals_won"],
        ["region", "type"],
        """select u.region, o.type, count(*) filter (is_won)
           from opportunity o left join users u on o.owner_id = u.user_id
           where closed_at >= '2022-01-01' and closed_at < '2025-01-01' group by all order by all""",
    ),
    "pipeline created, whole window": (
        ["pipeline_created"],
        [],
        "select sum(amount) from opportunity where created_at >= '2022-01-01' and created_at < '2025-01-01'",
    ),
}


def run() -> Iterator[Result]:
    """Each question with no remembered answer, in turn with its SQL on the same files and threads."""
    ws = workspace()
    for name, (keys, by, sql) in QUESTIONS.items():
        ours, theirs = paired_seconds(lambda k=keys, b=by: _ask(ws, k, b), _by_hand(ws, sql))
        yield Result(f"metric: {name}", f"{ROWS:,} rows", ours, theirs, 1.15)
    yield Result("metric: compiling a question", "2 metrics by quarter", _compiling(ws), None, 0.005)


def workspace() -> Workspace:
    """A workspace that holds the opportunities; made once and kept."""
    folder = DATA / f"workspace-{ROWS}"
    if not (folder / "data").exists():
        run_apart(geartrain("init", str(folder)))
        run_apart(geartrain("load", str(opportunities()), "-w", str(folder), "--format", "json"))
    return open_workspace(folder)


def _ask(ws: Workspace, keys: list[str], by: list[str]) -> Any:
    forget()
    return query_metrics(ws, operator(), keys=keys, by=by, since=SINCE, until=UNTIL, as_of=UNTIL)


def _by_hand(ws: Workspace, sql: str) -> Callable[[], object]:
    snapshot = ws.warehouse.snapshot()
    con = snapshot.con.con
    for view, name in (("opportunity", "opportunity"), ("users", "user")):
        selected = str(snapshot.con.compile(snapshot.table(name)))
        con.execute(f"create or replace temp view {view} as {selected}")
    # The snapshot closes its connection when nobody holds it any longer.
    return lambda snapshot=snapshot: con.execute(sql).fetchall()


def _compiling(ws: Workspace) -> float:
    """A question over no rows costs what asking costs: reading the policy, building and compiling the expression."""

    def nothing() -> None:
        forget()
        query_metrics(
            ws, operator(), keys=["bookings", "win_rate"], by=["quarter"], since=SINCE, until=SINCE, as_of=SINCE
        )

    start = time.perf_counter()
    nothing()
    assert time.perf_counter() - start < 60
    return median_seconds(nothing)
