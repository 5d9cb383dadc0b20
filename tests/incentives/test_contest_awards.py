"""Contests over facts: awarded once, frozen, adjusted after a reversal, and who is named to whom."""

from datetime import datetime

import pytest

from geartrain.kernel.errors import Conflict, Forbidden, NotFound
from geartrain.services.access import Actor, Role
from geartrain.services.pay.contests import (
    award_contest,
    get_leaderboard,
    list_awards,
    run_contest,
    set_display,
)
from geartrain.services.pay.runs import get_statement
from geartrain.services.pay.verifying import verify_pay
from geartrain.services.workspace import Workspace, init_workspace
from tests.incentives.company import USERS, person, won
from tests.incentives.plans import plan_text
from tests.services.trying import load

FIN = Actor("fin@x", frozenset({Role.finance}))
OPS = Actor("ops@x", frozenset({Role.revops}))
ANN = Actor("ann@x", frozenset({Role.seller}), user_id="ann")
ABE = Actor("abe@x", frozenset({Role.seller}), user_id="abe")
BOB = Actor("bob@x", frozenset({Role.manager}), user_id="bob")
CLEO = Actor("cleo@x", frozenset({Role.seller}), user_id="cleo")
CONTEST = """kind: contest
key: spring
name: Spring
owner: revops
definition: Who books most.
spec:
  metric: bookings
  period: 2026-01
  eligible: {role: [ae]}
  freeze: 2026-02-05
  prizes: [{award: gold, rank: 1, fixed: 500}, {award: silver, rank: 2, fixed: 200}]
  budget: 1000
"""
DEALS = [won("D1", "ann", "2026-01-10", 300), won("D2", "abe", "2026-01-11", 200), won("D3", "amy", "2026-01-12", 200)]


@pytest.fixture
def at(monkeypatch):
    """Move the clock."""
    moved = {"now": datetime(2026, 1, 20)}
    monkeypatch.setattr(Workspace, "now", lambda self: moved["now"])
    return lambda text: moved.update(now=datetime.fromisoformat(text))


@pytest.fixture
def ws(tmp_path, at):
    made = init_workspace(tmp_path / "w")
    (made.policies / "plan.yaml").write_text(plan_text())
    (made.policies / "contest.yaml").write_text(CONTEST)
    load(made, {"user": [*USERS, person("amy", "ae", "bob")], "opportunity": DEALS}, at="2026-01-15")
    return made


def ranks(ran):
    return {s.person: s.rank for s in ran.standings}


def test_a_reversal_before_the_freeze_changes_the_ranks_and_after_it_becomes_an_adjustment(ws, at):
    assert ranks(run_contest(ws, OPS, key="spring")) == {"ann": 1, "abe": 2, "amy": 2}
    with pytest.raises(Conflict, match="freezes on"):
        award_contest(ws, FIN, key="spring")
    load(ws, {"opportunity": [won("D3", "amy", "2026-01-12", 150)]}, at="2026-02-01")
    at("2026-02-07")
    assert ranks(run_contest(ws, OPS, key="spring")) == {"ann": 1, "abe": 2, "amy": 3}
    load(ws, {"opportunity": [won("D1", "ann", "2026-01-10", 100)]}, at="2026-02-06")
    assert ranks(run_contest(ws, OPS, key="spring")) == {"ann": 1, "abe": 2, "amy": 3}
    found = award_contest(ws, FIN, key="spring")
    assert [(a["person"], a["award"], a["amount"]) for a in found["awards"]] == [
        ("ann", "gold", "500.00"), ("abe", "silver", "200.00")]  # fmt: skip
    assert [(a["person"], a["award"], a["amount"]) for a in found["adjustments"]] == [("ann", "gold", "-500.00")]
    assert get_statement(ws, FIN, payee="ann", period="2026-02")["paid"] == "0.00"
    assert get_statement(ws, FIN, payee="abe", period="2026-02")["paid"] == "200.00"
    assert list(verify_pay(ws)) == []


def test_a_job_run_twice_or_late_gives_the_same_awards(ws, at):
    at("2026-02-05")
    first = award_contest(ws, FIN, key="spring")
    assert first["new"] == 3
    assert [a["amount"] for a in first["awards"]] == ["500.00", "100.00", "100.00"]
    at("2026-02-07")
    again = award_contest(ws, FIN, key="spring")
    assert (again["new"], again["adjustments"], again["awards"]) == (0, [], first["awards"])
    assert get_statement(ws, FIN, payee="ann", period="2026-02")["paid"] == "500.00"
    assert list(verify_pay(ws)) == []


def test_facts_that_were_first_loaded_after_the_freeze_still_count(tmp_path, at):
    made = init_workspace(tmp_path / "late")
    (made.policies / "contest.yaml").write_text(CONTEST)
    load(made, {"user": USERS, "opportunity": DEALS}, at="2026-03-01")
    at("2026-03-02")
    assert ranks(run_contest(made, OPS, key="spring")) == {"ann": 1, "abe": 2}


def test_a_leaderboard_is_for_those_of_the_role_and_names_nobody_who_opted_out(ws):
    rows = get_leaderboard(ws, ABE, key="spring")["rows"]
    assert [(r["rank"], r["person"]) for r in rows] == [(1, "ann"), (2, "abe"), (2, "amy")]
    set_display(ws, ANN, shown=False)
    seen = get_leaderboard(ws, ABE, key="spring")["rows"]
    assert next((r["rank"], r["person"], r["value"]) for r in seen) == (1, None, None)
    assert "ann" not in str(seen).lower()
    for actor in (ANN, BOB, FIN):
        assert get_leaderboard(ws, actor, key="spring")["rows"][0]["person"] == "ann"
    set_display(ws, ANN, shown=True)
    assert get_leaderboard(ws, ABE, key="spring")["rows"][0]["person"] == "ann"
    assert get_leaderboard(ws, CLEO, key="spring")["rows"] == []


def test_who_may_run_and_award(ws, at):
    at("2026-02-05")
    for actor in (ANN, BOB):
        with pytest.raises(Forbidden):
            run_contest(ws, actor, key="spring")
        with pytest.raises(Forbidden):
            award_contest(ws, actor, key="spring")
    with pytest.raises(NotFound):
        run_contest(ws, OPS, key="none-such")
    award_contest(ws, FIN, key="spring")
    assert [a["person"] for a in list_awards(ws, ABE, key="spring")] == ["abe"]
