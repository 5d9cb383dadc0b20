"""Pay: deals to statements in sets, beside the same by hand in DuckDB SQL and in pandas; one changed deal."""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from bench.harness import DATA, ROWS, Result, stated

SELLERS, OVERLAYS, TABLES = 900, 100, 1_000
CHANGED = "d000000010"
HUGE = 100_000_000  # with BENCH_PAY_HUGE=1: it needs minutes and 10 GB of disk
LIMITS = {"threads": 2, "memory_limit": "900MB", "preserve_insertion_order": False}
FIRST, MIDDLE, LAST = date(2026, 1, 1), date(2026, 7, 1), date(2027, 1, 1)
TIERS = [[0, "0.5", "0.5x"], ["0.5", 1, "1.5x"], [1, "1.25", "2x"], ["1.25", None, "2.5x"]]
Statements = dict[str, int]  # "payee/period" to cents


def run() -> Iterator[Result]:
    """Each in a process of its own, so that its memory is its own; results are compared before times are told."""
    home = deals(ROWS)
    mine, by_hand, panda = (_apart(what, home) for what in ("ours", "hand", "pandas"))
    for name, other in (("by hand", by_hand), ("pandas", panda)):
        if other["pay"] != mine["pay"]:
            raise RuntimeError(f"Pay in sets and {name} differ: {_difference(mine['pay'], other['pay'])}")
    size, held = f"{ROWS:,} × 1,000", f"{len(mine['pay']):,} sums of pay alike to the cent"
    note = f"{held}; {mine['slices']:,} slices kept"
    yield Result("pay, deals to statements", size, mine["seconds"], by_hand["seconds"], stated(2), note)
    yield Result("pay, deals to statements, memory", size, mine["peak"], bar=stated(1.5), unit="GiB",
                 note=f"by hand {by_hand['peak']:.2f} GiB")  # fmt: skip
    yield Result("pay beside pandas", size, mine["seconds"], panda["seconds"], note=f"{panda['peak']:.2f} GiB")
    yield Result("pay, 1,000 what-if rate tables", size, mine["what_if"], bar=stated(0.5), note="on everybody's totals")
    yield Result("pay, one changed deal", size, mine["changed"], bar=stated(0.5), note="those it touches, priced again")
    if os.environ.get("BENCH_PAY_HUGE"):
        huge = _apart("ours", deals(HUGE))
        yield Result("pay, deals to statements", f"{HUGE:,} × 1,000", huge["seconds"], bar=60)
        yield Result("pay, deals to statements, memory", f"{HUGE:,} × 1,000", huge["peak"], bar=4, unit="GiB")


def _difference(mine: Statements, other: Statements) -> list[tuple[str, int | None, int | None]]:
    return [(k, mine.get(k), other.get(k)) for k in sorted({*mine, *other}) if mine.get(k) != other.get(k)][:3]


def _apart(what: str, home: Path) -> dict[str, Any]:
    root = Path(__file__).resolve().parents[1]
    command = [sys.executable, "-m", "bench.pay", what, str(home)]
    env = os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])


def deals(rows: int) -> Path:
    """Files of deals, splits (every tenth deal, 60/40) and assignments (each territory changes hands in July)."""
    import duckdb

    home = (DATA / f"pay-{rows}").resolve()
    if (home / "ready").exists():
        return home
    home.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(config=LIMITS)
    con.execute(f"""
        copy (select 'd' || lpad(n::text, 9, '0') id, date '2026-01-01' + (hash(n) % 365)::int as day,
              (((hash(n, 1) % 300000 + 1) / 100)::decimal(18, 2)) booked,
              'k' || lpad((hash(n, 2) % {SELLERS})::text, 3, '0') as key,
              'r' || lpad((hash(n, 3) % {OVERLAYS})::text, 2, '0') region,
              case when hash(n, 4) % 5 = 0 then 'new' else 'old' end family from range({rows}) t(n))
        to '{home}/deals.parquet'""")
    con.execute(f"""
        copy (select 'd' || lpad(n::text, 9, '0') id, 's' || lpad(((hash(n, 5) + which * 7) % {SELLERS})::text, 3, '0')
              payee, share::decimal(5, 4) share
              from range(0, {rows}, 10) t(n), (values (0, 0.6), (1, 0.4)) w(which, share))
        to '{home}/splits.parquet'""")
    con.execute(f"""
        copy (select 'k' || lpad(n::text, 3, '0') as key,
              's' || lpad(((n + late) % {SELLERS})::text, 3, '0') payee, since as start, till as "end"
              from range({SELLERS}) t(n), (values (0, date '{FIRST}', date '{MIDDLE}'),
                                                  (1, date '{MIDDLE}', date '{LAST}')) w(late, since, till))
        to '{home}/assignments.parquet'""")
    (home / "ready").write_text(str(rows))
    return home


