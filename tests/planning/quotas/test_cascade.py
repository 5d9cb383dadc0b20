from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geartrain.kernel.errors import Invalid
from geartrain.planning.quotas.apportion import apportion, apportion_many, scaled_many
from geartrain.planning.quotas.cascade import allocate
from geartrain.planning.quotas.check import verify
from geartrain.planning.quotas.policy import Rails
from geartrain.planning.quotas.shares import railed
from tests.planning.quotas.sheets import POTENTIAL, laid, plans, three

HISTORY = "node_id,parent_id,history,potential\nR,,,\nA,R,400,200\nB,R,300,300\nC,R,300,500"


def by_node(plan, layer="base"):
    return {r["node_id"]: r[layer] for r in allocate(plan).rows()}


def test_largest_remainders_ties_by_id():
    assert apportion(1_000_000, [3, 3, 1]) == [428_572, 428_571, 142_857]


def test_base_and_hedged_in_thousands():
    assert by_node(three()) == {"R": 1_000_000, "A": 500_000, "B": 333_000, "C": 167_000}
    assert by_node(three(), "hedged") == {"R": 1_000_000, "A": 550_000, "B": 366_000, "C": 184_000}


def test_hedges_compound_down_the_levels():
    plan = laid(
        "node_id,parent_id\nCEO,\nVP,CEO\nM,VP\nS,M",
        "amount\n10000000",
        hedge={"compound": {1: "0.05", 2: "0.05", 3: "0.10"}},
    )
    street = by_node(plan, "hedged")["S"]
    assert street == Decimal("12127500.00")
    assert street / 10_000_000 - 1 == Decimal("0.21275")
    assert round(10_000_000 / street, 5) == Decimal("0.82457")


@pytest.mark.parametrize(
    ("alpha", "wanted"), [("1", [480, 360, 360]), ("0.5", [360, 360, 480]), ("0", [240, 360, 600])]
)
def test_mix_of_history_and_potential(alpha, wanted):
    parts = {"history": Decimal(alpha), "potential": 1 - Decimal(alpha)}
    weights = [{"measure": m, "weight": w} for m, w in parts.items() if w]
    found = by_node(laid(HISTORY, "amount\n1200", weights=weights, rounding={"unit": 1}))
    assert [found[n] for n in "ABC"] == wanted


def test_guard_rails_by_water_filling():
    plan = laid(
        "node_id,parent_id,history,w\nR,,,\nA,R,400,300\nB,R,300,300\nC,R,300,400",
        "amount\n1200",
        weights=[{"measure": "w"}],
        guard_rails={"measure": "history", "below": "0.15", "above": "0.15"},
        rounding={"unit": 1},
    )
    assert [by_node(plan)[n] for n in "ABC"] == [408, 378, 414]


positive = st.lists(st.integers(0, 50), min_size=3, max_size=3).filter(any)


@given(positive, positive)
def test_rails_hold_and_shares_sum_to_one(shares, reference):
    total = sum(reference)
    held = [Fraction(r, total) for r in reference]
    found = railed([Fraction(s) for s in shares], held, Rails(measure="x"))
    assert sum(found) == 1
    low, high = Fraction(85, 100), Fraction(115, 100)
    if all(shares):
        assert all(low * r <= f <= high * r for f, r in zip(found, held, strict=True))


def test_seasonality_spreads_targets():
    season = {"column": "quarter", "shares": {"Q1": 20, "Q2": 20, "Q3": 20, "Q4": 40}}
    found = allocate(laid("node_id,parent_id\nR,", "product,amount\nx,100000", seasonality=season))
    assert [(r["quarter"], r["base"]) for r in found.rows()] == [
        ("Q1", 20_000), ("Q2", 20_000), ("Q3", 20_000), ("Q4", 40_000)
    ]  # fmt: skip


GATED = "node_id,parent_id,potential,is_new\nR,,,\nA,R,3,false\nB,R,2,true\nC,R,1,false"


