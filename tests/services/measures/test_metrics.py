"""Metrics over a workspace: what a person may see, policies laid over the shipped ones, answers that are remembered."""

from datetime import date, datetime

import pyarrow.parquet as pq
import pytest

from geartrain.facts import record_type
from geartrain.kernel.errors import Forbidden, Invalid, NotFound
from geartrain.kernel.measure.examples import arrow_rows
from geartrain.kernel.periods import FiscalCalendar, Grain
from geartrain.services import answers
from geartrain.services.access import Actor, Role, operator
from geartrain.services.measures.metrics import (
    compare_periods,
    explain_metric,
    get_metric,
    lint_metrics,
    list_metrics,
    query_metrics,
    trend,
)
from geartrain.services.workspace import init_workspace
from geartrain.stores.warehouse.base import LoadEntry

ANN = Actor("ann@x", frozenset({Role.seller}), user_id="ann")
CLEO = Actor("cleo@x", frozenset({Role.seller}), user_id="cleo")
BOB = Actor("bob@x", frozenset({Role.manager}), user_id="bob")
STRANGER = Actor("eve@x", frozenset())
YEAR = {"since": date(2026, 1, 1), "until": date(2027, 1, 1), "as_of": date(2026, 12, 31)}


def deal(key, owner, account, closed, amount, *, created="2026-01-05", won=True, **more):
    return {
        "opportunity_id": key,
        "owner_id": owner,
        "account_id": account,
        "stage": "Won" if won else "Lost",
        "created_at": created,
        "closed_at": closed,
        "is_closed": True,
        "is_won": won,
        "amount": amount,
        "currency": "USD",
        **more,
    }


FACTS = {
    "user": [
        {"user_id": "ann", "name": "Ann", "manager_id": "bob", "is_active": True, "region": "East"},
        {"user_id": "bob", "name": "Bob", "is_active": True, "region": "East"},
        {"user_id": "cleo", "name": "Cleo", "is_active": True, "region": "West"},
    ],
    "account": [{"account_id": "a1", "name": "Acme"}, {"account_id": "b1", "name": "Beta"}],
    "opportunity": [
        deal("o1", "cleo", "a1", "2025-02-01", 40, created="2025-01-01"),
        deal("o2", "ann", "a1", "2026-02-01", 100),
        deal("o3", "ann", "b1", "2026-05-01", 200),
        deal("o4", "cleo", "b1", "2026-06-01", 700),
    ],
    "cost": [
        {
            "period_start": "2026-01-01",
            "period_end": "2027-01-01",
            "function": "sales",
            "category": "salaries",
            "amount": 500,
            "currency": "USD",
        }
    ],
}
GOALS = """\
kind: corporate_goals
key: default
name: Goals
owner: head-of-sales
definition: What we want.
spec:
  goals:
    - {key: grow-new-business, name: Grow, owner: head-of-sales, metric: bookings, values: {2026: 4000}}
    - {key: sell-efficiently, name: Thrift, owner: cfo, metric: sm_expense_ratio}
    - {key: grow-recurring-revenue, name: Recur, owner: cfo, metric: recurring_revenue}
"""


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workspace")
    workspace = init_workspace(folder / "ws")
    (workspace.policies / "goals.yaml").write_text(GOALS)
    with workspace.warehouse.write(source="test", recorded_at=datetime.fromisoformat("2027-01-01")) as writer:
        for name, rows in FACTS.items():
            staged = folder / f"{name}.parquet"
            pq.write_table(arrow_rows(record_type(name), rows, FiscalCalendar()), staged)
            writer.append(record_type(name), staged)
        writer.commit(LoadEntry(writer.load_id, "test", datetime.fromisoformat("2027-01-01"), {}))
    return workspace


def value(ws, actor, key, **asked):
    return query_metrics(ws, actor, keys=[key], **{**YEAR, **asked}).rows[0][0]


def test_everybody_sees_their_own_line(ws):
    assert value(ws, operator(), "bookings") == 1000
    assert value(ws, ANN, "bookings") == 300
    assert value(ws, BOB, "bookings") == 300
    assert value(ws, CLEO, "bookings") == 700


def test_a_view_is_worked_out_over_all_and_then_cut(ws):
    """Ann's first win with Acme is no new logo: Cleo won there a year before."""
    assert value(ws, operator(), "new_logos") == 1
    assert value(ws, ANN, "new_logos") == 1
    assert value(ws, CLEO, "new_logos") == 0


def test_costs_are_for_those_who_may_see_them(ws):
    assert value(ws, operator(), "sm_cost") == 500
    assert value(ws, BOB, "sm_cost") == 0


