"""A deal's case: all in order, evidence where it became known, deviations at their moment; nobody else's deals."""

import pytest

from geartrain.kernel.errors import NotFound
from geartrain.services.access import operator
from geartrain.services.selling.cases import get_case
from tests.services.trying import ANN, BOB, deal, load, workspace

PROCESS = """\
kind: sales_process
key: default
name: How we sell
owner: head-of-sales
definition: One way.
spec:
  spine: [{key: S1}, {key: S2}, {key: S3}, {key: Won, kind: won}]
  attributes: [{key: buyer, kind: knowledge_inflection, label: Buyer known, verifier: attestation}]
  bindings: [{stage: S2, attribute: buyer}]
"""


def moved(day, old, new, key="c1"):
    return {"opportunity_id": key, "changed_at": day, "field": "stage", "old_value": old, "new_value": new,
            "changed_by": "ann"}  # fmt: skip


@pytest.fixture
def ws(tmp_path):
    ws = workspace(tmp_path)
    (ws.policies / "process.yaml").write_text(PROCESS)
    held = deal("c1", "ann", None, 100, created="2026-03-01", won=False) | {"stage": "S3", "is_closed": False}
    load(ws, {
        "opportunity": [held, held | {"opportunity_id": "c2", "owner_id": "cleo"}],
        "opportunity_change": [moved("2026-03-01", None, "S1"), moved("2026-03-05", "S1", "S2"),
                               moved("2026-03-10", "S2", "S3")],
        "evidence": [{"opportunity_id": "c1", "attribute_key": "buyer", "value": "true", "occurred_at": "2026-03-12",
                      "by": "desk", "policy_version": 1}],
    })  # fmt: skip
    return ws


def test_evidence_stands_where_it_became_known_and_the_exit_says_what_it_left(ws):
    found = get_case(ws, operator(), opportunity="c1")
    told = [(h.kind, h.text) for h in found.happened]
    assert told == [
        ("created", "The deal was opened"),
        ("stage", "Came into S1"),
        ("stage", "Stage: S1 → S2"),
        ("stage", "Stage: S2 → S3"),
        ("evidence", "Buyer known: true"),
    ]
    assert [h.deviations for h in found.happened if h.deviations] == [("left S2 before it was known: buyer",)]
    assert [d.kind for d in found.deviations] == ["late_evidence"]
    assert (found.declared, found.earned, [g.can_exit for g in found.gates]) == (3, 4, [True, True, True])


def test_of_deals_one_may_not_see_there_is_none(ws):
    assert get_case(ws, BOB, opportunity="c1").deal["opportunity_id"] == "c1"
    for who, key in ((ANN, "c2"), (BOB, "c2"), (operator(), "c3")):
        with pytest.raises(NotFound, match=f"no opportunity '{key}'"):
            get_case(ws, who, opportunity=key)
