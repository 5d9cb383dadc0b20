"""Rules over ten million rows against the same condition in hand-written SQL, and one record at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal

from bench.data import loaded, opportunities
from bench.harness import ROWS, Result, compared, stated, views
from geartrain.kernel.rules import Rule, parse

RULES = {
    "comparison": ("is_won and amount > 10000", "is_won and amount > 10000"),
    "text and case": (
        "lower(stage) like 'closed%' and coalesce(type, 'new') in ('new', 'expansion')",
        "lower(stage) like 'closed%' and coalesce(type, 'new') in ('new', 'expansion')",
    ),
    "arithmetic": ("amount * 12 - 1000 >= 500000 or not is_closed", "amount * 12 - 1000 >= 500000 or not is_closed"),
}


def run() -> Iterator[Result]:
    """Counting the rows for which the rule holds."""
    with loaded("workspace", opportunities()).warehouse.snapshot() as snapshot:
        table, con = snapshot.table("opportunity"), views(snapshot, "opportunity")
        for name, (text, sql) in RULES.items():
            rule = parse(text)

            def ours(rule: Rule = rule) -> int:
                counted = snapshot.execute(table.filter(rule.on(table)).count().name("n").as_table())
                return counted["n"][0].as_py()

            def theirs(sql: str = sql) -> int:
                return con.execute(f"select count(*) from opportunity where {sql}").fetchall()[0][0]

            seconds, reference = compared(ours, theirs)
            yield Result(f"rule: {name}", f"{ROWS:,} rows", seconds, reference, stated(1.15))
    yield _records()


def _records(count: int = 200_000) -> Result:
    rule = parse("is_won and amount > 10000")
    record = {"is_won": True, "amount": Decimal("12000.00")}
    start = time.perf_counter()
    for _ in range(count):
        rule.evaluate(record)
    seconds = time.perf_counter() - start
    return Result("rule: one record at a time", f"{count:,} records", seconds, note=f"{count / seconds:,.0f} a second")
