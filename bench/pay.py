"""Pay of 1,000 people on ten million deals: ours, by hand in DuckDB SQL, and in pandas; one change; what-ifs."""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import ibis

from bench.harness import DATA, ROWS, Result, run_apart, stated
from geartrain.incentives.engine import Work, price_component
from geartrain.incentives.engine.crediting import PLACES, Crediting, Overlay, credits_of_deals
from geartrain.incentives.engine.what_if import Payroll, Reached
from geartrain.incentives.lines import Payee, QuotaFact
from geartrain.incentives.plan import CompPlan, Tier
from geartrain.kernel.periods import FiscalCalendar

SELLERS, ENGINEERS, REGIONS, ACCOUNTS, TABLES = 900, 100, 500, 50_000, 1_000
MEMORY = "1100MB"
HUGE = 100_000_000
START, END = date(2026, 1, 1), date(2027, 1, 1)
PLAN = CompPlan.model_validate({
    "kind": "comp_plan", "key": "bench", "name": "Benchmark", "currency": "USD", "eligible": "true",
    "effective": [START, END], "target_incentive": {"annual": 120000},
    "measures": {"bookings": {"from": "opportunity", "date": "closed_at"}},
    "components": [{"key": "bookings", "measure": "bookings", "quota": {"measure": "bookings"},
                    "window": "year_to_date", "tiers": {"kind": "marginal", "basis": "quota_share"},
                    "rates": [[0, "0.5", "0.5x"], ["0.5", 1, "1.5x"], [1, "1.25", "2x"], ["1.25", None, "2.5x"]]}],
})  # fmt: skip
DEALS = """
create table deal as select
    'D' || lpad(i::varchar, 9, '0') as id, date '2026-01-01' + (hash(i) % 365)::int as "day",
    (hash(i * 7 + 1) % 1000000 / 100.0)::decimal(18, 2) as booked,
    'A' || (hash(i * 11 + 2) % {accounts}) as "key", 'R' || (hash(i * 13 + 3) % {regions}) as region
from range({rows}) t(i);
create table assignment as
    select 'A' || a as "key", 'S' || (hash(a * 3 + h) % {sellers}) as payee,
        case h when 0 then date '2026-01-01' else date '2026-07-01' end as start,
        case h when 0 then date '2026-07-01' else date '2027-01-01' end as "end"
    from range({accounts}) x(a), range(2) y(h);
create table split as
    select id, 'S' || (hash(id || p) % {half} * 2 + p) as payee, 0.5::decimal(5, 4) as share
    from deal, range(2) z(p) where hash(id) % 10 = 0;
"""


