"""The worked numbers of the forecast: distributions, scores, shrinkage."""

import numpy as np
import pytest

from geartrain.intelligence.forecast.scores import auc, bias, brier, pinball, wape
from geartrain.intelligence.forecast.simulate import at_least, draw, wins
from geartrain.intelligence.forecast.table import SHRINK, Cells, fit

CHANCE, AMOUNTS = np.array([0.5, 0.3, 0.2]), np.array([100.0, 200.0, 300.0])


def test_three_deals_worked():
    assert (CHANCE * AMOUNTS).sum() == pytest.approx(170)
    assert wins(CHANCE) == pytest.approx([0.28, 0.47, 0.22, 0.03])
    assert at_least(CHANCE, AMOUNTS, 300) == pytest.approx(0.32)


def test_draws_agree_with_the_exact_chances_and_repeat():
    group = np.array([0, 0, 1])
    found = draw(CHANCE, AMOUNTS, group, 2, shock=0.0, seed=3, draws=20_000)
    total = found.sum(axis=1)
    assert total.mean() == pytest.approx(170, abs=4)
    assert (total >= 300).mean() == pytest.approx(0.32, abs=0.015)
    assert (found == draw(CHANCE, AMOUNTS, group, 2, shock=0.0, seed=3, draws=20_000)).all()


def test_many_deals_are_normal_by_mean_and_variance():
    p, amounts = np.full(9_000, 0.2), np.full(9_000, 10.0)
    found = draw(p, amounts, np.zeros(9_000, dtype=np.int64), 1, shock=0.0, seed=0)[:, 0]
    assert found.mean() == pytest.approx(18_000, rel=0.005)
    assert found.std() == pytest.approx(10 * (9_000 * 0.16) ** 0.5, rel=0.1)


def test_a_shock_widens_what_many_deals_share():
    p, amounts, group = np.full(3_000, 0.2), np.full(3_000, 10.0), np.zeros(3_000, dtype=np.int64)
    narrow, wide = (draw(p, amounts, group, 1, shock=s, seed=0, draws=400).std() for s in (0.0, 0.2))
    assert wide > 4 * narrow


def test_scores_worked():
    assert wape([90, 120], [100, 100]) == pytest.approx(0.15)
    assert bias([90, 120], [100, 100]) == pytest.approx(0.05)
    assert wape([1], [0]) is None
    assert pinball([(0.5, 90)], 100) == pytest.approx(5)
    assert pinball([(0.1, 110), (0.9, 90)], 100) == pytest.approx((0.9 * 10 + 0.9 * 10) / 2)
    happened = np.array([1.0, 0.0, 1.0, 0.0])
    assert auc(np.array([0.9, 0.1, 0.4, 0.4]), happened) == pytest.approx(3.5 / 4)
    assert auc(np.array([0.5]), np.array([1.0])) is None
    assert brier(np.array([1.0, 0.5]), np.array([1.0, 0.0])) == pytest.approx(0.125)


def test_a_cell_is_shrunk_to_its_stage():
    n = 60
    none = np.zeros(n, dtype=int)
    at = Cells(np.r_[np.full(30, 1), np.full(30, 2)], none, none, np.r_[np.full(6, 1), np.full(54, 2)])
    won = np.r_[np.ones(3), np.zeros(27), np.ones(15), np.zeros(15)]
    found = fit(at, won, np.ones(n))
    base = (18 + 0.1) / 61
    stage = (3 + SHRINK * base) / (30 + SHRINK)
    kind = (3 + SHRINK * stage) / (30 + SHRINK)
    two = (3 + SHRINK * kind) / (30 + SHRINK)
    assert found.chance(at)[0] == pytest.approx((3 + SHRINK * two) / (6 + SHRINK))
    assert found.chance(Cells(*np.array([[9], [0], [0], [0]])))[0] == pytest.approx(base)
    assert np.diff(np.column_stack(found.steps(at)), axis=1).sum(axis=1) + base == pytest.approx(found.chance(at))
