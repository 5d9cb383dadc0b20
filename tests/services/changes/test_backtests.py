"""Backtests over a workspace: what differs, in counts and money, for whom, and that nothing is written."""

from datetime import date
from hashlib import sha256

import pytest

from geartrain.kernel.errors import Forbidden, Invalid
from geartrain.services.access import operator
from geartrain.services.changes.backtests import backtest_policy, deciders
from geartrain.services.measures.metrics import query_metrics
from geartrain.services.policies import shipped_policies
from geartrain.stores.decisions import open_decisions
from tests.services.trying import ANN, BOB, BOOKINGS, QUALITY, workspace

Q2 = {"since": date(2026, 4, 1), "until": date(2026, 7, 1), "as_of": date(2026, 12, 31)}


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    return workspace(tmp_path_factory.mktemp("backtests"))


def tried(ws, text, actor=None, **asked):
    return backtest_policy(ws, actor or operator(), text=text, **{**Q2, **asked})


def test_lists_only_what_differs_with_both_traces(ws):
    """o1 is new in both; o4 closes on the first day after the window; o7 was lost."""
    found = tried(ws, BOOKINGS).as_json()
    assert [c["subject"] for c in found["changes"]] == [
        "opportunity/o5",
        "opportunity/o2",
        "opportunity/o3",
        "opportunity/o6",
    ]
    first = found["changes"][0]
    assert (first["before"]["result"], first["after"]["result"]) == ("700", None)
    assert (first["amount_before"], first["amount_after"]) == ("700.0000", None)
    assert [s["holds"] for s in first["before"]["trace"]] == [True, True, None]
    assert "type 'renewal' = 'new': does not hold" in first["after"]["trace"][1]["text"]
    assert found["totals"] == {"subjects": 5, "changed": 4, "amount_before": "1050.0000", "amount_after": "100.0000"}
    unknown = next(c for c in found["changes"] if c["subject"] == "opportunity/o3")
    assert unknown["after"]["trace"][1]["holds"] is None


def test_totals_are_those_of_the_metric(ws):
    figures = tried(ws, BOOKINGS).found.figures
    whole = next(f for f in figures if f.period == "whole window")
    assert whole.before == query_metrics(ws, operator(), keys=["bookings"], **Q2).rows[0][0] == 1050
    assert whole.after == 100
    by_month = {f.period: (f.before, f.after) for f in figures if f is not whole}
    assert by_month == {"2026-04": (100, 100), "2026-05": (200, 0), "2026-06": (750, 0)}


def test_a_limit_shortens_the_list_and_no_total(ws):
    few = tried(ws, BOOKINGS, limit=1)
    assert len(few.found.changes) == 1
    assert few.found.changed == 4
    assert few.found.turns == tried(ws, BOOKINGS).found.turns


def test_a_manager_sees_his_people_only(ws):
    found = tried(ws, BOOKINGS, BOB)
    assert {c.subject for c in found.found.changes} == {"opportunity/o2", "opportunity/o3", "opportunity/o6"}
    assert found.found.amount_before == 350


def test_a_seller_may_not(ws):
    with pytest.raises(Forbidden):
        tried(ws, BOOKINGS, ANN)


def test_rules_pass_fail_or_cannot_be_told(ws):
    """All but o7 were created before April: the window is over what happened in it, here all of January."""
    (ws.policies / "quality.yaml").write_text(QUALITY % "10")
    try:
        found = tried(ws, QUALITY % "100", since=date(2026, 1, 1), until=date(2026, 2, 1))
    finally:
        (ws.policies / "quality.yaml").unlink()
    turns = {(t.before, t.after): t.subjects for t in found.found.turns}
    assert turns == {("pass", "fail"): 2}
    assert {c.subject for c in found.found.changes} == {"opportunity/o1#worth", "opportunity/o3#worth"}
    # Six under has_type, which both have alike, and six under worth; o3 has no type, o6 no amount.
    assert found.found.subjects == 12
    assert found.found.amount_before == 50
    assert found.found.amount_after == 50 + 150
    (seen,) = [s for s in found.found.changes[0].after.trace if s.part == "check"]
    assert (seen.holds, seen.text) == (False, "amount 100.00 > 100: does not hold")