def run() -> Iterator[Result]:
    """Each in a process of its own, so that its memory is its own."""
    folder = _made(ROWS)
    ours, peak = _apart("ours", folder)
    theirs, their_peak = _apart("by_hand", folder)
    if ours["pay"] != theirs["pay"]:
        raise RuntimeError("Pay by sets and by hand differ.")
    size = f"{ROWS:,} deals"
    note = f"to the cent the same; by hand {their_peak:.2f} GiB"
    yield Result("pay, full run", size, ours["seconds"], theirs["seconds"], stated(2.0), note)
    yield Result("pay, full run, memory", size, peak, bar=stated(1.5), unit="GiB")
    yield Result("pay, one changed deal", size, ours["changed"], bar=stated(0.5), note=f"{ours['touched']} payees")
    yield Result("pay, 1,000 what-if rate tables", size, ours["what_if"], bar=stated(0.5), note="on the totals")
    small = _made(ROWS // 10)
    frames, held = _apart("frames", small)
    mine, _ = _apart("ours", small)
    if mine["pay"] != frames["pay"]:
        raise RuntimeError("Pay by sets and by pandas differ.")
    yield Result("pay, beside pandas", f"{ROWS // 10:,} deals", mine["seconds"], frames["seconds"],
                 note=f"pandas holds {held:.2f} GiB")  # fmt: skip
    if os.environ.get("BENCH_PAY_HUGE"):
        large, peak = _apart("ours", _made(HUGE))
        yield Result("pay, full run", f"{HUGE:,} deals", large["seconds"], bar=60.0)
        yield Result("pay, full run, memory", f"{HUGE:,} deals", peak, bar=4.0, unit="GiB")


def _made(rows: int) -> Path:
    """A database with the deals, whose they are, and who shares them; made once and kept."""
    DATA.mkdir(exist_ok=True)
    path, unfinished = DATA / f"pay-{rows}.duckdb", DATA / f"pay-{rows}.part"
    if not path.exists():
        unfinished.unlink(missing_ok=True)
        with duckdb.connect(str(unfinished)) as con:
            con.execute(DEALS.format(rows=rows, accounts=ACCOUNTS, regions=REGIONS, sellers=SELLERS, half=SELLERS // 2))
        unfinished.rename(path)
    return path


def _apart(what: str, path: Path) -> tuple[dict[str, Any], float]:
    said = path.with_suffix(f".{what}.json")
    _, peak = run_apart([sys.executable, "-m", "bench.pay", what, str(path)])
    return json.loads(said.read_text()), peak


def _names() -> list[str]:
    return [f"S{n}" for n in range(SELLERS)] + [f"E{n}" for n in range(ENGINEERS)]


def _quotas(rows: int) -> dict[str, int]:
    """About what everybody sells, more or less."""
    chance = random.Random(7)
    mean = rows * 5_000 // SELLERS
    return {name: int(mean * chance.uniform(0.6, 1.6)) // 1000 * 1000 or 1000 for name in _names()}


def _connected(path: Path) -> Any:
    con = ibis.duckdb.connect(":memory:", threads=2, memory_limit=MEMORY, temp_directory=str(path) + ".tmp")
    con.raw_sql(f"attach '{path}' as facts (read_only)")
    # What is kept is written to disk, as a workspace keeps it.
    kept = path.with_suffix(f".kept{os.getpid()}")
    con.raw_sql(f"attach '{kept}' as kept; use kept")
    return con, kept


def ours(path: Path) -> dict[str, Any]:
    """By the product's engine."""
    con, kept = _connected(path)
    try:
        start = time.perf_counter()
        deal, assignment, split = (con.table(n, database=("facts", "main")) for n in ("deal", "assignment", "split"))
        quotas = _quotas(deal.count().execute())

        def keep(name: str, table: ibis.Table) -> ibis.Table:
            return con.create_table(name, table, overwrite=True)

        rows = tuple((f"R{n}", f"E{n}") for n in range(ENGINEERS))
        overlay = Overlay(("region",), rows, Decimal("0.5"))
        by = Crediting(assignment, split, overlays=(overlay,), columns={"region": "string"})
        credits = keep("credit", credits_of_deals(deal, by))
        payees = [Payee(n, {}, (QuotaFact("bookings", START, END, Fraction(q)),)) for n, q in quotas.items()]
        work = Work(PLAN, PLAN.components[0], payees, credits, FiscalCalendar(), con.to_pyarrow, keep, places=PLACES)
        priced = price_component(work)
        seconds = time.perf_counter() - start
        found = {"seconds": seconds, "pay": {f"{d.payee} {d.period}": str(d.amount) for d in priced.dues}}
        return found | _changed(con, work, payees) | _what_if(priced.dues, quotas)
    finally:
        con.disconnect()
        kept.unlink()


def _changed(con: Any, work: Work, payees: list[Payee]) -> dict[str, Any]:
    """One deal is worth 1,000 more: everybody it touches is paid anew."""
    start = time.perf_counter()
    deal = "D000004711"
    touched = con.to_pyarrow(work.credits.filter(work.credits.id == deal).select("payee").distinct())["payee"]
    names = touched.to_pylist()
    mine = work.credits.filter(work.credits.payee.isin(names))
    more = mine.mutate(amount=(mine.id == deal).ifelse(mine.amount + 1000 * 10**PLACES, mine.amount))
    few = con.create_table("touched", more, overwrite=True)
    changed = Work(work.comp_plan, work.component, [p for p in payees if p.id in names], few, work.calendar,
                   work.execute, places=PLACES)  # fmt: skip
    price_component(changed)
    return {"changed": time.perf_counter() - start, "touched": len(names)}


def _what_if(dues: Any, quotas: dict[str, int]) -> dict[str, float]:
    totals: dict[str, Fraction] = dict.fromkeys(quotas, Fraction(0))
    for due in dues:
        totals[due.payee] += due.credit
    chance = random.Random(11)
    tables = [
        [Tier.model_validate(row) for row in
         ([0, "0.5", f"{chance.randint(30, 90)}e-2x"], ["0.5", "1", f"{chance.randint(110, 170)}e-2x"],
          [1, "1.25", f"{chance.randint(180, 220)}e-2x"], ["1.25", None, f"{chance.randint(220, 300)}e-2x"])]
        for _ in range(TABLES)
    ]  # fmt: skip
    start = time.perf_counter()
    payroll = Payroll([Reached(totals[n], Fraction(q), Fraction(120_000)) for n, q in quotas.items()])
    costs = [payroll.cost(table) for table in tables]
    assert len(set(costs)) > 1
    return {"what_if": time.perf_counter() - start}


BY_HAND = """
create table credit as
with owned as (
    select d.id, d."day", d.region, (d.booked * 100)::bigint as cents, a.payee
    from facts.deal d join facts.assignment a on d."key" = a."key" and d."day" >= a.start and d."day" < a."end"
), whole as (
    select * from owned where id not in (select id from facts.split)
), shared as (
    select o.id, o."day", o.region, o.cents, s.payee, (s.share * 10000)::bigint as share
    from owned o join facts.split s using (id)
    where id in (select id from facts.split group by id having sum(share) = 1)
), direct as (
    select id, "day", region, cents, payee, 10000 as share, 'direct' as type from whole
    union all select id, "day", region, cents, payee, share, 'direct' from shared
)
select id, "day", payee, type, cents * share as w from direct
union all
select id, "day", 'E' || region[2:], 'overlay', cents * 5000
from (select id, "day", region, cents from whole union select id, "day", region, cents from shared)
where region[2:]::int < {engineers};

create table slice as
with days as (
    select payee, "day", sum(w)::bigint as total, sum(greatest(w, 0))::bigint as up from credit group by all
), running as (
    select *, (sum(total) over (partition by payee order by "day") - total)::bigint as before from days
), placed as (
    select r.payee, r."day", r.before, max(t.n) as n
    from running r left join tier t on r.payee = t.payee and r.before + r.total - r.up >= t.lo
        and (t.hi is null or r.before + r.up <= t.hi)
    group by all
), lined as (
    select c.*, p.before + sum(c.w) over (partition by c.payee, c."day" order by c.id, c.type) as after
    from credit c join placed p using (payee, "day") where p.n is null
)
select c.payee, c.id, c.type, c."day", p.n, c.w as part from credit c join placed p using (payee, "day")
where p.n is not null
union all
select l.payee, l.id, l.type, l."day", t.n,
    (case when l.w < 0 then -1 else 1 end) * (
        least(greatest(l.after, l.after - l.w), coalesce(t.hi, l.after + abs(l.w)))
        - greatest(least(l.after, l.after - l.w), t.lo)
    )
from lined l join tier t on l.payee = t.payee and greatest(l.after, l.after - l.w) > t.lo
    and (t.hi is null or least(l.after, l.after - l.w) < t.hi);

create table due as
with months as (
    select payee, month("day") as m, sum(part::hugeint * rate) as worth, any_value(quota) as quota
    from slice join tier using (payee, n) group by all
), running as (
    select payee, m, quota, sum(worth) over (partition by payee order by m) as s from months
), cents as (
    select payee, m, (2 * s * 12000000 + quota * 10 * 1000000) // (2 * quota * 10 * 1000000) as c from running
)
select payee, m, c - coalesce(lag(c) over (partition by payee order by m), 0) as paid from cents;
"""


def by_hand(path: Path) -> dict[str, Any]:
    """The same in SQL, written for this one plan."""
    con, kept = _connected(path)
    try:
        start = time.perf_counter()
        rows = con.raw_sql("select count(*) from facts.deal").fetchone()[0]
        con.raw_sql("create table tier (payee varchar, n int, lo bigint, hi bigint, rate int, quota bigint)")
        values = [
            (name, n, low * quota * 10**4, high and high * quota * 10**4, rate, quota)
            for name, quota in _quotas(rows).items()
            for n, (low, high, rate) in enumerate([(0, 50, 5), (50, 100, 15), (100, 125, 20), (125, None, 25)])
        ]
        con.con.executemany("insert into tier values (?, ?, ?, ?, ?, ?)", values)
        con.raw_sql(BY_HAND.format(engineers=ENGINEERS))
        paid = con.raw_sql("select payee, m, paid from due").fetchall()
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "pay": {f"{p} 2026-{m:02}": str(Decimal(int(c)).scaleb(-2)) for p, m, c in paid}}
    finally:
        con.disconnect()
        kept.unlink()


def frames(path: Path) -> dict[str, Any]:
    """The same in pandas, in memory, each line on the running total."""
    import numpy as np
    import pandas as pd

    with duckdb.connect(str(path), read_only=True) as con:
        deal, assignment, split = (con.table(n).df() for n in ("deal", "assignment", "split"))
    start = time.perf_counter()
    quotas = _quotas(len(deal))
    deal["cents"] = (deal.booked * 100).round().astype("int64")
    owned = deal.merge(assignment, on="key")
    owned = owned[(owned.day >= owned.start) & (owned.day < owned.end)]
    parts = split[split.groupby("id").share.transform("sum").sub(1).abs() < 1e-9]
    shared = owned.drop(columns="payee").merge(parts, on="id")
    whole = owned[~owned.id.isin(split.id)]
    direct = [
        whole.assign(w=whole.cents * 10_000, type="direct"),
        shared.assign(w=shared.cents * (shared.share * 10_000).round().astype("int64"), type="direct"),
    ]
    deals = pd.concat([whole, shared]).drop_duplicates("id")
    over = deals[deals.region.str[1:].astype(int) < ENGINEERS]
    direct.append(over.assign(payee="E" + over.region.str[1:], w=over.cents * 5_000, type="overlay"))
    lines = pd.concat(direct)[["payee", "id", "type", "day", "w"]].sort_values(["payee", "day", "id", "type"])
    after = lines.groupby("payee", sort=False).w.cumsum()
    quota = lines.payee.map(quotas).astype("int64")
    worth = np.zeros(len(lines), dtype=object)
    for low, high, rate in ((0, 50, 5), (50, 100, 15), (100, 125, 20), (125, None, 25)):
        top = after if high is None else np.minimum(after, quota * high * 10**4)
        part = np.maximum(top - np.maximum(after - lines.w, quota * low * 10**4), 0)
        worth = worth + part.astype(object) * rate
    lines["worth"], lines["month"] = worth, lines.day.dt.month
    found: dict[str, str] = {}
    sums, last = dict.fromkeys(quotas, 0), dict.fromkeys(quotas, 0)
    for (payee, month), more in lines.groupby(["payee", "month"]).worth.sum().items():
        sums[payee] += more
        parts_of = quotas[payee] * 10**7
        cents = (2 * sums[payee] * 12_000_000 + parts_of) // (2 * parts_of)
        found[f"{payee} 2026-{month:02}"] = str(Decimal(int(cents - last[payee])).scaleb(-2))
        last[payee] = cents
    return {"seconds": time.perf_counter() - start, "pay": found}


if __name__ == "__main__":
    work = {"ours": ours, "by_hand": by_hand, "frames": frames}[sys.argv[1]]
    database = Path(sys.argv[2])
    database.with_suffix(f".{sys.argv[1]}.json").write_text(json.dumps(work(database)))
