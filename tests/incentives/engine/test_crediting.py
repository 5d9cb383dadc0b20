"""Credits in sets: the same people, types and shares as the rules of a single deal."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import ibis
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geartrain.incentives.crediting import Deal, Staff, credits_of
from geartrain.incentives.engine.crediting import PLACES, Crediting, Overlay, credits_of_deals
from geartrain.incentives.plan import CompPlan
from geartrain.kernel.hierarchy import Hierarchy

SELLERS, REGIONS = ("ann", "bob", "cleo"), ("east", "west")
USERS = {
    "ann": {"role": "ae", "region": "east"}, "bob": {"role": "ae", "region": "west"},
    "cleo": {"role": "ae", "region": "east"}, "sol": {"role": "se", "region": "east"},
    "sam": {"role": "se", "region": "west"}, "max": {"role": "manager"}, "top": {"role": "head"},
}  # fmt: skip
ABOVE = {"ann": "max", "bob": "max", "cleo": "top", "max": "top", "top": None}
STAFF = Staff(USERS, Hierarchy(ABOVE))
CHAIN = [(seller, manager) for seller in SELLERS for manager in STAFF.hierarchy.chain(seller)[:2]]
OVERLAY = Overlay(("region",), (("east", "sol"), ("west", "sam")), Decimal("0.5"))
DAY = date(2026, 3, 1)
DEALS = pa.schema([("id", pa.string()), ("day", pa.date32()), ("booked", pa.decimal128(18, 2)), ("owner", pa.string()),
                   ("region", pa.string())])  # fmt: skip
SPLITS = pa.schema([("id", pa.string()), ("payee", pa.string()), ("share", pa.decimal128(9, 6))])


def plan(dedupe):
    return CompPlan.model_validate({
        "kind": "comp_plan", "key": "any", "name": "Any", "currency": "USD", "eligible": "role = 'ae'",
        "effective": ["2026-01-01", "2027-01-01"], "measures": {"bookings": {"from": "opportunity", "date": "day"}},
        "target_incentive": {"annual": 1},
        "components": [{"key": "sales", "measure": "bookings", "tiers": {"kind": "marginal", "basis": "amount"},
                        "rates": [[0, None, 1]]}],
        "crediting": [{"type": "direct", "to": "owner", "share": "split_or_all"},
                      {"type": "overlay", "to": "role = 'se' and region = deal.region", "share": 0.5},
                      {"type": "rollup", "to": "managers", "levels": 2, "dedupe": "opportunity" if dedupe else None}],
    })  # fmt: skip


@pytest.fixture(scope="module")
def duck():
    con = ibis.duckdb.connect(threads=1)
    yield con
    con.disconnect()


def in_sets(duck, deals, by):
    return duck.to_pyarrow(credits_of_deals(deals, by)).to_pylist()


shared = st.lists(st.tuples(st.sampled_from(SELLERS), st.sampled_from(["0.5", "0.25", "0.3"])), max_size=3)
worlds = st.lists(st.tuples(st.sampled_from(SELLERS), st.sampled_from(REGIONS), shared), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds, st.booleans())
def test_sets_credit_whom_the_rules_of_a_deal_credit(duck, world, dedupe):
    deals, splits, expected = [], [], {}
    for n, (owner, region, parts) in enumerate(world):
        name, booked = f"d{n}", Decimal(1000 + n)
        deals.append({"id": name, "day": DAY, "booked": booked, "owner": owner, "region": region})
        held: dict[str, Decimal] = {}
        for person, part in parts:
            held[person] = held.get(person, Decimal(0)) + Decimal(part)
        splits += [{"id": name, "payee": p, "share": s} for p, s in held.items()]
        deal = Deal(name, owner, {"region": region}, tuple((p, Fraction(s), "direct") for p, s in held.items()))
        for credit in credits_of(deal, STAFF, [plan(dedupe)], DAY)[0]:
            expected[name, credit.person, credit.type] = Fraction(booked) * credit.share
    by = Crediting(
        splits=ibis.memtable(pa.Table.from_pylist(splits, SPLITS)), eligible=frozenset(SELLERS), overlays=(OVERLAY,),
        chains=CHAIN, dedupe=dedupe, columns={"region": "string"},
    )  # fmt: skip
    found = in_sets(duck, ibis.memtable(pa.Table.from_pylist(deals, DEALS)), by)
    assert {(r["id"], r["payee"], r["type"]): Fraction(r["amount"], 10**PLACES) for r in found} == expected
    assert len(found) == len(expected)


def test_a_deal_is_credited_by_the_assignment_of_its_day(duck):
    schema = {"id": "string", "day": "date", "booked": "decimal(18, 2)", "key": "string"}
    days = [date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 1)]
    rows = {"id": ["a", "b", "c"], "day": days, "booked": [Decimal("1.00")] * 3, "key": ["k", "k", "none"]}
    deals = ibis.memtable(rows, schema=schema)
    held = ibis.memtable({"key": ["k", "k"], "payee": ["ann", "bob"], "start": [date(2026, 1, 1), date(2026, 2, 1)],
                          "end": [date(2026, 2, 1), date(2027, 1, 1)]},
                         schema={"key": "string", "payee": "string", "start": "date", "end": "date"})  # fmt: skip
    found = in_sets(duck, deals, Crediting(assignments=held))
    assert {r["id"]: r["payee"] for r in found} == {"a": "ann", "b": "bob"}
