"""Disputes with a clock, settled by a clause; who may see them; what the rules make of the opportunities."""

from __future__ import annotations

from datetime import datetime

import pytest

from geartrain.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from geartrain.services import commitments as owed
from geartrain.services.access import Actor, Role, operator
from geartrain.services.planning import engagement as use
from geartrain.services.records.loading import load_records
from geartrain.services.workspace import Workspace, init_workspace

ROLES = {"ann": Role.seller, "bob": Role.manager, "cleo": Role.seller, "rita": Role.revops}
ANN, BOB, CLEO, RITA = (Actor(f"{n}@example.com", frozenset({r}), n) for n, r in ROLES.items())
RULES = """kind: rules_of_engagement
key: field
name: Field
owner: head-of-revops
definition: Who owns what.
spec:
  axes: {source: [inbound, partner], life: [new, customer]}
  clauses:
    - {key: customer, when: "life = 'customer'", owner: account_owner_id}
    - {key: inbound_new, when: {source: inbound, life: new}, owner: sdr_queue}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("engagement")
    (folder / "export").mkdir()
    files = {
        "user": "user_id,name,manager_id,is_active\nann,Ann,bob,true\nbob,Bob,,true\ncleo,Cleo,,true\n",
        "opportunity": "opportunity_id,owner_id,stage,created_at,is_closed,is_won,source,life,account_owner_id\n"
        "O1,ann,open,2026-01-02,false,false,inbound,customer,bob\nO2,ann,open,2026-01-02,false,false,inbound,customer,ann\n"
        "O3,cleo,open,2026-01-02,false,false,partner,new,cleo\n",
    }
    for name, text in files.items():
        (folder / "export" / f"{name}.csv").write_text(text)
    ws = init_workspace(folder / "w")
    load_records(ws, operator(), location=folder / "export")
    (ws.policies / "field.yaml").write_text(RULES)
    return ws


@pytest.fixture
def now(monkeypatch):
    clock = [datetime(2026, 3, 2, 9)]  # a Monday
    monkeypatch.setattr(Workspace, "now", lambda self: clock[0])
    return clock


def dispute(ws, record="O1"):
    return use.open_dispute(ws, ANN, record_id=record, claimant="ann", holder="bob", reason="I found it.")


def test_a_dispute_has_five_business_days_and_is_settled_by_a_clause(home, now):
    made = dispute(home)
    assert (made.state, made.due.date().isoformat(), made.assignee) == ("open", "2026-03-09", "revops")
    with pytest.raises(Conflict):
        dispute(home)
    assert made in use.list_disputes(home, ANN)
    assert made not in use.list_disputes(home, CLEO)
    with pytest.raises(Conflict):
        owed.meet_commitment(home, RITA, id=made.id)
    for wrong in ({"clause": "costumer"}, {"clause": "customer", "new": True}, {"clause": "customer", "owner": "eve"}):
        with pytest.raises(Invalid):
            use.settle_dispute(home, RITA, id=made.id, **{"owner": "bob", **wrong})
    with pytest.raises(Forbidden):
        use.settle_dispute(home, ANN, id=made.id, clause="customer", owner="ann")
    with pytest.raises(NotFound):
        use.settle_dispute(home, RITA, id=made.id + 1000, clause="customer", owner="bob")
    done = use.settle_dispute(home, RITA, id=made.id, clause="customer", owner="bob")
    assert (done.state, done.clause, done.owner, done.new) == ("settled", "customer", "bob", False)
    assert use.measure_disputes(home, RITA)["settled_per_100"] == pytest.approx(100 / 3, abs=1e-3)


def test_one_past_due_is_breached_and_may_be_settled_by_a_new_clause(home, now):
    made = dispute(home, "O2")
    now[0] = datetime(2026, 3, 20)
    assert next(d for d in use.list_disputes(home, RITA) if d.id == made.id).state == "breached"
    done = use.settle_dispute(home, RITA, id=made.id, clause="finder", owner="ann", new=True)
    assert (done.state, done.new) == ("settled", True)


def test_opportunities_are_held_against_the_clauses(home, now):
    told = use.enforce_engagement(home, operator())
    assert told["missing"] == []
    assert (told["records"], told["agreed"], told["missing"]) == (3, 1, [])
    assert told["write_back"] == [{"record": "O1", "field": "owner_id", "from": "ann", "to": "bob"}]
    assert told["measures"]["undecided_per_100"] == pytest.approx(100 / 3, abs=1e-3)
    assert len(use.check_engagement(home, operator())["gaps"]) == 1
