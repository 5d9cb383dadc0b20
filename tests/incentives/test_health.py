"""Measures of comp health, by hand-worked numbers and laws."""

from decimal import Decimal
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.incentives.health import attainment, conduct, cost
from geartrain.incentives.health.simulated import Curve, simulate
from geartrain.incentives.health.values import Person, quantile
from geartrain.kernel.errors import Forbidden, NotFound
from geartrain.services.access import Actor, Role
from geartrain.services.pay.health import get_health
from tests.incentives.company import company, won
from tests.incentives.plans import plan_text

FIN = Actor("fin@x", frozenset({Role.finance}))


def person(key, earned, attained=None, quota=None, **more):
    return Person(key, key, "p", more.pop("role", "ae"), Decimal(earned), attained=attained and F(attained),
                  quota=quota and F(quota), **more)  # fmt: skip


PEOPLE = [
    person("ann", 12000, 120, 100, target=F(10000), base=F(10000), credited={"D1": F(100), "D2": F(100)},
           booked={"D1": F(200000), "D2": F(100000)}, annual_quota=F(800), annual_pay=F(200)),
    person("abe", 4000, 50, 100, target=F(10000), base=F(10000), credited={"D1": F(100)}, booked={"D1": F(200000)}),
    person("bob", 9000, 90, 100, target=F(10000)),
    person("cleo", 2000, 40, 100, target=F(10000)),
]  # fmt: skip


def by_key(measures):
    return {m.key: m for m in measures}


def test_cost_counts_a_shared_deal_once():
    found = by_key(cost.measures(PEOPLE))
    assert found["compensation_cost_of_sales"].value == F(27000 + 20000, 300000)
    assert found["pay_mix"].value == F(1, 2)
    assert found["quota_to_ote"].value == 4
    assert found["quota_to_ote"].standing == "inside"
    assert found["effective_rate_booked"].value == F(27000, 300000)
    assert found["effective_rate_credited"].value == F(27000, 300)


def test_carriers_at_quota_and_the_gap_to_the_companys_attainment():
    found = by_key(attainment.measures(PEOPLE))
    assert found["at_quota"].value == F(1, 4)
    assert found["at_quota"].standing == "below"
    assert [b["who"] for b in found["at_quota"].behind] == ["cleo", "abe", "bob"]
    assert found["company_attainment"].value == F(300, 400)
    assert found["attainment_gap"].value == F(1, 2)
    assert found["pay_follows_performance"].value == 1


@pytest.mark.parametrize(
    ("pairs", "rho"), [([(1, 1), (2, 3), (3, 2)], F(1, 2)), ([(1, 3), (2, 2), (3, 1)], -1), ([(1, 1), (1, 2)], None)]
)
def test_spearman(pairs, rho):
    assert attainment.spearman([(F(a), F(b)) for a, b in pairs]) == rho


def test_nothing_is_unknown_never_zero():
    found = by_key([*cost.measures([]), *attainment.measures([])])
    assert all(m.value is None and m.standing == "unknown" and m.why for m in found.values())


def test_accuracy_and_disputes():
    from datetime import datetime

    day = datetime(2026, 2, 1)
    held = conduct.Conduct(
        4,
        Decimal(1000),
        [conduct.Correction("ann", Decimal(-20)), conduct.Correction("abe", Decimal(10), by_hand=True)],
        [conduct.Disputed(1, "ann", day, day.replace(day=2), "accepted", "split"), conduct.Disputed(2, "abe", day)],
        {},
        {"p": 4},
    )
    found = by_key(conduct.measures(held))
    assert found["accuracy"].value == F(97, 100)
    assert found["dispute_rate"].value == F(1, 2)
    assert found["upheld_share"].value == 1
    assert found["hours_to_close"].value == 24
    assert found["measures_per_plan"].standing == "above"
    assert found["manual_adjustments_value"].value == 10


@given(st.lists(st.fractions(0, 100), min_size=1))
def test_quantiles_rise_and_stay_within(values):
    at = [quantile(values, F(q, 10)) for q in range(11)]
    assert at == sorted(at)
    assert at[0] == min(values)
    assert at[-1] == max(values)


def test_a_flat_rate_costs_in_proportion_whoever_earns_it():
    curves = [Curve(k, 100, ((0, 0), (10**6, 1000))) for k in "abc"]
    for s in simulate(curves, [F(1, 2), F(1), F(2)]):
        for p in (s.p10, s.p50, s.p90):
            assert abs(p - 30 * s.attainment) < F(1, 10)


def test_acceleration_costs_more_where_attainment_is_spread():
    curves = [Curve(k, 100, ((0, 0), (10**6, 1000), (2 * 10**6, 4000))) for k in "abcdef"]
    even, spread = (simulate(curves, h)[1] for h in ([F(1)], [F(1, 2), F(3, 2)]))
    assert even.p10 == even.p90 == 60
    assert spread.p90 > 60


def test_health_is_of_the_same_money_as_the_statements(tmp_path):
    deals = [won("D1", "ann", "2026-01-10", 120000), won("D2", "abe", "2026-02-10", 150000)]
    ws = company(tmp_path, opportunity=deals)
    found = get_health(ws, FIN, period="2026Q1").as_json()
    by = {m["key"]: m for m in found["measures"]}
    assert by["effective_rate_booked"]["value"] == Decimal("0.1000")
    assert {"key", "name", "value", "band", "source", "behind", "standing"} <= set(by["at_quota"])
    assert [s["attainment"] for s in found["simulated"]] == [Decimal("0.8000"), Decimal("1.0000"), Decimal("1.2000")]
    assert found["simulated"][1]["p50"] == "27000.00"


def test_a_draw_that_is_owed_is_a_liability(tmp_path):
    ws = company(tmp_path, plans=[plan_text(rest="draw: {amount: 3000, per: month, months: 6}")], opportunity=[])
    held = get_health(ws, FIN, period="2026Q1").as_json()["liabilities"]
    assert [(h["kind"], h["payee"], h["amount"], str(h["since"])) for h in held["held"]] == [
        ("draw", "abe", "9000.00", "2026-01-01"), ("draw", "ann", "9000.00", "2026-01-01")]  # fmt: skip


def test_health_is_for_those_who_see_everybodys_pay(tmp_path):
    ws = company(tmp_path, opportunity=[])
    with pytest.raises(Forbidden):
        get_health(ws, Actor("bob@x", frozenset({Role.manager}), user_id="bob"), period="2026Q1")
    with pytest.raises(NotFound):
        get_health(ws, FIN, period="2020Q1")
