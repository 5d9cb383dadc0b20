"""Leads merged and unmerged: what pointed at them moves along, and undoing restores every byte."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from geartrain.kernel.errors import Conflict, Forbidden, NotFound
from geartrain.services.access import operator
from geartrain.services.records.loading import load_records
from geartrain.services.records.loads import list_loads
from geartrain.services.records.merging import list_merges, merge_leads, unmerge_leads
from geartrain.services.selling.leads import list_duplicates, policy_for_leads
from geartrain.services.selling.writeback_sources import propose_merged
from tests.services.trying import ANN, load

POLICY = """\
kind: lead_policy
key: default
name: Leads
owner: revops
definition: Who is who.
spec:
  dedupe:
    auto: 0.95
    review: 0.75
    passes:
      - {on: [email], score: 0.98}
      - {on: [company, country], score: 0.8}
    survive: {company: longest}
    steward: revops
"""
OUTBOX = """\
kind: write_back
key: default
name: Write-back
owner: revops
definition: What may be written.
spec:
  allowed: {salesforce: {lead: {object: Lead, fields: {company: Company}}}}
"""
OWN = ("load_id", "recorded_at")


def lead(id, email="a@x.com", company="Acme", **more):
    return {"lead_id": id, "email": email, "company": company, "created_at": f"2026-01-0{id[-1]}T00:00:00", **more}


def touch(id, lead_id):
    return {"touch_id": id, "occurred_at": "2026-02-01", "kind": "call", "function": "sales", "lead_id": lead_id}


@pytest.fixture
def ws(embedded):
    (embedded.policies / "leads.yaml").write_text(POLICY)
    return embedded


def everything(ws):
    with ws.warehouse.snapshot() as snapshot:
        found = {n: snapshot.execute(snapshot.table(n).order_by(f"{n}_id")).to_pylist() for n in ("lead", "touch")}
    return {n: [{c: v for c, v in r.items() if c not in OWN} for r in rows] for n, rows in found.items()}


def merging(ws, *masters, **what):
    return merge_leads(ws, operator(), policy=policy_for_leads(ws), masters=masters, **what)


def test_a_merge_moves_what_points_at_it_and_undo_puts_all_back(ws):
    other = lead("L2", company="Acme Corporation", extra='{"x": "é"}')
    leads = [lead("L1", country="US"), other, lead("L3", email="b@x.com")]
    load(ws, {"lead": leads, "touch": [touch("t1", "L1"), touch("t2", "L2"), touch("t3", "L3")]}, at="2026-03-01")
    before = everything(ws)
    (dry,) = merging(ws, "L1")
    assert (dry.state, dry.id, dry.children, everything(ws)) == ("proposed", "", {"touch": 1}, before)
    assert dry.changes["company"] == {"from": "Acme", "to": "Acme Corporation"}
    (done,) = merging(ws, "L1", apply=True)
    after = everything(ws)
    assert [r["lead_id"] for r in after["lead"]] == ["L1", "L3"]
    assert [t["lead_id"] for t in after["touch"]] == ["L1", "L1", "L3"]
    assert [m.state for m in list_merges(ws, operator())] == ["merged"]
    assert unmerge_leads(ws, operator(), id=done.id).state == "merged"
    assert everything(ws) == after
    assert unmerge_leads(ws, operator(), id=done.id, apply=True).state == "undone"
    assert everything(ws) == before
    with pytest.raises(Conflict, match="already"):
        unmerge_leads(ws, operator(), id=done.id)


def test_a_source_does_not_bring_a_merged_lead_back(ws, tmp_path):
    load(ws, {"lead": [lead("L1"), lead("L2")], "touch": [touch("t1", "L2")]}, at="2026-03-01")
    (done,) = merging(ws, auto=True, apply=True)
    (tmp_path / "in").mkdir()
    rows = "L2,a@x.com,Changed,2026-01-02\nL4,c@x,C,2026-01-04\n"
    (tmp_path / "in" / "lead.csv").write_text(f"lead_id,email,company,created_at\n{rows}")
    rows = "t9,2026-02-02,call,sales,L2\n"
    (tmp_path / "in" / "touch.csv").write_text(f"touch_id,occurred_at,kind,function,lead_id\n{rows}")
    counts = load_records(ws, operator(), location=tmp_path / "in").counts["lead"]
    assert (counts.read, counts.loaded, counts.duplicates) == (2, 1, 1)
    assert [r["lead_id"] for r in everything(ws)["lead"]] == ["L1", "L4"]
    assert {t["lead_id"] for t in everything(ws)["touch"]} == {"L1"}
    assert unmerge_leads(ws, operator(), id=done.id, apply=True).state == "undone"


def test_what_changed_since_is_not_undone_over(ws):
    load(ws, {"lead": [lead("L1"), lead("L2", company="Acme Corporation")]}, at="2026-03-01")
    (done,) = merging(ws, "L1", apply=True)
    load(ws, {"lead": [lead("L1", country="DE")]}, at=ws.now().isoformat())
    with pytest.raises(Conflict, match="lead L1 was changed after"):
        unmerge_leads(ws, operator(), id=done.id, apply=True)


def test_what_remains_is_proposed_to_the_source(ws):
    (ws.policies / "write_back.yaml").write_text(OUTBOX)
    load(ws, {"lead": [lead("L1"), lead("L2", company="Acme Corporation")]}, at="2026-03-01")
    merging(ws, "L1", apply=True)
    (one,) = propose_merged(ws, operator(), system="salesforce").new
    assert (one.record, one.changes) == ("L1", {"company": {"from": "Acme", "to": "Acme Corporation"}})


def test_who_may_and_what_is_not_there(ws):
    with pytest.raises(Forbidden):
        merge_leads(ws, ANN, policy=policy_for_leads(ws), auto=True)
    with pytest.raises(NotFound, match="Nothing is proposed"):
        merging(ws, "L7")
    with pytest.raises(NotFound, match="no merge"):
        unmerge_leads(ws, operator(), id="L000001")
    assert merging(ws, auto=True, apply=True) == []


texts = st.sampled_from(["a@x.com", "b@x.com", "", "Zoë <z@x.com>"])
names = st.sampled_from(["Acme", "Acme, Inc.", "Bolt", ""])
people = st.lists(st.tuples(texts, names, st.booleans()), min_size=2, max_size=6)


@settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(people=people, hands=st.lists(st.integers(0, 5), max_size=5))
def test_undoing_in_turn_restores_every_byte(ws, people, hands):
    round = len(list_loads(ws, operator()))
    leads = [
        {
            **lead(f"{round}x{n}", e or None, c or None),
            "created_at": f"2026-01-0{n + 1}",
            "extra": '{"n": 1}' if x else None,
        }
        for n, (e, c, x) in enumerate(people)
    ]
    touches = [touch(f"{round}t{k}", f"{round}x{n}") for k, n in enumerate(hands) if n < len(people)]
    load(ws, {"lead": leads, "touch": touches}, at=ws.now().isoformat())
    before, policy = everything(ws), policy_for_leads(ws)
    masters = [p.master for p in list_duplicates(ws, operator(), policy=policy)[1]]
    done = merge_leads(ws, operator(), policy=policy, masters=masters, apply=True)
    for one in reversed(done):
        unmerge_leads(ws, operator(), id=one.id, apply=True)
    assert everything(ws) == before
