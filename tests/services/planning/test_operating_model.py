"""Six questions: what answers each, whether anybody approved it, who has read it; and how far the goals are."""

from datetime import date, datetime

import pytest

from geartrain.kernel.errors import Forbidden
from geartrain.services.access import Actor, Role
from geartrain.services.governance import acknowledge_policy, approve_policy, propose_policy, publish_policy
from geartrain.services.planning.operating_model import coming_up, operating_model
from geartrain.services.workspace import Workspace
from tests.services.conftest import Clock
from tests.services.trying import ANN, OPS, workspace

HEAD = Actor("head@x", frozenset({Role.head_of_sales}))
STRUCTURE = """\
kind: sales_structure
key: default
name: Structure
owner: head-of-sales
definition: Who leads whom.
review_by: 2027-01-31
spec:
  units: [{key: top, lead: boss, roles: {ae: 3}}]
"""
CADENCE = """\
kind: cadence
key: {0}
name: {0}
owner: head-of-sales
definition: d
spec:
  kind: {0}
  recurs: {{every: week, on: [monday]}}
  attendees: [{1}]
"""


@pytest.fixture
def ws(tmp_path, monkeypatch):
    monkeypatch.setattr(Workspace, "now", Clock(datetime(2026, 6, 10, 12)).now)
    return workspace(tmp_path)


def states(found):
    return {q.key: q.state for q in found.questions}


def test_a_question_goes_from_open_to_answered(ws):
    found = operating_model(ws, HEAD)
    # A basis of quotas ships, and nobody here approved it.
    assert states(found)["quota_basis"] == "not published"
    assert {s for k, s in states(found).items() if k != "quota_basis"} == {"unanswered"}
    assert "sales_structure" in found.questions[0].missing
    (ws.policies / "structure.yaml").write_text(STRUCTURE)
    found = operating_model(ws, HEAD)
    assert (states(found)["structure_design"], found.answered) == ("not published", 0)
    propose_policy(ws, OPS, text=STRUCTURE)
    approve_policy(ws, HEAD, kind="sales_structure", key="default")
    info = publish_policy(ws, OPS, kind="sales_structure", key="default")
    acknowledge_policy(ws, ANN, kind="sales_structure", key="default", sha256=info.sha256)
    found = operating_model(ws, HEAD)
    assert (states(found)["structure_design"], found.answered) == ("answered", 1)
    document = found.questions[0].documents[0]
    assert (document.version, document.owner, document.reviewed) == (1, "head-of-sales", date(2026, 6, 10))
    assert document.review_by == date(2027, 1, 31)
    assert [p.title for p in document.passages] == ["Units"]
    assert {i.code for i in found.issues} == {"role_without_charter"}


def test_a_review_and_another_meeting_answer_different_questions(ws):
    (ws.policies / "a.yaml").write_text(CADENCE.format("qbr", "manager"))
    assert states(operating_model(ws, HEAD))["qbr_process"] == "not published"
    assert states(operating_model(ws, HEAD))["management_cadence"] == "unanswered"
    (ws.policies / "b.yaml").write_text(CADENCE.format("pipeline", "seller"))
    assert states(operating_model(ws, HEAD))["management_cadence"] == "not published"


def test_meetings_are_of_those_who_attend(ws):
    (ws.policies / "a.yaml").write_text(CADENCE.format("qbr", "manager"))
    (ws.policies / "b.yaml").write_text(CADENCE.format("pipeline", "seller"))
    assert [(o.day, p.key) for o, p in coming_up(ws, ANN, days=14)] == [
        (date(2026, 6, 15), "pipeline"), (date(2026, 6, 22), "pipeline"),
    ]  # fmt: skip
    assert {p.key for _, p in coming_up(ws, HEAD, days=14)} == {"qbr", "pipeline"}


def test_goals_are_read_in_their_period_by_those_who_see_everyone(ws):
    found = operating_model(ws, HEAD)
    goal = found.goals[0]
    # 100, 200, 700 and 50 were booked in 2026 by 10 June, but for the last: that came on 30 June.
    assert (goal.period, goal.wanted, goal.reached, goal.attainment) == ("2026", 2000, 1000, pytest.approx(0.5))
    assert operating_model(ws, ANN).goals == ()
    with pytest.raises(Forbidden):
        operating_model(ws, Actor("no@x", frozenset()))
