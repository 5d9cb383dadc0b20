from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.kernel.errors import Invalid
from geartrain.planning.quotas.risk import chance_from_history, chance_met
from geartrain.planning.quotas.season import carried, moved_account

LATE = [Decimal(n) for n in (20, 20, 20, 40)]
YEAR = date(2026, 1, 1)


@pytest.mark.parametrize(
    ("ratio", "chance"), [(1, 0.0468), (1.1, 0.2544), (1.2, 0.5739), (1.25, 0.7119), (1.3, 0.8167)]
)
def test_chance_by_over_assignment(ratio, chance):
    assert round(chance_met(20, ratio, mean=0.85, deviation=0.40), 4) == chance


def test_chance_of_nobody_is_unknown():
    assert chance_met(0, 1.1, mean=0.85, deviation=0.4) is None
    assert chance_from_history([], 1, [1.0], seed=1) is None


def test_chance_from_history_comes_near_the_formula_and_repeats():
    history = [0.85 + 0.4 * z for z in (-1.5, -1, -0.5, 0, 0, 0.5, 1, 1.5)]
    once = chance_from_history([100] * 20, 2000 / 1.2, history, seed=7)
    assert once == chance_from_history([100] * 20, 2000 / 1.2, history, seed=7)
    assert abs(once - 0.5739) < 0.05


def test_season_and_days():
    assert carried(Decimal(100_000), LATE, year=YEAR, start=date(2026, 3, 1)) == Decimal("86666.67")


def test_moved_account():
    assert moved_account(Decimal(120_000), LATE, year=YEAR, on=date(2026, 7, 1)) == (72_000, -72_000)


@given(st.dates(YEAR, date(2026, 12, 31)))
def test_before_and_after_are_the_whole(day):
    both = [
        carried(Decimal(10**6), LATE, year=YEAR, start=YEAR, end=day),
        carried(Decimal(10**6), LATE, year=YEAR, start=day),
    ]
    assert abs(sum(both) - 10**6) <= Decimal("0.01")


def test_seasons_are_whole_months():
    with pytest.raises(Invalid):
        carried(Decimal(1), LATE + LATE[:1], year=YEAR, start=YEAR)