def _limits(home: Path) -> dict[str, Any]:
    """What the database may take: within the bar of the size."""
    return LIMITS | {"memory_limit": "3GB"} if home.name == f"pay-{HUGE}" else LIMITS


def quotas(rows: int) -> dict[str, int]:
    """A whole quota a payee, around what they will be credited with."""
    usual = max(rows * 3 // 2, SELLERS)
    sellers = {f"s{n:03}": max(usual * (70 + n % 60) // 80_000, 1) * 100 for n in range(SELLERS)}
    return sellers | {f"e{n:02}": max(usual * (70 + n % 60) // 80_000, 1) * 100 for n in range(OVERLAYS)}


def ours(home: Path) -> dict[str, Any]:
    """With the engine: credits and slices written down, statements summed."""
    import ibis

    from geartrain.incentives.engine import price_component

    con = ibis.duckdb.connect(**_limits(home))
    out = _fresh(home / "ours")

    def keep(name: str, table: Any) -> Any:
        path = out / f"{name}.parquet"
        con.to_parquet(table, path, compression="lz4", dictionary_size_limit=5000)
        return con.read_parquet(path)

    start = time.perf_counter()
    credits = _credits(con, home, keep)
    work = _work(con, home, credits, keep)
    priced = price_component(work)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    pay = {f"{d.payee}/{d.period}": int(d.amount * 100) for d in priced.dues}
    slices = con.read_parquet([out / "slice.parquet", out / "slice_crossing.parquet"]).count().execute()
    found = {"pay": pay, "seconds": seconds, "peak": peak, "slices": int(slices), "what_if": _what_if(work, priced)}
    return found | {"changed": _changed(con, work, priced)}


def _what_if(work: Any, priced: Any) -> float:
    """Seconds to say what a thousand rate tables would cost, from what everybody has been credited."""
    from geartrain.incentives.engine.what_if import Payroll, Reached
    from geartrain.incentives.plan import Tier

    credited: dict[str, Fraction] = dict.fromkeys((p.id for p in work.payees), Fraction(0))
    for due in priced.dues:
        credited[due.payee] += due.credit
    chance = random.Random(11)
    edges = [0, "0.5", 1, "1.25", None]
    spans = [(30, 90), (110, 170), (180, 220), (220, 300)]
    tables = [
        [Tier.model_validate([edges[n], edges[n + 1], f"{chance.randint(*span)}e-2x"]) for n, span in enumerate(spans)]
        for _ in range(TABLES)
    ]
    start = time.perf_counter()
    target = Fraction(96_000)
    payroll = Payroll([Reached(credited[p.id], p.quotas[0].amount, target) for p in work.payees])
    costs = [payroll.cost(table) for table in tables]
    seconds = time.perf_counter() - start
    if len(set(costs)) < TABLES // 2:
        raise RuntimeError("Different tables cost the same.")
    return seconds


def _changed(con: Any, work: Any, before: Any) -> float:
    """Seconds to price again those whom one deal touches, after it has grown; everybody else's pay stands."""
    from dataclasses import replace

    from geartrain.incentives.engine import price_again

    start = time.perf_counter()
    credits = work.credits
    rows = con.to_pyarrow(credits.filter(credits.id == CHANGED).select("payee").distinct())
    mine = credits.filter(credits.payee.isin(rows["payee"].to_pylist()))
    grown = (mine.id == CHANGED).ifelse(mine.amount * 2, mine.amount)
    con.create_table("touched", mine.mutate(amount=grown), temp=True, overwrite=True)
    again = price_again(replace(work, credits=con.table("touched")), before, {CHANGED})
    seconds = time.perf_counter() - start
    if again == before or len(again.dues) != len(before.dues):
        raise RuntimeError("The changed deal changed nobody's pay.")
    return seconds


def _credits(con: Any, home: Path, keep: Callable[[str, Any], Any]) -> Any:
    from geartrain.incentives.engine.crediting import Crediting, Overlay, credits_of_deals

    rows = tuple((f"r{n:02}", "new", f"e{n:02}") for n in range(OVERLAYS))
    by = Crediting(
        con.read_parquet(home / "assignments.parquet"),
        con.read_parquet(home / "splits.parquet"),
        overlays=(Overlay(("region", "family"), rows, Decimal("0.5")),),
        columns={"region": "string", "family": "string"},
    )
    # What the plan's conditions do not read is not written down.
    return credits_of_deals(
        con.read_parquet(home / "deals.parquet"),
        by,
        lambda name, part: keep(name, part.drop("region", "family", "booked")),
    )


def _work(con: Any, home: Path, credits: Any, keep: Callable[[str, Any], Any]) -> Any:
    from geartrain.incentives.engine import Work
    from geartrain.incentives.engine.crediting import PLACES
    from geartrain.incentives.lines import Payee, QuotaFact
    from geartrain.incentives.plan import CompPlan
    from geartrain.kernel.periods import FiscalCalendar

    plan = CompPlan.model_validate({
        "kind": "comp_plan", "key": "bench", "name": "Bench", "currency": "USD", "eligible": "true",
        "effective": [FIRST, LAST], "target_incentive": {"annual": 120_000},
        "measures": {"bookings": {"from": "opportunity", "date": "day"}},
        "components": [{"key": "bookings", "weight": "0.8", "measure": "bookings", "quota": {"measure": "bookings"},
                        "tiers": {"kind": "marginal", "boundary": "lower_inclusive"}, "rates": TIERS}],
    })  # fmt: skip
    size = int((home / "ready").read_text())
    payees = [Payee(p, {}, (QuotaFact("bookings", FIRST, LAST, Fraction(q)),)) for p, q in quotas(size).items()]
    return Work(plan, plan.components[0], payees, credits, FiscalCalendar(), con.to_pyarrow, keep, places=PLACES)


def _fresh(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    return folder


CREDITS_BY_HAND = """
    create temp view owned as select d.*, a.payee from '{home}/deals.parquet' d
        join '{home}/assignments.parquet' a on d.key = a.key and d.day >= a.start and d.day < a."end";
    copy (
        with shared as (select id, payee, share from '{home}/splits.parquet'
                        where id in (select id from '{home}/splits.parquet' group by id having sum(share) = 1))
        select id, day, payee, 'direct' as type, (booked * 1000000)::bigint w from owned
            where id not in (select id from '{home}/splits.parquet')
        union all
        select d.id, d.day, s.payee, 'direct', (d.booked * 100)::bigint * (s.share * 10000)::bigint
            from '{home}/deals.parquet' d join shared s on d.id = s.id
        union all
        select id, day, 'e' || substr(region, 2), 'overlay', (booked * 500000)::bigint
            from '{home}/deals.parquet' where family = 'new'
    ) to '{out}/credit.parquet';
"""
SLICES_BY_HAND = """
    create temp table days as
        select payee, day, before, total, (select count(*) from bands b where b.payee = x.payee and b.hi <= before) n,
               coalesce((select min(hi) from bands b where b.payee = x.payee and b.hi > before) < before + total, false)
                   crossing
        from (select payee, day, total, (sum(total) over (partition by payee order by day))::bigint - total as before
              from (select payee, day, sum(w)::bigint total from '{out}/credit.parquet' group by all)) x;
    copy (
        select c.payee, c.id, c.type, c.day, d.n + 1 as n, w part from '{out}/credit.parquet' c
            join days d on c.payee = d.payee and c.day = d.day where not crossing
        union all
        select l.payee, l.id, l.type, l.day, b.n, least(l.after, coalesce(b.hi, l.after)) - greatest(l.after - w, b.lo)
        from (select c.*, d.before + (sum(w) over (partition by c.payee, c.day order by id, type))::bigint as after
              from '{out}/credit.parquet' c join days d on c.payee = d.payee and c.day = d.day where crossing) l
            join bands b on l.payee = b.payee and l.after > b.lo and (b.hi is null or l.after - l.w < b.hi)
    ) to '{out}/slice.parquet';
"""
PAY_BY_HAND = """
    select payee || '/' || period, ((48 * s + 5 * quota) // (10 * quota) - (48 * (s - now) + 5 * quota) // (10 * quota))
    from (select payee, period, now, quota, sum(now) over (partition by payee order by period) s
          from (select payee, strftime(day, '%Y-%m') period, sum(part::hugeint * (case n when 1 then 1 when 2 then 3
                    when 3 then 4 else 5 end)) now from '{out}/slice.parquet' group by all) join quotas using (payee))
"""


def hand(home: Path) -> dict[str, Any]:
    """The best we know to write for this one plan: whole millionths of a dollar; twice the multiple of a tier."""
    import duckdb

    con = duckdb.connect(config=LIMITS)
    names = {"home": home, "out": _fresh(home / "hand")}
    held = quotas(int((home / "ready").read_text()))
    start = time.perf_counter()
    con.execute("create temp table quotas (payee text, quota bigint)")
    con.execute("insert into quotas select unnest(?), unnest(?)", [list(held), list(held.values())])
    con.execute("""create temp table bands as select payee, n, lo * quota * 250000 lo, hi * quota * 250000 hi
        from quotas, (values (1, 0, 2), (2, 2, 4), (3, 4, 5), (4, 5, null)) t(n, lo, hi)""")
    con.execute(CREDITS_BY_HAND.format(**names))
    con.execute(SLICES_BY_HAND.format(**names))
    pay = {key: int(cents) for key, cents in con.execute(PAY_BY_HAND.format(**names)).fetchall()}
    seconds = time.perf_counter() - start
    return {"pay": pay, "seconds": seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}


def frames(home: Path) -> dict[str, Any]:
    """The same with pandas: whole numbers, the running total of every line, the pay of it as F(X + c) − F(X)."""
    import numpy as np
    import pandas as pd

    held = pd.Series(quotas(int((home / "ready").read_text())))
    start = time.perf_counter()
    deals, splits, assigned = (pd.read_parquet(home / f"{n}.parquet") for n in ("deals", "splits", "assignments"))
    deals["day"] = deals["day"].astype("datetime64[s]")
    deals["cents"] = (deals.pop("booked") * 100).astype("int64")
    splits["part"] = (splits.pop("share") * 10_000).astype("int64")
    late = pd.to_datetime(assigned["start"]) >= pd.Timestamp(MIDDLE)
    owner = np.where(
        deals["day"] >= pd.Timestamp(MIDDLE),
        deals["key"].map(assigned[late].set_index("key")["payee"]),
        deals["key"].map(assigned[~late].set_index("key")["payee"]),
    )
    alone = ~deals["id"].isin(splits["id"])
    new = deals["family"] == "new"
    shared = deals.merge(splits[splits.groupby("id")["part"].transform("sum") == 10_000], on="id")
    parts = [
        pd.DataFrame({"payee": owner, "id": deals["id"], "day": deals["day"], "w": deals["cents"] * 10_000})[alone],
        pd.DataFrame({"payee": shared["payee"], "id": shared["id"], "day": shared["day"],
                      "w": shared["cents"] * shared["part"]}),
        pd.DataFrame({"payee": "e" + deals["region"].str[1:], "id": deals["id"], "day": deals["day"],
                      "w": deals["cents"] * 5_000})[new],
    ]  # fmt: skip
    lines = pd.concat(parts).sort_values(["payee", "day", "id"], kind="stable", ignore_index=True)
    after = lines.groupby("payee")["w"].cumsum()
    unit = lines["payee"].map(held) * 250_000
    lines["due"] = 0
    for low, high, twice in ((0, 2, 1), (2, 4, 3), (4, 5, 4), (5, None, 5)):
        top, bottom = (after, after - lines["w"]) if high is None else (
            np.minimum(after, unit * high), np.minimum(after - lines["w"], unit * high))  # fmt: skip
        lines["due"] += twice * (np.maximum(top, unit * low) - np.maximum(bottom, unit * low))
    months = lines.groupby(["payee", lines["day"].dt.strftime("%Y-%m")])["due"].sum()
    total = months.groupby(level=0).cumsum()
    quota = total.index.get_level_values(0).map(held)
    paid = (48 * total + 5 * quota) // (10 * quota) - (48 * (total - months) + 5 * quota) // (10 * quota)
    pay = {f"{payee}/{month}": int(cents) for (payee, month), cents in paid.items()}
    seconds = time.perf_counter() - start
    return {"pay": pay, "seconds": seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}


if __name__ == "__main__":
    print(json.dumps({"ours": ours, "hand": hand, "pandas": frames}[sys.argv[1]](Path(sys.argv[2]))))
