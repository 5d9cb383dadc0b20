"""Laws of pricing, over random plans and credits."""

import random
from datetime import date
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from geartrain.incentives.quoting import quote
from geartrain.kernel.periods import FiscalCalendar
from tests.incentives.plans import plan

CALENDAR = FiscalCalendar()
days = st.dates(min_value=date(2026, 1, 1), max_value=date(2026, 12, 31))
credit_rows = st.lists(st.tuples(days, st.integers(1, 500_000)), min_size=1, max_size=12)
kinds = st.sampled_from(["marginal", "retroactive", "flat_per_deal"])
windows = st.sampled_from(["per_deal", "month", "quarter_to_date", "year_to_date"])


@st.composite
def plans(draw):
    low, step = draw(st.integers(1, 200_000)), draw(st.integers(1, 200_000))
    rates = sorted(draw(st.lists(st.integers(0, 30), min_size=3, max_size=3)))
    table = (
        f"[[0, {low}, 0.{rates[0]:02}], [{low}, {low + step}, 0.{rates[1]:02}], [{low + step}, null, 0.{rates[2]:02}]]"
    )
    caps = draw(
        st.sampled_from(["", "caps: {per_deal: 5000, excess: carry}", "caps: {per_period: 7000, excess: carry}"])
    )
    grouping = draw(st.sampled_from(["grouping: line", "grouping: period"]))
    return plan(table, kind=draw(kinds), window=draw(windows), component=f"{grouping}\n{caps}")


def given_rows(rows):
    return {"credits": [[d.isoformat(), a] for d, a in rows]}


@settings(max_examples=60, deadline=None)
@given(plans(), credit_rows, st.integers())
def test_the_order_of_the_credits_changes_nothing(comp_plan, rows, seed):
    shuffled = random.Random(seed).sample(rows, len(rows))
    one, other = (quote(comp_plan, given_rows(r), CALENDAR).as_json() for r in (rows, shuffled))
    assert one == other


@settings(max_examples=60, deadline=None)
@given(plans(), credit_rows)
def test_slices_lines_components_and_periods_add_up(comp_plan, rows):
    found = quote(comp_plan, given_rows(rows), CALENDAR)
    for line in found.evaluation.lines:
        assert sum((s.pay for s in line.slices), Fraction(0)) == line.exact
    assert sum(line.amount for line in found.evaluation.lines) == found.components["bookings"]
    assert sum(p.paid for p in found.evaluation.periods) == found.components["bookings"]


@settings(max_examples=60, deadline=None)
@given(credit_rows, st.integers(1, 99))
def test_splitting_a_deal_changes_no_total_of_marginal_tiers(rows, percent):
    parts = [(d, a * Fraction(p, 100)) for d, a in rows for p in (percent, 100 - percent)]
    split = {"credits": [[d.isoformat(), f"{a.numerator * 100 // a.denominator / 100}"] for d, a in parts]}
    totals = [quote(plan(), g, CALENDAR).components["bookings"] for g in (given_rows(rows), split)]
    assert totals[0] == totals[1]
