from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geartrain.kernel.errors import Conflict, GeartrainError, Invalid
from geartrain.planning.quotas.asked import Edit
from geartrain.planning.quotas.cascade import allocate
from geartrain.planning.quotas.check import verify, verify_edit
from geartrain.planning.quotas.editing import edit
from geartrain.planning.quotas.fitting import fit
from tests.planning.quotas.sheets import laid, plans, three


def after(*edits, layer="base", plan=None):
    plan = plan or three()
    found = edit(plan, allocate(plan), [Edit.model_validate(e) for e in edits]).sheet
    assert verify(plan, found) == []
    return [found.amount(n, layer) for n in "ABC"]


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"pin": "C", "base": 200_000}, [480_000, 320_000, 200_000]),
        ({"pin": "C", "hedged": 220_000}, [480_000, 320_000, 200_000]),
        ({"transfer": 10_000, "from": "A", "to": "C"}, [490_000, 333_000, 177_000]),
        ({"redistribute": "A"}, [0, 667_000, 333_000]),
        ({"redistribute": "A", "amount": 50_000}, [450_000, 367_000, 183_000]),
        ({"concentrate": "B"}, [0, 1_000_000, 0]),
        ({"concentrate": "A", "amount": 50_000}, [550_000, 300_000, 150_000]),
        ({"resplit": "R", "measure": "equal"}, [334_000, 333_000, 333_000]),
        ({"fit": "R", "totals": {"A": 400_000}}, [400_000, 400_000, 200_000]),
        ({"freeze": "A"}, [500_000, 333_000, 167_000]),
    ],
)
def test_one_edit(asked, wanted):
    assert after(asked) == wanted


def test_frozen_nodes_do_not_move():
    assert after({"freeze": "A"}, {"pin": "C", "base": 0}) == [500_000, 500_000, 0]


def test_hedge_ratios_survive():
    assert after({"pin": "C", "base": 200_000}, layer="hedged") == [528_000, 352_000, 220_000]


def test_bottom_up_kept():
    plan = laid("node_id,parent_id,w\nR,,\nA,R,50\nB,R,30\nC,R,20", "amount\n1000000", weights=[{"measure": "w"}])
    assert after({"pin": "C", "base": 300_000}, plan=plan) == [437_500, 262_500, 300_000]


def test_what_cannot_be_absorbed_is_reported_with_the_slack():
    plan = three()
    asked = [Edit.model_validate({"pin": n, "base": b}) for n, b in (("A", 900_000), ("B", 200_000))]
    found = edit(plan, allocate(plan), asked).sheet
    assert [(r["node_id"], r["amount"]) for r in found.unallocated()] == [("R", -100_000)]
    assert "quota_edit_not_absorbed" in {i.code for i in found.issues}
    assert verify(plan, found) == []


@pytest.mark.parametrize(
    "edits",
    [
        [{"pin": "A", "base": 1}, {"pin": "A", "base": 2}],
        [{"freeze": "A"}, {"transfer": 1000, "from": "A", "to": "B"}],
        [{"concentrate": "A"}, {"pin": "A", "base": 2}],
        [{"concentrate": "A"}, {"concentrate": "B"}],
    ],
)
def test_edits_that_contradict_each_other_are_refused(edits):
    with pytest.raises(Conflict):
        after(*edits)


@pytest.mark.parametrize(
    "asked",
    [
        {"pin": "R", "base": 1},
        {"pin": "Z", "base": 1},
        {"pin": "A", "base": -1},
        {"pin": "A", "base": 1, "cell": {"product": "x"}},
        {"resplit": "A", "measure": "potential"},
        {"resplit": "R", "measure": "nope"},
        {"transfer": 1, "from": "R", "to": "A"},
        {"fit": "R", "totals": {"A": 1_000, "B": 1_000, "C": 1_000}},
    ],
)
def test_edits_of_what_is_not_there_are_refused(asked):
    with pytest.raises(Invalid):
        after(asked)


