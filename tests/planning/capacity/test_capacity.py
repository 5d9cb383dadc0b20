from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from geartrain.planning.capacity.heads import heads_by_workload, heads_needed, needs, run, survival
from geartrain.planning.capacity.hiring import hire
from geartrain.planning.capacity.policy import CapacityPlan
from geartrain.planning.capacity.sensitivity import sensitivity, simulate

RAMP = ["0", "0.25", "0.5", "0.75", "1"]


def laid(*roles, **spec):
    return CapacityPlan.model_validate({"start": "2026-01-01", "roles": list(roles)} | spec)


def ae(**more):
    return {"key": "ae", "heads": 10, "ramp": RAMP, "productivity": 100_000} | more


def test_four_hired_in_march_ramp_to_july():
    found = run(laid(ae(hires=[{"period": "2026-03", "count": 4}])))
    assert [found.capacity(n) for n in range(2, 7)] == [1_000_000, 1_100_000, 1_200_000, 1_300_000, 1_400_000]


def test_quarters():
    joins = [{"period": "2026Q1", "count": 4}, {"period": "2026Q2", "count": 2}]
    role = {"key": "ae", "heads": 10, "ramp": ["0", "0.25", "0.5", "1"], "productivity": 300_000, "hires": joins}
    found = run(laid(role, grain="quarter", periods=4))
    assert [c.ramped for c in found.carried] == [10, 11, Decimal("12.5"), 15]
    assert found.total == 14_550_000


def test_heads_needed():
    assert heads_needed(Decimal(1_000_000), Decimal(100_000), Decimal("0.8")) == (Decimal("12.5"), 13)
    assert heads_needed(Decimal(1), Decimal(0), Decimal(1)) is None


def test_workload():
    assert heads_by_workload([(Decimal(1000), Decimal(36)), (Decimal(2000), Decimal(12))], Decimal(1000)) == (60, 60)


def test_needs_by_quota_and_by_workload():
    tiers = [{"accounts": 1000, "touches": 36}, {"accounts": 2000, "touches": 12}]
    role = ae(quota=100_000, participation="0.8", workload=tiers, touches_per_head=1000)
    (found,) = needs(laid(role, goal=1_000_000))
    assert (found["by_quota"], found["by_quota_whole"], found["by_workload_whole"]) == (Decimal("12.50"), 13, 60)


def test_attrition_is_annual():
    plan = laid(ae(attrition="0.2"), periods=13)
    heads = [c.heads for c in run(plan).carried]
    assert round(heads[12], 20) == 8
    assert round(survival(plan.roles[0], 12), 20) == Decimal("0.8")


def test_leavers_are_replaced_after_the_lag_and_ramp():
    role = ae(leavers=[{"period": "2026-02", "count": 2}], backfill_lag=2)
    found = run(laid(role, periods=6))
    assert [c.heads for c in found.carried] == [10, 8, 8, 10, 10, 10]
    assert [c.ramped for c in found.carried] == [10, 8, 8, 8, Decimal("8.5"), 9]


def test_a_leaver_replaced_at_once():
    role = ae(leavers=[{"period": "2026-02", "count": 2}], backfill_lag=0)
    assert [c.heads for c in run(laid(role, periods=3)).carried] == [10, 10, 10]


def test_more_leavers_than_heads_is_an_issue():
    role = ae(leavers=[{"period": "2026-02", "count": 12}])
    assert [i.code for i in run(laid(role)).issues] == ["capacity_leavers"]


def test_productive_share_counts():
    assert run(laid(ae(productive=["0.5", "0.8"]), periods=3)).capacity(2) == 800_000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"goal": {"2027-05": 1}}, "no period of the plan"),
        ({"goal": [1, 2]}, "2 goals for 12 periods"),
        ({"start": "2026-01-15"}, "first of a month"),
        ({"roles": [ae(), ae()]}, "is there twice"),
        ({"roles": [ae(manages="sdr", span=5)]}, "no role of the plan"),
        ({"roles": [ae(hires=[{"period": "soon", "count": 1}])]}, "no period of the plan"),
    ],
)
def test_plans_that_do_not_fit_are_refused(change, said):
    with pytest.raises(ValidationError, match=said):
        laid(ae(), **change) if "roles" not in change else CapacityPlan.model_validate({"start": "2026-01", **change})