@pytest.mark.parametrize(
    ("then", "wanted", "left"),
    [
        ("redistribute", {"A": 750, "B": 0, "C": 250}, []),
        ("strand", {"A": 500, "B": 0, "C": 167}, [333]),
        ("refuse", {"A": 0, "B": 0, "C": 0}, [1000]),
    ],
)
def test_gates(then, wanted, left):
    gate = {"when": "is_new and product = 'legacy'", "then": then}
    plan = laid(GATED, "product,amount\nlegacy,1000\nnew,600", weights=POTENTIAL, gates=[gate], rounding={"unit": 1})
    sheet = allocate(plan)
    assert {n: sheet.amount(n, product="legacy") for n in "ABC"} == wanted
    assert [r["amount"] for r in sheet.unallocated()] == left
    assert {n: sheet.amount(n, product="new") for n in "ABC"} == {"A": 300, "B": 200, "C": 100}
    assert verify(plan, sheet) == []
    assert [i.code for i in sheet.issues] == {"redistribute": [], "strand": ["quota_unallocated"]}.get(
        then, ["quota_refused"]
    )


def test_siblings_without_a_measure_share_it_equally_and_an_issue_says_so():
    plan = laid("node_id,parent_id,potential\nR,,\nA,R,\nB,R,", "amount\n100", weights=POTENTIAL)
    sheet = allocate(plan)
    assert sheet.amount("A") == sheet.amount("B") == 50
    assert [(i.code, i.where) for i in sheet.issues] == [("quota_measure_empty", "h.csv:2")]


def test_new_hires_carry_the_ramped_part_of_a_year():
    ramp = {"started": "hired", "curve": ["0", "0.25", "0.5", "0.75"], "start": "2026-01-01", "end": "2027-01-01"}
    plan = laid("node_id,parent_id,hired\nR,,\nA,R,2020-01-01\nB,R,2026-04-01", "amount\n1850000", ramp=ramp)
    assert by_node(plan) == {"R": 1_850_000, "A": 1_200_000, "B": 650_000}


@pytest.mark.parametrize(
    ("hierarchy", "code"),
    [
        ("node_id,parent_id\nR,\nA,R\nA,R", "quota_node_twice"),
        ("node_id,parent_id\nR,\nA,Q", "quota_parent_unknown"),
        ("node_id,parent_id\nR,\nA,B\nB,A", "quota_node_unreached"),
        ("node_id,parent_id\nR,\n,R", "quota_node_unnamed"),
    ],
)
def test_rows_that_cannot_stand_are_left_out_and_listed(hierarchy, code):
    sheet = allocate(laid(hierarchy, "amount\n100"))
    assert code in {i.code for i in sheet.issues}
    assert sheet.amount("R") == 100


@pytest.mark.parametrize(
    ("hierarchy", "targets", "said"),
    [
        ("node,parent_id\nR,", "amount\n1", "no column node_id"),
        ("node_id,parent_id\nR,R", "amount\n1", "no top"),
        ("node_id,parent_id\nR,\nQ,", "amount\n1", "2 tops"),
        ("node_id,parent_id\nR,", "value\n1", "no column amount"),
        ("node_id,parent_id\nR,", "amount\nlots", "no target"),
    ],
)
def test_what_does_not_fit_is_refused(hierarchy, targets, said):
    with pytest.raises(Invalid, match=said):
        laid(hierarchy, targets)


@settings(max_examples=150, deadline=None)
@given(plans())
def test_every_parent_conserves_and_every_hedge_holds(plan):
    assert verify(plan, allocate(plan)) == []


totals = st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=6)
weights = st.lists(st.integers(0, 10**24), min_size=1, max_size=7).filter(any)


@settings(max_examples=300, deadline=None)
@given(totals, weights, st.sampled_from([1, 7, 1000]))
def test_many_are_split_as_each_is(totals, weights, unit):
    found = apportion_many(np.array(totals, dtype=np.int64), weights, unit)
    for column, total in enumerate(totals):
        assert found[:, column].tolist() == apportion(total, weights, unit)
        assert found[:, column].sum() == total


@given(totals, st.lists(st.integers(1, 10**6), min_size=2, max_size=4), st.sampled_from([1, 1000]))
def test_wide_amounts_are_hedged_as_narrow_ones(totals, numerators, unit):
    from geartrain.planning.quotas.apportion import _scaled_wide

    bases = np.array([totals] * len(numerators), dtype=np.int64) // 10**6
    own = np.array(numerators, dtype=np.int64)
    assert (scaled_many(bases, own, 999_983, unit) == _scaled_wide(bases, own, 999_983, unit)).all()
