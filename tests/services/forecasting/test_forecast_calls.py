"""The forecast call: own numbers, overrides, locks, and who may see what."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from geartrain.kernel.errors import Conflict, Forbidden, Invalid, NotFound, PeriodLocked
from geartrain.services.access import Actor, Role, operator
from geartrain.services.forecasting.forecast_accuracy import get_accuracy
from geartrain.services.forecasting.forecast_calls import get_status, lock_call, open_call, submit_forecast
from geartrain.services.forecasting.forecast_moves import get_frozen
from geartrain.services.records.loading import load_records
from geartrain.services.workspace import init_workspace

USERS = [("zoe", ""), ("bob", "zoe"), ("ann", "bob"), ("carl", "bob"), ("cleo", "zoe")]
O1 = {"amount": "50", "close_date": "2026-09-10", "forecast_category": "Commit"}
TABLES = {
    "user": ["user_id,name,manager_id,is_active", *(f"{u},{u.title()},{m},true" for u, m in USERS)],
    "opportunity": [
        "opportunity_id,owner_id,stage,forecast_category,amount,created_at,close_date,closed_at,is_closed,is_won",
        "w1,ann,Won,Closed,100,2026-06-01,2026-07-10,2026-07-10,true,true",
        "o1,ann,New,Commit,50,2026-06-01,2026-09-10,,false,false",
        "o2,carl,New,Best Case,30,2026-06-01,2026-09-10,,false,false",
        "o3,cleo,New,Commit,70,2026-06-01,2026-12-10,,false,false",
        "o4,cleo,New,Commit,20,2026-06-01,2026-09-20,,false,false",
    ],
    # From here on the fields are tracked, so that what they are is known on the day of the call.
    "opportunity_change": [
        "opportunity_id,changed_at,field,old_value,new_value",
        *(f"o1,2026-05-01,{field},{value},{value}" for field, value in O1.items()),
    ],
}
DAY, Q3 = date(2026, 8, 15), "2026Q3"


def person(login, *roles):
    return Actor(login, frozenset(roles or {Role.seller}), login, login.title())


ANN, BOB, CLEO = person("ann"), person("bob", Role.manager), person("cleo")


@pytest.fixture
def ws(tmp_path):
    folder = tmp_path / "export"
    folder.mkdir()
    for name, lines in TABLES.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    made = init_workspace(tmp_path / "ws")
    load_records(made, operator(), location=folder)
    open_call(made, operator(), period=Q3, as_of=DAY)
    return made


def line(status, user, category="call"):
    return next(r for r in status.as_json()["lines"] if (r["user_id"], r["category"]) == (user, category))


def test_nothing_said_is_the_roll_up_and_missing(ws):
    found = get_status(ws, operator(), period=Q3)
    assert {u: line(found, u)["roll_up"] for u in ("ann", "bob", "cleo", "zoe")} == {
        "ann": 150,
        "bob": 150,
        "cleo": 20,
        "zoe": 170,
    }
    assert line(found, "carl", "best_case")["roll_up"] == 30
    assert set(found.missing) == {"ann", "bob", "carl", "cleo", "zoe"}
    assert found.late == []


def test_own_numbers_and_overrides_stand_beside_each_other(ws):
    submit_forecast(ws, ANN, period=Q3, category="call", amount="160")
    with pytest.raises(Invalid, match="reason"):
        submit_forecast(ws, BOB, period=Q3, category="call", amount=140, user="ann")
    found = line(submit_forecast(ws, BOB, period=Q3, category="call", amount=140, user="ann", note="one slips"), "ann")
    assert (found["roll_up"], found["own"]["amount"], found["manager"]["amount"]) == (150, 160, 140)
    assert (found["effective"], found["kind"], found["manager"]["note"]) == (140, "manager", "one slips")
    submit_forecast(ws, BOB, period=Q3, category="call", amount=999)
    bob = line(get_status(ws, operator(), period=Q3), "bob")
    assert (bob["roll_up"], bob["effective"]) == (140, 999)


def test_a_seller_sees_only_his_own_line(ws):
    assert {r.user for r in get_status(ws, ANN, period=Q3).lines} == {"ann"}
    assert {r.user for r in get_status(ws, BOB, period=Q3).lines} == {"ann", "bob", "carl"}
    for user in ("cleo", "nobody", "bob"):
        with pytest.raises(NotFound, match="nobody by the id"):
            submit_forecast(ws, ANN, period=Q3, category="call", amount=1, user=user, note="x")


def test_a_locked_call_does_not_change(ws):
    submit_forecast(ws, ANN, period=Q3, category="commit", amount=100)
    with pytest.raises(Forbidden):
        lock_call(ws, BOB, period=Q3)
    lock_call(ws, operator(), period=Q3)
    with pytest.raises(PeriodLocked):
        submit_forecast(ws, ANN, period=Q3, category="commit", amount=110)
    with pytest.raises(PeriodLocked):
        lock_call(ws, operator(), period=Q3)
    assert line(get_status(ws, ANN, period=Q3), "ann", "commit")["own"]["amount"] == 100


def test_the_database_refuses_changes_too(ws):
    submit_forecast(ws, ANN, period=Q3, category="commit", amount=100)
    lock_call(ws, operator(), period=Q3)
    from django.db import DatabaseError

    from geartrain.stores.decisions.models import ForecastSubmission

    row = ForecastSubmission.objects.get()
    with pytest.raises(DatabaseError):
        ForecastSubmission.objects.update(amount=1)
    with pytest.raises(DatabaseError):
        row.delete()
    row.pk, row.id = None, None
    with pytest.raises(DatabaseError, match="locked"):
        row.save(force_insert=True)


def test_every_submission_freezes_the_deals_under_it(ws):
    submit_forecast(ws, BOB, period=Q3, category="call", amount=150)
    frozen = get_frozen(ws, BOB, period=Q3, user="bob")
    assert [(d.opportunity_id, d.amount, d.category) for d in frozen] == [("o1", 50, "commit"), ("o2", 30, "best_case")]
    assert [d.opportunity_id for d in get_frozen(ws, ANN, period=Q3, user="ann")] == ["o1"]
    with pytest.raises(NotFound):
        get_frozen(ws, ANN, period=Q3, user="bob")


def test_what_was_said_is_carried_forward_and_flagged(ws):
    submit_forecast(ws, ANN, period=Q3, category="call", amount=160)
    lock_call(ws, operator(), period=Q3)
    open_call(ws, operator(), period=Q3, as_of=DAY + timedelta(days=7))
    found = get_status(ws, operator(), period=Q3)
    assert line(found, "ann")["effective"] == 160
    assert line(found, "ann")["own"]["carried_forward"] is True
    assert (found.carried, "ann" in found.missing) == (["ann"], True)


def test_late_is_after_the_due_instant(ws):
    open_call(ws, operator(), period="2026Q4", as_of=DAY, due=datetime(2026, 8, 17))
    submit_forecast(ws, CLEO, period="2026Q4", category="call", amount=70)
    assert get_status(ws, operator(), period="2026Q4").late == ["cleo"]


def test_what_makes_no_sense_is_said(ws):
    with pytest.raises(Conflict):
        open_call(ws, operator(), period=Q3, as_of=DAY)
    with pytest.raises(Invalid, match="amount"):
        submit_forecast(ws, ANN, period=Q3, category="call", amount="lots")
    with pytest.raises(Invalid, match="not submitted"):
        submit_forecast(ws, ANN, period=Q3, category="hope", amount=1)
    with pytest.raises(NotFound, match="No call"):
        get_status(ws, ANN, period="2027Q1")
    with pytest.raises(Forbidden):
        open_call(ws, ANN, period="2026Q4", as_of=DAY)


def test_accuracy_is_of_periods_that_are_over(ws, monkeypatch):
    submit_forecast(ws, ANN, period=Q3, category="call", amount=120)
    assert get_accuracy(ws, operator()).as_json()["calls"] == []
    monkeypatch.setattr(
        "geartrain.services.forecasting.forecast_accuracy.last_day", lambda ws, actor: date(2026, 10, 5)
    )
    found = get_accuracy(ws, operator()).as_json()["calls"]
    assert [(r["user_id"], r["call"], r["actual"], r["accuracy"]) for r in found] == [("ann", 120, 100, Decimal("0.8"))]
    assert found[0]["value_added"] == 30
    assert get_accuracy(ws, CLEO).as_json()["calls"] == []
