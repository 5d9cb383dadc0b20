"""Relative productivity: the median of ramped peers, fallback of small cohorts, parts that add up exactly."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.productivity.relative import Seller, recomposed, relative_productivity


def seller(user, output, **more):
    one = Seller(user, "ae", "smb", Decimal(1), Decimal(1), Decimal(1), Decimal(output), Decimal(10), Decimal(5))
    return replace(one, **{k: Decimal(v) if k not in ("role", "segment") else v for k, v in more.items()})


PEERS = [seller(f"p{n}", output) for n, output in enumerate((80, 90, 100, 110, 120))]


def of(found, user):
    return next(f for f in found if f.seller.user_id == user)


def test_a_hundred_is_the_median_ramped_peer():
    found = relative_productivity(PEERS)
    assert [round(f.rp, 6) for f in found] == [80, 90, 100, 110, 120]
    assert not found[0].fallback


def test_capacity_counts_and_those_still_ramping_set_no_benchmark():
    found = relative_productivity([*PEERS, seller("half", 50, fte="0.5"), seller("new", 10, ramp="0.25")])
    assert round(of(found, "half").rp, 6) == 100
    assert round(of(found, "new").rp, 6) == 40
    assert of(found, "new").peers == 6


def test_too_small_a_capacity_is_not_shown():
    found = relative_productivity([*PEERS, seller("gone", 50, active_share="0.05")])
    assert of(found, "gone").rp is None
    assert "too small" in of(found, "gone").note


def test_a_small_cohort_falls_back_and_says_so():
    found = of(relative_productivity([*PEERS, seller("e", 100, segment="enterprise")]), "e")
    assert (found.cohort, found.fallback, found.peers) == ("ae", True, 6)
    alone = of(relative_productivity([seller("x", 100)]), "x")
    assert (alone.rp, alone.peers) == (None, 1)


positive = st.integers(1, 10_000)


@given(st.lists(st.tuples(positive, positive, positive), min_size=5, max_size=12))
def test_the_parts_add_up_to_the_whole(rows):
    people = [
        seller(f"u{n}", output, closed=str(won + lost), won=str(won)) for n, (output, won, lost) in enumerate(rows)
    ]
    for found in relative_productivity(people):
        assert [p.name for p in found.parts] == ["volume", "win_rate", "average_deal", "residual"]
        assert recomposed(found.parts) == pytest.approx(found.rp, rel=1e-9)
