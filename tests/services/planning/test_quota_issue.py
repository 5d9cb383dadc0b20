"""Quotas put in force: records of the hedged amounts, letters to sign, changes from a day on."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from geartrain.kernel.errors import Conflict, Forbidden, NotFound, StaleVersion
from geartrain.services.access import Actor, Role
from geartrain.services.commitments import list_commitments
from geartrain.services.governance import approve_policy, propose_policy, publish_policy
from geartrain.services.planning.operating_model import operating_model
from geartrain.services.planning.quotas_issue import acknowledge_quota, issue_quotas, my_letter, seal_of, signed
from geartrain.services.records.facts import open_facts
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions
from tests.services.conftest import Clock
from tests.services.trying import ANN, BOB, OPS, workspace

HEAD = Actor("head@x", frozenset({Role.head_of_sales}))
POLICY = """\
kind: quota_policy
key: default
name: Quotas
owner: head-of-sales
definition: The goal of the year handed down.
spec:
  people: "user_id in ('ann', 'cleo')"
  period: 2026
  hedge: {by_height: {0: 1.1}}
  rounding: {unit: 1}
  targets: [{period: 2026Q3, amount: %s}, {period: 2026Q4, amount: 500}]
"""
NAME = {"kind": "quota_policy", "key": "default"}


@pytest.fixture
def ws(tmp_path, monkeypatch):
    monkeypatch.setattr(Workspace, "now", Clock(datetime(2026, 6, 10, 12)).now)
    found = workspace(tmp_path)
    open_decisions(found.decisions_url)
    from geartrain.stores.decisions.models import User

    User.objects.create(email="ann@x", name="Ann", roles=["seller"], user_id="ann")
    return found


def publish(ws, amount):
    propose_policy(ws, OPS, text=POLICY % amount)
    approve_policy(ws, HEAD, **NAME)
    publish_policy(ws, OPS, **NAME)


def quotas(ws):
    with open_facts(ws, OPS) as facts:
        rows = facts.execute(facts.raw("quota")).to_pylist()
    return {(r["user_id"], r["period_start"]): r["amount"] for r in rows}


def test_hedged_quotas_become_records_and_people_sign(ws):
    publish(ws, 1000)
    made = issue_quotas(ws, OPS)
    assert (made.quotas, made.total, made.asked) == (4, 1650, ("ann@x",))
    assert quotas(ws)["ann", date(2026, 7, 1)] == 550
    (owed,) = list_commitments(ws, ANN)
    assert (owed.kind, owed.outstanding) == ("quota_letter", True)
    letter = my_letter(ws, ANN)
    assert Decimal(letter.amount) == 825
    acknowledge_quota(ws, ANN, seal=seal_of(letter))
    assert not list_commitments(ws, ANN, outstanding=True)
    assert {r["user_id"]: r["state"] for r in signed(ws, OPS)} == {"ann": "signed", "cleo": "not signed"}
    assert issue_quotas(ws, OPS).asked == ()


def test_a_change_from_a_day_on_leaves_what_was_before(ws):
    publish(ws, 1000)
    issue_quotas(ws, OPS)
    acknowledge_quota(ws, ANN, seal=(old := seal_of(my_letter(ws, ANN))))
    publish(ws, 2000)
    made = issue_quotas(ws, OPS, since=date(2026, 10, 1))
    assert made.quotas == 2
    assert quotas(ws)["ann", date(2026, 7, 1)] == 550
    with pytest.raises(StaleVersion):
        acknowledge_quota(ws, ANN, seal=old)
    assert {r["user_id"]: r["state"] for r in signed(ws, OPS)}["ann"] == "another version signed"
    issue_quotas(ws, OPS)
    assert quotas(ws)["ann", date(2026, 7, 1)] == 1100


def test_only_what_is_published_is_put_in_force(ws):
    (ws.policies / "quota.yaml").write_text(POLICY % 1000)
    with pytest.raises(Conflict, match="is not published"):
        issue_quotas(ws, OPS)
    with pytest.raises(Forbidden):
        issue_quotas(ws, BOB)


def test_a_letter_is_for_its_seller_and_those_above(ws):
    publish(ws, 1000)
    assert my_letter(ws, BOB, node="ann").node == "ann"
    for actor, node in ((ANN, "cleo"), (BOB, "cleo"), (BOB, "bob"), (OPS, "zed")):
        with pytest.raises(NotFound):
            my_letter(ws, actor, node=node)


def test_the_operating_model_says_that_the_basis_is_published(ws):
    publish(ws, 1000)
    assert {q.key: q.state for q in operating_model(ws, OPS).questions}["quota_basis"] == "answered"