def test_hires_close_the_gap_at_least_cost():
    role = ae(ramp=[], cost=10_000, hiring_cost=5_000, hiring_lag=2)
    found = hire(laid(role, goal=[1_000_000] * 6 + [1_250_000] * 6))
    assert dict(found.hires) == {("ae", 6): 3}
    (row,) = found.rows()
    assert (row["offers_by"], row["starts"], row["cost"]) == (date(2026, 5, 1), date(2026, 7, 1), 3 * 65_000)
    assert (found.gap, found.status) == (0, "optimal")
    assert found.bound <= found.cost == 195_000


def test_ramp_makes_hires_start_earlier():
    found = hire(laid(ae(cost=10_000), goal=[1_000_000] * 8 + [1_200_000] * 4))
    assert dict(found.hires) == {("ae", 4): 2}


def test_the_cheaper_role_is_hired():
    dear = ae(ramp=[], cost=30_000)
    cheap = {"key": "sdr", "productivity": 50_000, "cost": 10_000}
    found = hire(laid(dear, cheap, goal=1_100_000, periods=4))
    assert dict(found.hires) == {("sdr", 0): 2}


def test_limits_hold_and_what_is_missing_is_said():
    found = hire(laid(ae(ramp=[], cost=10_000, most_hires=1), goal=1_300_000, periods=4))
    assert dict(found.hires) == {("ae", 0): 1, ("ae", 1): 1, ("ae", 2): 1}
    assert found.gap == 300_000
    assert [i.code for i in found.issues] == ["capacity_gap_left"]
    within = hire(laid(ae(ramp=[], cost=10_000), goal=1_300_000, periods=4, budget=85_000))
    assert within.cost <= 85_000


def test_spans_bring_managers_along():
    boss = {"key": "manager", "heads": 2, "manages": "ae", "span": 5, "cost": 20_000}
    found = hire(laid(ae(ramp=[], cost=10_000), boss, goal=1_200_000, periods=2))
    assert dict(found.hires) == {("ae", 0): 2, ("manager", 0): 1}


goals = st.lists(st.integers(0, 20), min_size=3, max_size=5)


@settings(max_examples=25, deadline=None)
@given(goals, st.integers(0, 3), st.sampled_from(["0", "0.3"]))
def test_no_cheaper_plan_with_as_small_a_gap(goals, lag, attrition):
    """Against every plan of up to 3 hires a period, small enough to try them all."""
    from itertools import product

    from geartrain.planning.capacity.hiring import _gap

    role = {"key": "ae", "heads": 5, "ramp": ["0.5"], "productivity": 1, "cost": 1, "most_hires": 2}
    role |= {"attrition": attrition, "hiring_lag": lag, "hiring_cost": 1}
    plan = laid(role, goal=goals, periods=len(goals))
    found = hire(plan)
    periods = range(lag, len(goals))
    best = None
    for counts in product(range(3), repeat=len(periods)):
        hires = {("ae", n): c for n, c in zip(periods, counts, strict=True) if c}
        after = run(plan, hires)
        cost = after.cost - found.before.cost + sum(counts)
        tried = (round(_gap(plan, after), 4), round(cost, 4))
        best = min(best or tried, tried)
    assert abs(found.gap - best[0]) <= Decimal("0.01") + Decimal("0.01") * len(goals)
    assert found.cost <= best[1] + Decimal("0.01")


def test_sensitivity_moves_each_assumption_alone():
    found = {r["change"]: r for r in sensitivity(laid(ae(hires=[{"period": "2026-03", "count": 4}]), goal=1_200_000))}
    assert found["productivity 10 % higher"]["difference_ratio"] == Decimal("0.1000")
    assert found["ramp 1 month longer"]["difference"] == -4 * 100_000
    assert found["ramp 1 month shorter"]["difference"] == 4 * 100_000
    assert found["attrition 5 points higher"]["difference"] < 0
    assert found["attrition 5 points lower"]["difference"] == 0
    assert len(found) == 7


def test_simulation_repeats_and_brackets_the_plan():
    plan = laid(ae(heads=40, attrition="0.2", deviation="0.3"), goal=3_500_000)
    found = simulate(plan, seed=3, runs=300)
    assert found == simulate(plan, seed=3, runs=300)
    assert found["total"]["p10"] < run(plan).total < found["total"]["p90"]
    assert found["total"]["p10"] <= found["total"]["p50"] <= found["total"]["p90"]


def test_simulation_without_chance_is_the_plan():
    plan = laid(ae(hires=[{"period": "2026-03", "count": 4}]), goal=1_200_000)
    found = simulate(plan, seed=1, runs=5)
    assert found["total"]["p10"] == found["total"]["p90"] == run(plan).total