def test_fit_meets_totals_both_ways():
    assert fit([[1, 1], [1, 1]], [30, 70], [40, 60]) == [[12, 18], [28, 42]]


tables = st.lists(st.lists(st.integers(1, 50), min_size=3, max_size=3), min_size=2, max_size=4)


@settings(deadline=None, max_examples=60)
@given(tables, tables)
def test_fit_is_exact(seed, other):
    size = min(len(seed), len(other))
    rows, columns = [sum(r) for r in other[:size]], [sum(c) for c in zip(*other[:size], strict=True)]
    found = fit(seed[:size], rows, columns)
    assert [sum(r) for r in found] == rows
    assert [sum(c) for c in zip(*found, strict=True)] == columns


def drawn(plan, seed):
    """Up to five edits of a plan, of every verb but those that would name a top."""
    rng = random.Random(seed)
    below = [n for n, p in enumerate(plan.tree.parent) if p >= 0]
    found = []
    for _ in range(rng.randint(1, 5)):
        node, other = (plan.tree.ids[rng.choice(below)] for _ in range(2))
        cell = {"c": rng.choice(plan.cells.keys)[0]}
        amount = rng.choice([0, 1000, 50_000])
        above = plan.tree.ids[plan.tree.parent[plan.tree.find(node)]]
        asked = rng.choice(
            [
                {"pin": node, "base": amount},
                {"pin": node, "hedged": amount},
                {"transfer": 1000, "from": node, "to": other},
                {"redistribute": node},
                {"redistribute": node, "amount": 1000},
                {"concentrate": node},
                {"freeze": node},
                {"resplit": above, "measure": "prior"},
            ]
        )
        try:
            found.append(Edit.model_validate({**asked, "cell": cell}))
            edit(plan, allocate(plan), found)
        except (GeartrainError, ValueError):
            found = found[:-1] if found and len(found) > 1 else []
    return found


def same(one, other):
    return np.array_equal(one.base, other.base) and np.array_equal(one.hedged, other.hedged) and one.left == other.left


@settings(max_examples=150, deadline=None)
@given(plans(), st.integers(0, 10**9))
def test_laws_of_editing(plan, seed):
    sheet = allocate(plan)
    edits = drawn(plan, seed)
    found = edit(plan, sheet, edits)
    # Parents conserve and hedge ratios survive.
    assert verify(plan, found.sheet) == []
    assert verify_edit(plan, found) == []
    # The order does not matter.
    shuffled = list(edits)
    random.Random(seed).shuffle(shuffled)
    assert same(edit(plan, sheet, shuffled).sheet, found.sheet)
    # Undo is leaving the edit out; the sheet the policy gave is not changed by editing.
    assert same(edit(plan, sheet, []).sheet, sheet)
    assert same(allocate(plan), sheet)
    # What no edit touches stays.
    touched = {(k, c) for p, cells in found.touched for k in plan.tree.children(p) for c in cells}
    changed = zip(*np.nonzero(found.sheet.base != sheet.base), strict=True)
    assert {(int(n), int(c)) for n, c in changed} <= touched


@settings(max_examples=60, deadline=None)
@given(plans(), st.integers(0, 10**9))
def test_a_transfer_and_its_reverse_change_nothing(plan, seed):
    rng = random.Random(seed)
    below = [n for n, p in enumerate(plan.tree.parent) if p >= 0]
    giver, taker = rng.choice(below), rng.choice(below)
    chains = plan.tree.above(giver), plan.tree.above(taker)
    if giver == taker or giver in chains[1] or taker in chains[0]:
        return
    there = {
        "transfer": 1000,
        "from": plan.tree.ids[giver],
        "to": plan.tree.ids[taker],
        "cell": {"c": plan.cells.keys[0][0]},
    }
    back = {**there, "from": there["to"], "to": there["from"]}
    sheet = allocate(plan)
    found = edit(plan, sheet, [Edit.model_validate(there), Edit.model_validate(back)]).sheet
    assert same(found, sheet)
