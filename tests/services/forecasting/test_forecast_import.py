"""Calls that were held elsewhere are taken over whole, and accuracy is read from them."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from geartrain.intelligence.forecast.process import Submission
from geartrain.kernel.errors import Conflict, Forbidden, Invalid, PeriodLocked
from geartrain.services.access import operator
from geartrain.services.forecasting.forecast_accuracy import get_accuracy
from geartrain.services.forecasting.forecast_calls import get_status, list_calls, submit_forecast
from geartrain.services.forecasting.forecast_files import load_file
from geartrain.services.forecasting.forecast_import import PastCall, load_calls
from geartrain.services.forecasting.forecast_moves import compare_calls
from tests.services.forecasting.test_forecast_calls import ANN, BOB, CLEO, Q3, line, ws

__all__ = ["ws"]
FIRST, SECOND = date(2026, 8, 2), date(2026, 8, 9)


def said(user, amount, *, kind="own", note="", hour=9):
    return Submission(user, "call", kind, Decimal(amount), note, datetime(2026, 8, 3, hour), "someone@x")


def past(day, *spoken):
    at = datetime.combine(day, datetime.min.time())
    return PastCall(Q3, day, at, at + timedelta(days=2), at + timedelta(days=3), spoken)


@pytest.fixture
def loaded(ws):
    ann = [said("ann", 160), said("ann", 140, kind="manager", note="one slips", hour=8)]
    load_calls(ws, operator(), calls=[past(FIRST, *ann, said("bob", 400)), past(SECOND, said("ann", 150))])
    return ws


def test_they_stand_as_they_were_and_are_locked(loaded):
    found = get_status(loaded, operator(), period=Q3, as_of=FIRST)
    assert (line(found, "ann")["effective"], line(found, "ann")["roll_up"]) == (140, 150)
    assert (line(found, "bob")["roll_up"], line(found, "zoe")["roll_up"]) == (140, 420)
    with pytest.raises(PeriodLocked):
        submit_forecast(loaded, ANN, period=Q3, category="call", amount=1, as_of=FIRST)
    assert [c.as_of for c in list_calls(loaded, ANN)][1:] == [SECOND, FIRST]


def test_what_is_said_anew_lifts_the_override_of_the_week_before(loaded):
    found = get_status(loaded, operator(), period=Q3, as_of=SECOND)
    assert (line(found, "ann")["effective"], line(found, "ann")["kind"]) == (150, "own")
    assert (line(found, "bob")["effective"], line(found, "bob")["own"]["carried_forward"]) == (400, True)


def test_accuracy_counts_every_call_of_a_period_once_it_is_over(loaded, monkeypatch):
    monkeypatch.setattr(
        "geartrain.services.forecasting.forecast_accuracy.last_day", lambda ws, actor: date(2026, 10, 5)
    )
    found = get_accuracy(loaded, operator())
    assert [(c.user, c.as_of, c.said.call, c.said.rollup) for c in found.calls] == [
        ("ann", FIRST, 140, 150), ("bob", FIRST, 400, 140), ("ann", SECOND, 150, 150),
    ]  # fmt: skip
    ann = found.people()[0]
    assert (ann.n, ann.wape, ann.bias, ann.value_added) == (1, Decimal("0.45"), Decimal("0.45"), 10)
    assert [(g["level"], g["calls"]) for g in found.by("level")] == [(1, 1), (2, 2)]
    assert {c.user for c in get_accuracy(loaded, ANN).calls} == {"ann"}
    assert {c.user for c in get_accuracy(loaded, BOB).calls} == {"ann", "bob"}
    assert get_accuracy(loaded, CLEO).calls == []


def test_two_calls_are_compared_deal_by_deal(loaded):
    found = compare_calls(loaded, BOB, period=Q3, since=FIRST, until=SECOND)
    assert [(x["category"], x["change"]) for x in found.as_json()["lines"]][-1] == ("call", 0)
    assert found.deals == ()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"said": [said("nobody", 1)]}, Invalid),
        ({"said": [said("ann", 1, kind="manager")]}, Invalid),
        ({"said": [replace(said("ann", 1), category="hope")]}, Invalid),
        ({"period": "never"}, Invalid),
        ({}, Conflict),
    ],
)
def test_all_of_them_or_none(loaded, change, error):
    with pytest.raises(error):
        load_calls(loaded, operator(), calls=[past(FIRST - timedelta(7)), replace(past(FIRST), **change)])
    assert len(list_calls(loaded, operator())) == 3


def test_only_who_keeps_the_process_loads(ws):
    with pytest.raises(Forbidden):
        load_calls(ws, BOB, calls=[])


FILE = """period,as_of,user_id,category,amount,kind,note,made_at,made_by
2026Q3,2026-08-02,ann,call,"1,60.5",own,,2026-08-03T09:00:00Z,ann@x
"""


def test_a_file_of_submissions_is_taken_over_and_its_errors_have_a_line(ws, tmp_path):
    file = tmp_path / "calls.csv"
    file.write_text(FILE)
    with pytest.raises(Invalid, match=r"calls\.csv:2: '1,60.5' is no amount"):
        load_file(ws, operator(), file=file)
    for bad in ("2026-13-40", "x", ""):
        file.write_text(FILE.replace('"1,60.5"', "160").replace("2026-08-02", bad))
        with pytest.raises(Invalid, match=r"calls\.csv:2"):
            load_file(ws, operator(), file=file)
    file.write_text("period,as_of\n")
    with pytest.raises(Invalid, match="no column 'user_id'"):
        load_file(ws, operator(), file=file)
    file.write_text(FILE.replace('"1,60.5"', "160"))
    assert load_file(ws, operator(), file=file) == {"calls": 1, "submissions": 1}
    assert line(get_status(ws, operator(), period=Q3, as_of=FIRST), "ann")["effective"] == 160