def test_who_may_not_is_refused(ws):
    for ask in (list_metrics, lint_metrics):
        with pytest.raises(Forbidden):
            ask(ws, STRANGER)
    with pytest.raises(Forbidden):
        value(ws, STRANGER, "bookings")
    with pytest.raises(Forbidden):
        explain_metric(ws, STRANGER, key="bookings")


def test_a_goal_of_the_workspace_is_spread_over_its_months(ws):
    assert value(ws, operator(), "bookings_goal") == 4000
    assert value(ws, operator(), "plan_attainment") == pytest.approx(0.25)
    quarters = query_metrics(ws, operator(), keys=["bookings_goal"], by=["quarter"], **YEAR).rows
    assert [float(r[1]) for r in quarters] == [1000] * 4


def test_a_metric_that_a_filter_says_nothing_about_has_no_value_and_says_so(ws):
    answer = query_metrics(ws, operator(), keys=["plan_attainment", "bookings"], where="region = 'East'", **YEAR)
    assert answer.columns == ("plan_attainment", "bookings")
    assert answer.rows == ((None, 300),)
    assert answer.detail[0]["plan_attainment"]["reason"] == "Share of the plan has no 'region' to filter by"
    with pytest.raises(Invalid):
        query_metrics(ws, operator(), keys=["bookings"], where="nonsense = 1", **YEAR)


def test_an_answer_has_the_shape_of_the_specification(ws):
    found = query_metrics(ws, operator(), keys=["win_rate", "bookings"], by=["quarter", "region"], **YEAR).as_json()
    assert list(found) == ["columns", "rows", "metrics", "as_of", "facts"]
    assert found["columns"] == ["quarter", "region", "win_rate", "bookings"]
    assert found["rows"] == [["2026Q1", "East", 1, 100], ["2026Q2", "East", 1, 200], ["2026Q2", "West", 1, 700]]
    assert found["metrics"]["win_rate"]["version"] == 1
    assert found["metrics"]["win_rate"]["unit"] == "ratio"
    assert found["as_of"] == "2026-12-31"


def test_the_same_question_is_worked_out_once_for_the_same_scope(ws):
    answers.answers.forget()
    first = query_metrics(ws, ANN, keys=["bookings"], **YEAR)
    assert query_metrics(ws, ANN, keys=["bookings"], **YEAR) is first
    assert query_metrics(ws, CLEO, keys=["bookings"], **YEAR) is not first


def test_a_changed_policy_is_a_new_answer(ws):
    own = ws.policies / "bookings.yaml"
    shipped = next(m for m in list_metrics(ws, operator()) if m.key == "bookings").text
    try:
        own.write_text(shipped.replace("where: is_won}", "where: is_won and amount > 150}"))
        assert value(ws, operator(), "bookings") == 900
        assert get_metric(ws, operator(), key="bookings").where == "policies/bookings.yaml"
        own.write_text(shipped.replace("direction:", "directon:"))
        assert value(ws, operator(), "bookings") == 1000
        issues = lint_metrics(ws, operator()).issues
        assert {i.where.split(":")[0] for i in issues} == {"policies/bookings.yaml"}
    finally:
        own.unlink()
    assert lint_metrics(ws, operator()).issues == ()


def test_a_number_leads_to_its_records(ws):
    found = explain_metric(ws, ANN, key="bookings", **YEAR)
    assert [r["opportunity_id"] for r in found.records] == ["o3", "o2"]
    assert found.total == 2
    with pytest.raises(Invalid):
        explain_metric(ws, ANN, key="bookings", limit=-1)


def test_an_unknown_metric_is_not_found(ws):
    with pytest.raises(NotFound):
        value(ws, operator(), "boookings")
    with pytest.raises(NotFound) as error:
        get_metric(ws, operator(), key="boookings")
    assert error.value.hint == "Did you mean 'bookings'?"


def test_a_card_shows_the_place_among_the_others(ws):
    card = get_metric(ws, operator(), key="win_rate")
    assert "core_selling_time_share" in card.driven_by
    assert card.serves == ("grow-new-business", "sell-efficiently")
    assert {"quarter", "team", "manager", "product_id"} <= set(card.dimensions)


def test_now_against_before_and_a_year_ago(ws):
    now = ws.calendar.parse("2026Q1")
    found = compare_periods(ws, operator(), keys=["bookings"], period=now)
    assert [(c.key, c.now, c.before, c.year_ago) for c in found] == [("bookings", 100, 0, 40)]
    with pytest.raises(Invalid):
        compare_periods(ws, operator(), keys=["bookings"], period=ws.calendar.parse("2026-W31"))


def test_a_trend_has_every_period_oldest_first(ws):
    found = trend(ws, operator(), keys=["bookings"], grain=Grain.quarter, last=date(2026, 6, 30), count=3)
    assert [(k, v["bookings"]) for k, v in found] == [("2025Q4", None), ("2026Q1", 100), ("2026Q2", 900)]
