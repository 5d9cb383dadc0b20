"""Handoffs, both sides of the SLA and the funnel by cohort, on facts small enough to count by hand."""

from datetime import date
from decimal import Decimal

import pytest

from geartrain.kernel.errors import Invalid
from geartrain.services.access import operator
from geartrain.services.selling.alignment import get_alignment
from tests.services.trying import BOB, GOALS, deal, load, workspace

POLICY = """\
kind: alignment
key: default
name: Handoffs
owner: revops
definition: Who hands what to whom.
spec:
  handoffs:
    - key: mql
      from: marketing
      to: sales
      offered_at: mql_at
      accepted_at: sal_at
      rejected_at: rejected_at
      reason: reject_reason
      first_action_at: first_touch_at
      reached_at: converted_at
      accept_within: {hours: 4}
      act_within: {hours: 8}
      complete: [email is not null, company is not null]
    - key: cs
      from: sales
      to: customer_success
      subject: opportunity
      when: is_won
      offered_at: closed_at
      accepted_at: extra.cs_accepted_at
  sla:
    marketing: {handoff: mql, grade: extra.grade, weekly: [{grade: A, count: 2}, {grade: B, count: 1}]}
    sales: {handoff: mql, attempts: 2, within_days: 3}
  funnel:
    entered_at: mql_at
    matures_after_days: 30
    steps: [{key: sal, at: sal_at}, {key: won, at: case when opportunity.is_won then opportunity.closed_at end}]
"""
# Mondays: 2026-03-02 and 09; everybody works 9 to 17 UTC.


def lead(id, mql, *, owner="ann", grade="A", **more):
    return {"lead_id": id, "created_at": mql, "mql_at": mql, "owner_id": owner, "email": "a@x", "company": "X",
            "extra": f'{{"grade": "{grade}"}}', **more}  # fmt: skip


LEADS = [
    # accepted after 1 h, acted after 3: in time; became o1, which was won
    lead("a", "2026-03-02T09:00:00", sal_at="2026-03-02T10:00:00", first_touch_at="2026-03-02T12:00:00",
         converted_at="2026-03-05", opportunity_id="o1"),
    # accepted in time, acted on the third day: late; nobody says which company
    lead("b", "2026-03-02T09:00:00", sal_at="2026-03-02T12:59:00", first_touch_at="2026-03-04T09:00:00", company=None,
         grade="B"),
    # rejected in time, no longer owed
    lead("c", "2026-03-03T09:00:00", rejected_at="2026-03-03T10:00:00", reject_reason="no budget"),
    # nobody answers
    lead("d", "2026-03-09T09:00:00", owner="cleo"),
    # still has its time on the day that is seen
    lead("e", "2026-03-20T16:00:00"),
]  # fmt: skip
TOUCHES = [("b", "2026-03-04T09:00:00"), ("b", "2026-03-04T10:00:00"), ("d", "2026-03-10T09:00:00")]


@pytest.fixture
def ws(tmp_path):
    made = workspace(tmp_path)
    (made.policies / "alignment.yaml").write_text(POLICY)
    touches = [{"touch_id": f"t{n}", "occurred_at": at, "kind": "call", "function": "sales", "lead_id": key}
               for n, (key, at) in enumerate(TOUCHES)]  # fmt: skip
    won = {**deal("o1", "ann", "2026-03-06", 100), "extra": '{"cs_accepted_at": "2026-03-07T10:00:00"}'}
    load(made, {"lead": LEADS, "touch": touches, "opportunity": [won]}, at="2026-03-21")
    return made


def test_what_was_offered_answered_and_acted_on(ws):
    found = get_alignment(ws, operator(), as_of=date(2026, 3, 20))
    mql = found.handoffs[0].as_json()
    assert [mql[k] for k in ("offered", "accepted", "rejected", "waiting")] == [5, 2, 1, 2]
    assert mql["acceptance_rate"] == Decimal("0.666667")
    assert mql["first_time_right"] == Decimal("0.333333")  # b is incomplete, c was rejected
    assert mql["accepted_in_sla"] == {"met": 3, "breached": 1, "open": 1, "attainment": Decimal("0.750000")}
    assert mql["acted_in_sla"] == {"met": 1, "breached": 2, "open": 1, "attainment": Decimal("0.333333")}
    assert mql["completeness"] == Decimal("0.9")
    assert mql["reasons"] == [{"reason": "no budget", "n": 1, "share": Decimal(1), "running": Decimal(1)}]
    assert (mql["reached"], mql["yield_rate"]) == (1, Decimal("0.200000"))
    cs = found.handoffs[1].as_json()
    assert (cs["offered"], cs["accepted"], cs["acted_in_sla"], cs["yield_rate"]) == (1, 1, None, None)


def test_both_sides_of_a_week_stand_beside_each_other(ws):
    weeks = [w.as_json() for w in get_alignment(ws, operator(), as_of=date(2026, 3, 20)).weeks]
    assert [w["week"] for w in weeks] == [date(2026, 3, 2), date(2026, 3, 9), date(2026, 3, 16)]
    first, second, last = weeks
    assert (first["marketing"]["owed"], first["marketing"]["delivered"]) == (3, 3)
    assert [(g["grade"], g["owed"], g["delivered"]) for g in first["marketing"]["grades"]] == [("A", 2, 2), ("B", 1, 1)]
    # a was converted and c rejected within the three days; b was called twice
    assert first["sales"]["attempts"] == {"met": 3, "breached": 0, "open": 0, "attainment": Decimal(1)}
    assert second["sales"]["attempts"]["breached"] == 1
    assert last["sales"]["attempts"]["open"] == 1
    assert [w["sales"]["attempts_made"] for w in weeks] == [2, 1, 0]


def test_a_cohort_is_who_entered_in_a_month(ws):
    (march,) = get_alignment(ws, operator(), as_of=date(2026, 4, 2)).cohorts
    assert (march.cohort, march.entered, march.reached) == ("2026-03", 5, {"sal": 2, "won": 1})
    assert march.maturity == Decimal("0.600000")  # a, b and c had their thirty days
    (before,) = get_alignment(ws, operator(), as_of=date(2026, 3, 5)).cohorts
    assert (before.entered, before.reached) == (3, {"sal": 2, "won": 0})


def test_a_window_and_who_may_see(ws):
    assert get_alignment(ws, operator(), since=date(2026, 3, 9), as_of=date(2026, 3, 20)).handoffs[0].offered == 2
    assert get_alignment(ws, BOB, as_of=date(2026, 3, 20)).handoffs[0].offered == 4
    with pytest.raises(Invalid, match="not an alignment"):
        get_alignment(ws, operator(), text=GOALS)
    with pytest.raises(Invalid):
        get_alignment(ws, operator(), text=POLICY.replace("handoff: mql, attempts", "handoff: x, attempts"))


def test_the_policy_that_ships_reads_on_the_facts(tmp_path):
    found = get_alignment(workspace(tmp_path), operator(), as_of=date(2026, 7, 1))
    assert [h.offered for h in found.handoffs] == [0, 1, 0, 0]
    assert found.cohorts == ()
