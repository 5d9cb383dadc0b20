"""The forecast over a made-up history: nothing later is read, widths follow past misses, means weigh by errors."""

from dataclasses import replace

import numpy as np
import pytest

from geartrain.intelligence.forecast.engine import Engine, Parts
from geartrain.intelligence.forecast.gate import Past, choose, weights
from geartrain.intelligence.forecast.history import NEVER, History
from geartrain.intelligence.forecast.intake import expected
from geartrain.intelligence.forecast.interval import NOMINAL, USUAL, adapted, quantile
from geartrain.intelligence.forecast.ladder import forecast

QUARTERS = [(n * 91, n * 91 + 91) for n in range(8)]
DAY = 6 * 91 + 60


@pytest.fixture(scope="module")
def history():
    """Deals made over seven quarters: half of them end, won by their second stage, the later the more of them."""
    rng = np.random.default_rng(4)
    n = 700
    created = np.sort(rng.integers(1, 7 * 91, n))
    length = rng.integers(10, 100, n)
    won = rng.random(n) < np.where(np.arange(n) % 3, 0.6, 0.2)
    closed = np.where(rng.random(n) < 0.85, created + length, NEVER)
    worth = rng.integers(1, 9, n) * 1000.0
    two = np.repeat(np.arange(n), 2)
    at = np.column_stack([created, created + length // 2]).ravel()
    return History(
        tuple(f"D{k:04}" for k in range(n)), ("A", "B"), ("P",), ("U1", "U2"), np.arange(0, 2 * n + 1, 2), at,
        np.tile([0, 1], n), np.zeros(2 * n, dtype=int), two % 2, worth[two], at + 60, np.zeros(2 * n, dtype=bool),
        created, closed, won & (closed < NEVER), np.where(won & (closed < NEVER), worth, 0.0), ("type",),
        (np.arange(n) % 3)[:, None],
    )  # fmt: skip


@pytest.fixture(scope="module")
def told(history):
    return forecast(Engine(history, QUARTERS), DAY, QUARTERS[6])


def test_nothing_that_came_later_is_read(history, told):
    """Whatever becomes of deals after the day, and whatever they are worth then, the forecast is the same."""
    later = history.closed > DAY
    states = history.at > DAY
    changed = replace(
        history, _months={}, _ever={},
        won=np.where(later, True, history.won), booked=np.where(later, 1e9, history.booked),
        closed=np.where(later, DAY + 1, history.closed),
        worth=np.where(states, 1e9, history.worth), stage=np.where(states, 0, history.stage),
        owner=np.where(states, 0, history.owner), due=np.where(states, DAY + 1, history.due),
    )  # fmt: skip
    again = forecast(Engine(changed, QUARTERS), DAY, QUARTERS[6])
    assert (again.mean, again.p10, again.p50, again.p90) == (told.mean, told.p10, told.p50, told.p90)
    assert np.array_equal(again.chance, told.chance)


def test_a_planted_value_would_be_seen(history, told):
    """The same change to what was known on the day is read: the law above can fail."""
    changed = replace(history, _months={}, _ever={}, booked=history.booked * 2, worth=history.worth * 2)
    assert forecast(Engine(changed, QUARTERS), DAY, QUARTERS[6]).mean == pytest.approx(2 * told.mean, rel=0.01)


def test_the_parts_add_up_and_every_chance_is_a_sum(told):
    assert told.parts.closed + told.open + told.intake == pytest.approx(told.mean)
    for one, p in zip(told.reasons(), told.chance, strict=True):
        assert sum(one.values()) == pytest.approx(p)
    assert 0 <= told.chance.min() <= told.chance.max() <= 1
    assert told.parts.closed <= told.p10 < told.p50 < told.p90


def test_the_gate_says_what_it_saw(told):
    assert told.ranked
    assert {s.rung for s in told.gate} >= {"last_period", "pacing", "stage_time_table", "hazard", "boosting", "average"}
    assert told.rung in told.why
    if told.rung == "average":
        assert sum(told.weights.values()) == pytest.approx(1)


def test_every_so_manieth_deal_has_all_its_states(history):
    some = history.thinned(7)
    assert some.ids == history.ids[::7]
    day = 300
    kept = history.open_at(day)
    rows = np.flatnonzero(kept.deal % 7 == 0)
    found = some.open_at(day)
    assert np.array_equal(found.deal * 7, kept.deal[rows])
    assert np.array_equal(found.stayed, kept.stayed[rows])
    assert np.array_equal(found.pushes, kept.pushes[rows])


def _parts(known, **totals):
    none = np.zeros(0)
    empty = None
    return Parts(0, (0, 91), 0.0, empty, totals, {}, none, 0.0, "level", none, none, None, known)  # type: ignore[arg-type]


def test_a_mean_of_rungs_weighs_them_by_their_squared_errors():
    past = Past(tuple(_parts(n, last_period=104.0, pacing=92.0) for n in range(2, 6)), (100.0,) * 4)
    assert weights(_parts(6, last_period=1.0, pacing=1.0), past) == pytest.approx({"last_period": 0.8, "pacing": 0.2})


def test_a_baseline_that_was_right_is_fallen_back_to():
    """No model of deals and a mean that was worse: the climb stays where it was right, and says so."""
    past = Past(tuple(_parts(n, last_period=100.0 + n % 2, run_rate=200.0) for n in range(1, 9)), (100.0,) * 8)
    steps, rung, why, ranked = choose(_parts(9, last_period=100.0, run_rate=200.0), past)
    assert ranked
    assert rung in ("last_period", "average")
    assert [s.used for s in steps if s.rung == "run_rate"] == [False]
    assert rung in why


def test_too_little_past_ranks_nothing():
    past = Past((_parts(0, last_period=1.0), _parts(1, last_period=1.0)), (1.0, 1.0))
    _, rung, why, ranked = choose(_parts(2, last_period=1.0), past)
    assert (rung, ranked) == ("mean_of_all", False)
    assert "insufficient history to rank" in why


def test_widths_follow_what_past_origins_missed_by():
    assert quantile([], NOMINAL) == pytest.approx(USUAL, rel=0.03)
    assert adapted([])[0] == pytest.approx(1, rel=0.03)
    wide, narrow = adapted([2.0**n for n in range(8)]), adapted([0.1] * 20)
    assert wide[1] > NOMINAL > narrow[1]
    assert wide[0] > 10
    assert narrow[0] < 0.5


def test_intake_drifts_where_the_past_did():
    even = np.ones(6)
    assert expected(np.array([1.0, 2, 3, 4, 5, 6]), even, apart=True) == (pytest.approx(7), "drift")
    assert expected(np.array([3.0, 1, 3, 1, 3, 1]), even, apart=True)[1] == "level"
    assert expected(np.array([1.0, 2, 3]), np.ones(3), apart=True) == (pytest.approx(2), "level")
    assert expected(np.zeros(0), np.zeros(0), apart=True) == (0.0, "level")
