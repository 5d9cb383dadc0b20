"""What counts of what was submitted, roll-ups, and how right people were."""

from datetime import datetime
from decimal import Decimal

import pytest

from geartrain.intelligence.forecast.process import Error, Submission, category_of, own_deals, recorded, stand
from geartrain.kernel.hierarchy import Hierarchy

# Ann and Carl sell for Bob, who reports to Zoe.
TEAM = Hierarchy({"ann": "bob", "bob": "zoe", "carl": "bob", "zoe": None})
OWN = {("ann", "call"): Decimal(100), ("carl", "call"): Decimal(50)}


def said(user, amount, kind="own", hour=9, by=None):
    return Submission(user, "call", kind, Decimal(amount), "", datetime(2026, 11, 2, hour), by or user)


def test_categories_add_up_from_the_surest():
    found = own_deals({"ann": Decimal(100)}, [("ann", "commit", Decimal(50)), ("ann", "best_case", Decimal(30)),
                                              ("ann", "pipeline", Decimal(900))])  # fmt: skip
    assert found == {("ann", "commit"): 150, ("ann", "best_case"): 180, ("ann", "call"): 150}


@pytest.mark.parametrize(
    ("stated", "stage", "category"),
    [("Best Case", "x", "best_case"), (None, "Negotiation", "commit"), (None, "x", "pipeline"),
     ("Omitted", "Negotiation", "omitted")],
)  # fmt: skip
def test_a_seller_may_change_the_category_of_a_stage(stated, stage, category):
    assert category_of(stated, stage, {"Negotiation": "commit"}) == category


def test_effective_is_the_managers_else_own_else_the_roll_up():
    at = stand(TEAM, OWN, [said("ann", 120), said("ann", 90, "manager", 10, "bob")])
    assert (at["ann", "call"].effective, at["ann", "call"].own.amount, at["ann", "call"].rollup) == (90, 120, 100)
    assert at["carl", "call"].effective == 50
    assert at["bob", "call"].rollup == at["zoe", "call"].rollup == 140


def test_an_override_never_hides_the_teams_sum():
    at = stand(TEAM, OWN, [said("bob", 500), said("bob", 130, "manager", 12, "zoe")])
    bob = at["bob", "call"]
    assert (bob.rollup, bob.own.amount, bob.effective, at["zoe", "call"].rollup) == (150, 500, 130, 130)


def test_the_latest_counts():
    at = stand(TEAM, OWN, [said("ann", 80, hour=11), said("ann", 120, hour=9)])
    assert at["ann", "call"].effective == 80


def error(call, actual, rollup=120, period="2026Q1"):
    return Error("ann", period, Decimal(call), Decimal(rollup), Decimal(actual))


def test_accuracy_and_what_an_override_was_worth():
    assert error(105, 100).accuracy == Decimal("0.95")
    assert error(105, 100).value_added == 15
    assert error(105, 0).accuracy is None


def over(call, quarters=4):
    return [error(call, 100, period=f"2026Q{n}") for n in range(1, quarters + 1)]


def test_flags_need_four_periods():
    four = over(130)
    assert [(r.n, r.bias, r.flag) for r in recorded(four)] == [(4, Decimal("0.3"), "happy_ears")]
    assert recorded(four[:3])[0].flag == ""
    assert recorded([error(130, 100)] * 4)[0].flag == "", "four calls of one period are one period"
    assert recorded(over(70))[0].flag == "sandbagging"
    assert recorded(over(104))[0].flag == ""
