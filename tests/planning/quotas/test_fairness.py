"""Quotas against pay, potential and the past; the chance of the plan; who is an outlier and why."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.planning.quotas.cascade import allocate, lay_out
from geartrain.planning.quotas.fairness import Attain, Seller, dispersion, fairness, spearman
from geartrain.planning.quotas.policy import Fair, QuotaPolicy
from geartrain.planning.quotas.risk import chance_met, chance_of
from geartrain.planning.quotas.table import Table

WORKED = {"1": "0.0468", "1.1": "0.2544", "1.2": "0.5739", "1.25": "0.7119", "1.3": "0.8167"}


def sheet(sellers, amount, hedge="1"):
    rows = (("top", ""), *((f"s{n:02}", "top") for n in range(sellers)))
    policy = QuotaPolicy.model_validate({"hedge": {"by_depth": {1: hedge}}})
    return allocate(
        lay_out(Table("h", ("node_id", "parent_id"), rows), Table("t", ("amount",), ((str(amount),),)), policy)
    )


def seller(node, quota, **more):
    return Seller(node, node, more.pop("role", "ae"), Decimal(quota), **more)


@pytest.mark.parametrize(("ratio", "chance"), WORKED.items())
def test_chance_of_the_plan_by_over_assignment(ratio, chance):
    sellers = [seller(f"s{n:02}", 100) for n in range(20)]
    found = fairness(sheet(20, 2000), sellers, bounds=Fair(), attain=Attain(0.85, 0.40))
    by = {r["ratio"]: r["chance"] for r in found.by_ratio}
    assert by[Decimal(ratio)] == Decimal(chance)


def test_simulation_comes_near_the_worked_numbers():
    import random

    rng = random.Random(7)
    history = tuple(rng.gauss(0.85, 0.40) for _ in range(4000))
    sellers = [seller(f"s{n:02}", 100, attainments=history if not n else ()) for n in range(20)]
    found = fairness(sheet(20, 2000), sellers, bounds=Fair(), attain=Attain(seed=3, runs=2000))
    for row in found.by_ratio:
        assert abs(row["chance"] - Decimal(WORKED[str(row["ratio"])])) < Decimal("0.05")


def test_equal_seeds_give_equal_answers_and_long_histories_are_ones_own():
    sellers = [
        seller("s00", 100, attainments=(1.5, 1.5, 1.5, 1.5)),
        seller("s01", 100, attainments=(0.5, 0.5, 0.5, 0.5)),
        seller("s02", 100),
    ]
    one, two = (fairness(sheet(3, 300), sellers, bounds=Fair(), attain=Attain(seed=5, runs=400)) for _ in range(2))
    assert one.as_json() == two.as_json()
    assert (one.chances["s00"], one.chances["s01"]) == (1, 0)
    assert 0 < one.chances["s02"] < 1


def test_without_history_the_chance_is_unknown_and_says_why():
    found = fairness(sheet(1, 100), [seller("s00", 100)], bounds=Fair(), attain=Attain())
    assert found.met is None
    assert "no history" in found.as_json()["risk"]["reason"]


def test_outliers_are_named_with_every_reason():
    sellers = [
        seller("fine", 500, ote=Decimal(100), potential=Decimal(1000)),
        seller("also", 500, ote=Decimal(100), potential=Decimal(1000)),
        seller("both", 700, ote=Decimal(100), potential=Decimal(500)),
        seller("new", 100, ote=Decimal(100), potential=Decimal(1000), ramped=False),
    ]
    found = fairness(sheet(4, 1800), sellers, bounds=Fair(), attain=Attain())
    (row,) = found.outliers()
    assert row["node_id"] == "both"
    assert row["reason"] == (
        "quota is 7.0 times the pay at target, above 6; 180 % more quota for the potential than the median of the role"
    )
    (role,) = found.roles()
    assert (role["sellers"], role["ramping"], role["outside_ote"], role["quota_to_ote"]) == (4, 1, 1, 5)


def test_over_assignment_by_level():
    found = fairness(sheet(2, 1000, "1.05"), [], bounds=Fair(), attain=Attain())
    assert [level["over_assignment"] for level in found.levels] == [0, Decimal("0.05")]


def test_rank_correlation():
    assert spearman([(1, 10), (2, 30), (3, 20)]) == Decimal("0.5")
    assert spearman([(1, 1), (2, 2), (2, 2), (4, 9)]) == 1
    assert spearman([(1, 1), (2, 2)]) is None
    assert spearman([(1, 1), (1, 2), (1, 3)]) is None
    assert dispersion([Decimal(80), Decimal(100), Decimal(120), Decimal(100)]) == Decimal("0.1414")


ranks = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=20)


@given(ranks)
def test_rank_correlation_is_within_one_and_turns_with_the_sign(pairs):
    found = spearman(pairs)
    if found is not None:
        assert -1 <= found <= 1
        assert spearman([(a, -b) for a, b in pairs]) == -found


@given(st.integers(1, 50), st.floats(0.5, 2))
def test_equal_quotas_have_the_chance_of_the_formula(sellers, ratio):
    one = chance_met(sellers, ratio, mean=0.85, deviation=0.4)
    other = chance_of([100.0] * sellers, 100 * sellers / ratio, mean=0.85, deviation=0.4)
    assert one == pytest.approx(other)
