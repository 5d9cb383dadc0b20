from __future__ import annotations

from decimal import Decimal

import pytest

from geartrain.kernel.errors import Invalid
from geartrain.planning.quotas.cascade import allocate
from geartrain.planning.quotas.reconcile import from_capacity, from_regression, from_table, reconciled
from tests.planning.quotas.sheets import laid, table

HIERARCHY = "node_id,parent_id,potential,heads,each,owner\nR,,,,,Kim\nA,R,1,2,100,\nB,R,2,3,100,\nC,R,3,1,300,"


def plan():
    return laid(HIERARCHY, "amount\n600", weights=[{"measure": "potential"}], rounding={"unit": 1})


def rows(found, tolerance="0.05"):
    p = plan()
    return {r["node_id"]: r for r in reconciled(p, allocate(p), found, Decimal(tolerance))}


def test_account_plans_roll_up_and_the_difference_has_an_owner():
    found = rows(from_table(plan(), table("node_id,amount\nA,120\nB,190")))
    assert found["R"]["bottom_up"] == 310
    assert (found["A"]["top_down"], found["A"]["difference"], found["A"]["ratio"]) == (100, 20, Decimal("0.2"))
    assert (found["R"]["owner"], found["A"]["owner"]) == ("Kim", "A")
    assert [found[n]["within"] for n in "ABC"] == [False, True, None]
    assert found["C"]["bottom_up"] is None


def test_a_node_that_states_its_own_amount_keeps_it():
    found = from_table(plan(), table("node_id,amount\nA,120\nR,999"))
    assert rows(found)["R"]["bottom_up"] == 999


def test_capacity_times_productivity():
    found = rows(from_capacity(plan(), "heads", "each"))
    assert [found[n]["bottom_up"] for n in "ABCR"] == [200, 300, 300, 800]


def test_regression_explains_a_straight_line():
    straight = laid("node_id,parent_id,x,y\nR,,,\nA,R,1,15\nB,R,2,25\nC,R,4,45", "amount\n100")
    found = from_regression(straight, "y", ["x"])
    assert [straight.cells.money(int(found.amounts[straight.tree.find(n), 0])) for n in "ABC"] == [15, 25, 45]


def test_regression_that_nothing_determines_is_refused():
    with pytest.raises(Invalid, match="not determined"):
        from_regression(laid("node_id,parent_id,x,y\nR,,,\nA,R,1,15", "amount\n1"), "y", ["x"])


def test_unknown_nodes_are_listed():
    assert [i.code for i in from_table(plan(), table("node_id,amount\nZ,1")).issues] == ["quota_bottom_up_unknown"]
