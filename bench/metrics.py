"""Metrics over ten million opportunities against the same question in hand-written SQL, and what compiling adds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from bench.data import loaded, opportunities
from bench.harness import ROWS, Result, compared, stated, views
from geartrain.kernel.measure import query
from geartrain.services.access import operator
from geartrain.services.answers import answers
from geartrain.services.measures.metrics import metrics_in, query_metrics
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import open_facts
from geartrain.services.records.sources import source_of
from geartrain.services.workspace import Workspace

SINCE, UNTIL = date(2022, 1, 1), date(2025, 1, 1)
CLOSED = "closed_at >= timestamp '2022-01-01' and closed_at < timestamp '2025-01-01'"

# name: (metrics, dimensions, the same by hand over views `opportunity` and `user`)
QUESTIONS = {
    "bookings and win rate by quarter": (
        ["bookings", "win_rate"],
        ["quarter"],
        f"""select year(closed_at) || 'Q' || quarter(closed_at) q, sum(amount) filter (is_won),
                   count(*) filter (is_won) / nullif(count(*) filter (is_closed), 0)
            from opportunity where {CLOSED} group by q order by q""",
    ),
    "deals won by region and type": (
        ["deals_won"],
        ["region", "type"],
        f"""select u.region, o.type, count(*) filter (is_won)
            from opportunity o left join "user" u on o.owner_id = u.user_id where {CLOSED} group by all order by all""",
    ),
    "pipeline created, whole window": (
        ["pipeline_created"],
        [],
        f"select sum(amount) from opportunity where {CLOSED.replace('closed_at', 'created_at')}",
    ),
}


def run() -> Iterator[Result]:
    """Each question with no remembered answer, in turn with its SQL on the same files and threads."""
    ws = loaded("workspace", opportunities())
    with ws.warehouse.snapshot() as snapshot:
        con = views(snapshot, "opportunity", "user")
        for name, (keys, by, sql) in QUESTIONS.items():

            def ours(keys: list[str] = keys, by: list[str] = by) -> list[tuple[Any, ...]]:
                return _asked(ws, keys, by)

            def theirs(sql: str = sql) -> list[tuple[Any, ...]]:
                return _plain(con.execute(sql).fetchall())

            seconds, reference = compared(ours, theirs)
            yield Result(f"metric: {name}", f"{ROWS:,} rows", seconds, reference, stated(1.15))
        yield from _overhead(ws, con)


def _asked(
    ws: Workspace, keys: list[str], by: list[str], *, window: tuple[date, date] = (SINCE, UNTIL)
) -> list[tuple[Any, ...]]:
    answers.forget()
    answer = query_metrics(ws, operator(), keys=keys, by=by, since=window[0], until=window[1], as_of=UNTIL)
    return _plain(answer.rows)


def _plain(rows: Any) -> list[tuple[Any, ...]]:
    """Text as it is, numbers to nine significant digits: a ratio is a decimal on one side, a float on the other."""
    return sorted(tuple(v if isinstance(v, str) else f"{float(v):.9g}" for v in row) for row in rows)


def _overhead(ws: Workspace, con: Any) -> Iterator[Result]:
    """A question over a year without facts, less the time its SQL takes: to the metric kernel, and to the use case.

    The use case also reads the policies in force, pins a state of the warehouse and looks up who asks.
    """
    keys, by, sql = QUESTIONS["bookings and win rate by quarter"]
    since, until = date(1999, 1, 1), date(2000, 1, 1)
    policies = current_policies(ws)
    metrics = metrics_in(policies)

    def theirs() -> list[tuple[Any, ...]]:
        return con.execute(sql.replace("2022-01-01", str(since)).replace("2025-01-01", str(until))).fetchall()

    with open_facts(ws, operator(), as_of=UNTIL) as facts:

        def kernel() -> list[tuple[Any, ...]]:
            source = source_of(facts, policies)
            return list(query(source, metrics, keys=keys, by=by, since=since, until=until, as_of=UNTIL).rows)

        took, reference = compared(kernel, theirs, runs=25)
    note = f"asked in {took * 1000:.1f} ms, its SQL in {reference * 1000:.1f} ms"
    yield Result("metric: what compiling adds", "2 metrics by quarter", took - reference, bar=0.005, note=note)
    took, reference = compared(lambda: _asked(ws, keys, by, window=(since, until)), theirs, runs=25)
    note = f"asked in {took * 1000:.1f} ms, its SQL in {reference * 1000:.1f} ms"
    yield Result("metric: what the use case adds", "2 metrics by quarter", took - reference, note=note)
