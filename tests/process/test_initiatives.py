"""Where an initiative stands, day by day, by its dates and by its metric."""

from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from geartrain.kernel.policy import Envelope, Policy
from geartrain.process.initiatives import Initiative, Rice, Stage, late, lint_initiative, reached, stage_of

SPEC = {
    "problem": "Leads wait.", "metric": "speed_to_lead_hours", "target": "4", "begin": "2026-01-05",
    "go_live": "2026-03-02", "read_after_weeks": 8,
    "milestones": [{"name": "Rules", "due": "2026-02-01", "done": "2026-02-10"},
                   {"name": "Clocks", "due": "2026-03-01"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("day", "in_force", "reading", "stage"),
    [
        ("2026-01-04", False, None, Stage.proposed),
        ("2026-04-04", False, None, Stage.proposed),
        ("2026-01-04", True, None, Stage.approved),
        ("2026-01-05", True, None, Stage.building),
        ("2026-03-01", True, None, Stage.building),
        ("2026-03-02", True, None, Stage.adopting),
        ("2026-04-26", True, True, Stage.adopting),
        ("2026-04-27", True, True, Stage.verified),
        ("2026-04-27", True, False, Stage.missed),
        ("2026-04-27", True, None, Stage.missed),
    ],
)
def test_stands_where_its_dates_and_its_metric_say(day, in_force, reading, stage):
    spec = Initiative(**SPEC)
    assert spec.read_on == date(2026, 4, 27)
    assert stage_of(spec, date.fromisoformat(day), in_force=in_force, reading=reading) is stage


def test_what_was_stopped_stays_so():
    spec = Initiative(**SPEC, stopped={"on": "2026-02-02", "reason": "The CRM does it now."})
    assert stage_of(spec, date(2026, 2, 1), in_force=True, reading=None) is Stage.building
    assert stage_of(spec, date(2026, 5, 1), in_force=True, reading=True) is Stage.stopped


def test_milestones_that_are_late():
    spec = Initiative(**SPEC)
    assert [m.name for m in late(spec, date(2026, 2, 5))] == ["Rules"]
    assert [m.name for m in late(spec, date(2026, 2, 10))] == []
    assert [m.name for m in late(spec, date(2026, 3, 1))] == ["Clocks"]


def test_scores_and_readings():
    assert Rice(reach=400, impact=1, confidence="0.8", effort=2).score == 160
    four = Decimal(4)
    assert [reached(v, four, direction="down") for v in (Decimal(3), four, Decimal(5), None)] == [
        True,
        True,
        False,
        None,
    ]
    assert [reached(v, four, direction="up") for v in (Decimal(3), four, None)] == [False, True, None]


def test_refuses_to_go_live_before_it_begins():
    with pytest.raises(ValidationError, match="before work on it begins"):
        Initiative(**SPEC | {"go_live": "2026-01-01"})


def test_somebody_is_to_be_reminded_to_read_it():
    def policy(**more):
        words = {"kind": "initiative", "key": "x", "name": "X", "owner": "o", "definition": "d", "spec": SPEC, **more}
        return Policy("initiative", "x", "", Envelope[Initiative](**words), "x.yaml", 1)

    (issue,) = lint_initiative(policy())
    assert (issue.code, issue.hint) == ("initiative_reading_unclaimed", "Write `review_by: 2026-04-27`.")
    assert lint_initiative(policy(review_by="2026-04-27")) == []