def test_a_rule_that_is_new_has_nothing_before(ws):
    found = tried(ws, QUALITY % "10", since=date(2026, 1, 1), until=date(2026, 2, 1))
    change = next(c for c in found.found.changes if c.subject == "opportunity/o6#worth")
    assert change.before.result is None
    assert change.before.trace[0].text == "There is no rule 'worth'."
    assert change.after.result == "unknown"


def _shapes():
    """The first metric of every shape: what it is made of, of rows of which sort."""
    specs = {key: p.spec for key, p in shipped_policies().of("metric").items()}
    shapes = {(s.form, *(a.agg for a in s.aggregates), s.at is None): key for key, s in reversed(specs.items())}
    return sorted(shapes.values())


@pytest.mark.parametrize("key", _shapes())
def test_a_metric_of_any_shape_against_itself_differs_nowhere(ws, key):
    found = tried(ws, shipped_policies().get("metric", key).body)
    assert found.found.changed == 0
    assert found.found.changes == ()
    assert found.found.amount_before == found.found.amount_after


def test_a_metric_that_is_new_has_nothing_before(ws):
    found = tried(ws, BOOKINGS.replace("key: bookings", "key: fresh").replace("name: Bookings", "name: Fresh"))
    assert found.against is None
    assert [(t.before, t.after, t.subjects) for t in found.found.turns] == [(None, "counted", 1)]


def test_a_derived_metric_is_compared_by_month(ws):
    body = shipped_policies().get("metric", "plan_attainment").body
    draft = body.replace("expr: ", "expr: 2 * ", 1)
    assert draft != body
    found = tried(ws, draft)
    assert {c.subject.rsplit("/", 1)[1] for c in found.found.changes} == {"2026-04", "2026-05", "2026-06"}
    assert any("Bookings is 100.00" in s.text for c in found.found.changes for s in c.after.trace)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: metric", "missing"),
        ("nonsense", "mapping of keys"),
        ("kind: metrik\nkey: a\n", "draft:1: This policy is of the unknown kind 'metrik'"),
        (QUALITY % "10 and nosuch > 1", "draft:15: worth: There is no column nosuch"),
        (
            (QUALITY % "10").replace("type: opportunity, field", "type: oportunity, field"),
            "no record type 'oportunity'",
        ),
        (BOOKINGS.replace("of: amount", "of: nosuch"), "nosuch"),
    ],
)
def test_says_what_is_wrong_with_a_draft_and_where(ws, text, said):
    with pytest.raises(Invalid) as error:
        tried(ws, text)
    assert said in error.value.message


def test_a_kind_without_backtest_says_which_have_one(ws):
    from tests.services.trying import GOALS

    with pytest.raises(Invalid) as error:
        tried(ws, GOALS)
    assert "data_quality, metric" in error.value.hint
    assert {"metric", "data_quality"} <= deciders().keys()


def test_refuses_an_empty_window(ws):
    with pytest.raises(Invalid, match="empty"):
        tried(ws, BOOKINGS, until=date(2026, 4, 1))


def test_writes_nothing(ws):
    open_decisions(ws.decisions_url)
    from django.db import connection

    connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = _bytes(ws)
    tried(ws, BOOKINGS)
    tried(ws, QUALITY % "1")
    assert _bytes(ws) == before


def _bytes(ws):
    # The shared-memory index of SQLite is no content.
    files = [f for f in ws.path.rglob("*") if f.is_file() and not f.name.endswith("-shm")]
    return {f.relative_to(ws.path).as_posix(): sha256(f.read_bytes()).hexdigest() for f in files}
