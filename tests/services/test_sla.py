"""Clocks of leads that were handed on: the second owner's is a new one, the first one's breach stays."""

from datetime import date
from decimal import Decimal

import pytest

from geartrain.services.access import operator
from geartrain.services.selling.leads import list_sla, policy_for_leads
from tests.services.trying import load, workspace

POLICY = """\
kind: lead_policy
key: default
name: Leads
owner: revops
definition: How soon.
spec:
  sla:
    first_touch: {hours: 2}
"""


def lead(id, owner, assigned, **more):
    return {"lead_id": id, "created_at": "2026-03-02T09:00:00", "owner_id": owner, "assigned_at": assigned, **more}


def call(id, lead, at):
    return {"touch_id": id, "occurred_at": at, "kind": "call", "function": "sales", "lead_id": lead}


@pytest.fixture
def ws(tmp_path):
    made = workspace(tmp_path)
    (made.policies / "leads.yaml").write_text(POLICY)
    nine = "2026-03-02T09:00:00"
    leads = [lead("late", "ann", nine), lead("early", "ann", nine), lead("kept", "ann", nine), lead("none", None, None)]
    load(made, {"lead": leads}, at="2026-03-02T09:30:00")
    # Cleo gets one at noon, an hour past Ann's due; the other at ten, an hour before it.
    again = [lead("late", "cleo", "2026-03-02T12:00:00"), lead("early", "cleo", "2026-03-02T10:00:00")]
    calls = [call("1", "late", "2026-03-02T13:00:00"), call("2", "early", "2026-03-02T15:00:00"),
             call("3", "kept", "2026-03-02T10:30:00")]  # fmt: skip
    load(made, {"lead": again, "touch": calls}, at="2026-03-02T16:00:00")
    return made


def test_the_first_owners_breach_stays_and_the_second_has_a_new_clock(ws):
    found = list_sla(ws, operator(), policy=policy_for_leads(ws), as_of=date(2026, 3, 2), limit=9)
    assert found.leads == 4
    told = {key: (part.met, part.breached, part.passed, part.open) for key, _, part in found.by}
    assert told == {"ann": (1, 1, 1, 0), "cleo": (1, 1, 0, 0), "(unknown)": (0, 0, 0, 0)}
    assert (found.whole.attainment, found.whole.unassigned, found.whole.untouched) == (Decimal("0.5"), 1, 1)
    # from creation, whoever had it: 4, 6 and 1.5 hours; the fourth was never spoken to
    assert (found.whole.speed_p50, found.whole.speed_p90) == (Decimal("4.0"), None)
    assert [(b["lead_id"], b["owner_id"]) for b in found.listed] == [("early", "cleo"), ("late", "ann")]
