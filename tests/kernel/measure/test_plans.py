"""Passes are shared among questions that differ in their days, and only among those."""

from datetime import date, timedelta

import pytest

from geartrain.kernel.measure import plans, query
from tests.kernel.measure.cases import METRICS, PEOPLE, deal

DEALS = [
    deal(f"o{n}", amount=n, closed_at=date(2026, 1, 1) + timedelta(days=9 * n), created_at=date(2025, 12, 1))
    for n in range(1, 30)
]
FACTS = {"user": PEOPLE, "opportunity": DEALS}
WINDOWS = [
    (date(2026, 1, 1), date(2026, 2, 1)),
    (date(2026, 2, 1), date(2026, 7, 1)),
    (None, date(2026, 7, 1)),
    (date(2026, 2, 1), None),
    (None, None),
]


@pytest.fixture(autouse=True)
def _nothing_planned():
    plans._plans.clear()


def booked(since, until, as_of):
    end = min(until or date.max, as_of + timedelta(days=1))
    return sum(d["amount"] for d in DEALS if (since or date.min) <= d["closed_at"] < end)


@pytest.mark.parametrize("by", [[], ["month"], ["team"], ["owner", "quarter"]])
def test_every_window_and_day_gets_its_own_answer(source, by):
    asked = source(FACTS)
    for as_of in (date(2026, 3, 15), date(2026, 12, 31)):
        for since, until in WINDOWS * 2:
            rows = query(asked, METRICS, keys=["bookings"], by=by, since=since, until=until, as_of=as_of).rows
            assert sum(row[-1] for row in rows) == booked(since, until, as_of)


def test_other_days_share_a_pass(source):
    asked = source(FACTS)
    for month in range(1, 12):
        query(asked, METRICS, keys=["bookings"], since=date(2026, month, 1), until=date(2026, month + 1, 1))
    assert len(plans._plans) == 1


def test_other_facts_dimensions_conditions_and_metrics_do_not(source):
    asked, window = source(FACTS), {"since": WINDOWS[0][0], "until": WINDOWS[0][1]}
    query(asked, METRICS, keys=["bookings"], **window)
    query(source(FACTS), METRICS, keys=["bookings"], **window)
    query(asked, METRICS, keys=["bookings"], by=["team"], **window)
    query(asked, METRICS, keys=["bookings"], where="amount > 10", **window)
    query(asked, METRICS, keys=["bookings"], filters={"team": "East"}, **window)
    query(asked, METRICS, keys=["won"], **window)
    assert len(plans._plans) == 6


def test_memory_is_bounded(source, monkeypatch):
    monkeypatch.setattr(plans, "KEPT", 3)
    asked = source(FACTS)
    for n in range(6):
        assert query(asked, METRICS, keys=["bookings"], where=f"amount > {n}").rows[0][0] == sum(range(n + 1, 30))
    assert len(plans._plans) == 3
