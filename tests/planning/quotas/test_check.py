from __future__ import annotations

import random
from decimal import Decimal

from geartrain.kernel.issues import Level
from geartrain.planning.quotas.cascade import allocate
from geartrain.planning.quotas.check import check_rows
from geartrain.planning.quotas.sheet import told
from tests.planning.quotas.sheets import laid

HIERARCHY = "node_id,parent_id,potential,is_new\nR,,,\nE,R,,\nW,R,,\nA,E,3,false\nB,E,2,true\nC,W,1,false\nD,W,5,false"
TARGETS = "product,quarter,amount\nlegacy,Q1,1000000\nlegacy,Q2,700000.55\nnew,Q1,500000\nnew,Q2,1"


def sheet(seed):
    then = "strand" if seed % 2 else "redistribute"
    plan = laid(
        HIERARCHY,
        TARGETS,
        weights=[{"measure": "potential"}],
        hedge={"by_depth": {1: "1.05", 2: "1.10"}},
        gates=[{"when": "is_new and product = 'legacy'", "then": then}],
    )
    found = allocate(plan)
    return plan, [told(r) for r in found.rows()], [told(r) for r in found.unallocated()]


def errors(plan, rows, left):
    return [i for i in check_rows(plan, rows, left, "q.json") if i.level is Level.error]


def test_what_the_cascade_gives_holds():
    for seed in (0, 1):
        assert errors(*sheet(seed)) == []


def corrupt(rng, rows, left):
    """One thing wrong, of the kinds that happen in a spreadsheet."""
    n = rng.randrange(len(rows))
    row = rows[n]
    by = rng.choice(["0.01", "-0.01", "1000", "-0.02", "100000"])
    ways = ["base", "hedged", "both", "drop", "twice", "rename", "parent", "depth", "share", "text", "cell", "swap"]
    way = rng.choice(ways + ["left"] * bool(left))
    if way in ("base", "hedged"):
        row[way] = str(Decimal(row[way]) + Decimal(by))
    elif way == "both":
        row["base"], row["hedged"] = (str(Decimal(row[k]) + Decimal(by)) for k in ("base", "hedged"))
    elif way == "drop":
        del rows[n]
    elif way == "twice":
        rows.append(dict(row))
    elif way == "rename":
        row["node_id"] += "x"
    elif way == "parent":
        row["parent_id"] = "D"
    elif way == "depth":
        row["depth"] += 1
    elif way == "share":
        row["share_of_parent"] = "0.123457"
    elif way == "text":
        row["base"] = rng.choice(["", "12,5", "1e", "0.001"])
    elif way == "cell":
        row["product"] = "lgeacy"
    elif way == "swap":
        other = rng.choice([r for r in rows if r["base"] != row["base"]])
        row["base"], other["base"] = other["base"], row["base"]
    else:
        held = rng.choice(left)
        held["amount"] = str(Decimal(held["amount"]) + Decimal(by))
    return way


def test_finds_each_of_a_thousand_corruptions():
    missed = []
    for seed in range(1000):
        plan, rows, left = sheet(seed)
        way = corrupt(random.Random(seed), rows, left)
        if not errors(plan, rows, left):
            missed.append((seed, way))
    assert missed == []
