"""Reviews of tools follow what is published: a changed process, a contract that ends, a year that has passed."""

from datetime import datetime, timedelta

import pytest

from geartrain.kernel.errors import Conflict
from geartrain.services import governance as g
from geartrain.services.commitments import list_commitments, meet_commitment

PROCESS = """\
kind: sales_process
key: default
name: How we sell
owner: head-of-sales
definition: One way.
spec:
  spine: [{{key: S1}}, {{key: S2}}, {{key: S3{needs}}}, {{key: Won, kind: won}}]
"""
REGISTER = """\
kind: technology_register
key: default
name: Tools
owner: revops
definition: All of them.
spec:
  tools:
    - {{name: Bound, category: CRM/SFA, supports: [S3], business_owner: head-of-sales{bound}}}
    - {{name: Other, category: CPQ & pricing, supports: [S1]}}
{more}
"""


def publish(ws, cast, kind, text):
    g.propose_policy(ws, cast["rita"], text=text)
    g.approve_policy(ws, cast["fay"], kind=kind, key="default")
    return g.publish_policy(ws, cast["rolf"], kind=kind, key="default")


def register(ws, cast, bound="", more=""):
    return publish(ws, cast, "technology_register", REGISTER.format(bound=bound, more=more))


def reviews(ws, cast, at=None):
    return list_commitments(ws, cast["rolf"], kind="tool_review", outstanding=True, as_of=at)


def test_a_changed_stage_opens_a_review_of_each_tool_bound_to_it_and_of_no_other(ws, clock, cast):
    register(ws, cast)
    publish(ws, cast, "sales_process", PROCESS.format(needs=""))
    assert reviews(ws, cast) == []
    publish(ws, cast, "sales_process", PROCESS.format(needs=", needs_tool: true"))
    (found,) = reviews(ws, cast)
    assert (found.subject, found.assignee, found.source) == (
        "tool/Bound",
        "head_of_sales",
        "policy/sales_process/default@2",
    )
    assert "S3 changed" in found.title
    with pytest.raises(Conflict):
        meet_commitment(ws, cast["rolf"], id=found.id)
    register(ws, cast, bound=f", reviewed_on: {ws.calendar.day_of(ws.now())}, outcome: keep")
    assert reviews(ws, cast) == []


def test_a_review_opens_ninety_days_before_notice_and_a_year_after_the_last(ws, clock, cast):
    today = ws.calendar.day_of(ws.now())
    end = today + timedelta(days=200)
    register(ws, cast, bound=f", term_end: {end}, notice_days: 60")
    assert reviews(ws, cast) == []
    opens = ws.calendar.instant(end - timedelta(days=60 + 90))
    assert reviews(ws, cast, at=opens - timedelta(minutes=1)) == []
    (found,) = reviews(ws, cast, at=opens)
    assert found.due == ws.calendar.instant(end - timedelta(days=150 - 31))
    # It was reviewed: the next is a year later, as notice lies behind it then.
    held = f", reviewed_on: {today}, outcome: keep, term_end: {end + timedelta(days=730)}, notice_days: 60"
    register(ws, cast, bound=held)
    assert reviews(ws, cast, at=opens) == []
    (found,) = reviews(ws, cast, at=ws.calendar.instant(today + timedelta(days=365)))
    assert "a year" in found.title or "notice" in found.title


def test_a_tool_that_is_gone_owes_no_review(ws, clock, cast):
    more = "    - {name: Gone, category: CRM/SFA, term_end: 2026-01-31, notice_days: 30}"
    register(ws, cast, more=more)
    assert [r.subject for r in reviews(ws, cast, at=datetime(2030, 1, 1))] == ["tool/Gone"]
    register(ws, cast, bound=", data_class: open")
    assert reviews(ws, cast, at=datetime(2030, 1, 1)) == []
