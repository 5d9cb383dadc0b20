"""Curves for drawing: by attainment for the stated or a notional target, by amount otherwise."""

from decimal import Decimal

from geartrain.incentives.curves import drawn_curves
from tests.incentives.plans import plan

SHARES = "[[0, 0.5, 0.5x], [0.5, 1, 1.5x], [1, null, 2x]]"


def test_over_attainment_for_the_stated_target_and_a_notional_one():
    stated, own = (
        drawn_curves(plan(SHARES, basis="quota_share", target=target))[0] for target in ("{annual: 120000}", "")
    )
    assert (stated.over, stated.notional, own.notional) == ("attainment", None, Decimal(100_000))
    assert dict(stated.points)[Decimal(100)] == Decimal("120000.00")
    assert dict(own.points)[Decimal(50)] == Decimal("25000.00")


def test_over_the_amount_credited():
    found = drawn_curves(plan("[[0, 300000, 0.10], [300000, null, 0.15]]"))[0]
    assert (found.over, found.notional) == ("amount", None)
    assert dict(found.points)[Decimal(300000)] == Decimal("30000.00")
    assert max(x for x, _ in found.points) == 450000
