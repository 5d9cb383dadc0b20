"""The cost of other rate tables on known totals: as the marginal rule prices each payee."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from geartrain.incentives.engine.what_if import Payroll, Reached
from geartrain.incentives.plan import Tier
from geartrain.incentives.rules import Band, Table, tier_rules


def tiers(*rows):
    return [Tier.model_validate(list(row)) for row in rows]


def test_the_worked_number_of_the_plan():
    payroll = Payroll([Reached(Fraction(600_000), Fraction(1_000_000), Fraction(96_000))])
    table = tiers([0, "0.5", "0.5x"], ["0.5", 1, "1.5x"], [1, "1.25", "2x"], ["1.25", None, "2.5x"])
    assert payroll.cost(table) == 38_400


def test_nobody_costs_nothing():
    assert Payroll([]).cost(tiers([0, None, "1x"])) == 0
    assert Payroll([Reached(Fraction(5), Fraction(0), Fraction(9))]).cost(tiers([0, None, "1x"])) == 0


people = st.lists(st.tuples(st.integers(-(10**7), 10**8), st.integers(1, 10**8), st.integers(0, 10**7)), max_size=12)
edges = st.lists(st.sampled_from(["0.3", "0.5", "0.77", "1", "1.25", "3"]), unique=True, max_size=4)


@settings(deadline=None)
@given(people, edges, st.lists(st.sampled_from(["0", "0.5x", "1.5x", "0.05", "2.5x"]), min_size=5, max_size=5))
def test_it_is_the_sum_of_what_the_rule_pays_each(held, inner, rates):
    bounds = [Decimal(0), *sorted(map(Decimal, inner)), None]
    table = tiers(*zip(bounds, bounds[1:], rates, strict=False))
    reached = [Reached(Fraction(x, 100), Fraction(q, 100), Fraction(t, 100)) for x, q, t in held]
    expected = Fraction(0)
    for r in reached:
        bands = tuple(
            Band(n, Fraction(t.low) * r.quota, None if t.high is None else Fraction(t.high) * r.quota,
                 Fraction(t.rate.value) * (r.target / r.quota if t.rate.multiple else 1))
            for n, t in enumerate(table)
        )  # fmt: skip
        expected += tier_rules()["marginal"].pay_at(Table(bands), r.credit)
    assert abs(Payroll(reached).cost(table) - expected) < Fraction(1, 10**6)
