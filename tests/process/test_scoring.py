"""Fit with caps, engagement that decays as of an instant, grades; clocks of leads; the score against outcomes."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.process.lead_clocks import run_clocks, survived
from geartrain.process.lead_policy import Score, Sla
from geartrain.process.scoring import Brief, decay, score, validate

MODEL = Score.model_validate(
    {
        "fit": {
            "cap": 60,
            "groups": [
                {"key": "size", "cap": 40, "rules": [
                    {"when": "employees > 100", "points": 30}, {"when": "employees > 1000", "points": 30}]},
                {"key": "place", "cap": 30, "rules": [{"when": "region = 'East'", "points": 30}]},
            ],
        },
        "engagement": {"half_life_days": 14, "events": [{"when": "kind = 'web'", "points": 40}]},
        "grades": {"fit": {"A": 60, "B": 30, "C": 0}, "engagement": {"1": 20, "2": 0}},
        "mql": ["A1"],
    }
)  # fmt: skip
WEB = {"kind": "web", "occurred_at": datetime(2026, 3, 1)}
AT = datetime(2026, 3, 15)


def test_groups_and_the_whole_are_capped():
    got = score(MODEL, {"employees": 5000, "region": "East"}, [], at=AT)
    assert (got.fit, got.grade) == (60, "A2")
    assert score(MODEL, {"employees": 5000}, [], at=AT).fit == 40
    assert score(MODEL, {}, [], at=AT).fit == 0


def test_engagement_halves_with_every_half_life_and_sees_no_future():
    got = score(MODEL, {"employees": 5000, "region": "East"}, [WEB], at=AT)
    assert (got.engagement, got.grade, got.is_mql) == (20, "A1", True)
    assert score(MODEL, {}, [WEB], at=datetime(2026, 2, 1)).engagement == 0
    assert decay(WEB["occurred_at"], datetime(2026, 3, 29), Decimal(14)) == Decimal("0.25")


def test_a_cell_that_is_no_grade_is_refused():
    with pytest.raises(ValueError, match="E9"):
        Score.model_validate({**MODEL.model_dump(), "mql": ["E9"]})


def test_lift_of_the_best_grade():
    got = validate([("A1", True), ("A1", True), ("B2", False), ("B2", False)])
    assert (got.top, got.lift, got.good_enough) == ("A1", 2, True)
    assert validate([]).lift is None


def instants(*texts):
    return pa.chunked_array([pa.array([datetime.fromisoformat(t) if t else None for t in texts], pa.timestamp("us"))])


def test_clocks_count_untouched_leads_and_leave_out_those_not_yet_due():
    leads = pa.table(
        {
            "owner_id": ["a", "a", "a", "a", None],
            "created_at": instants(*["2026-03-06T16:00"] * 3, "2026-03-09T16:00", "2026-03-06T16:00"),
            "assigned_at": instants("2026-03-06T16:30", "2026-03-06T16:30", "2026-03-06T16:30", "2026-03-09T16:30", ""),
            "touched_at": instants("2026-03-09T09:30", "2026-03-09T10:30", "", "", ""),
        }
    )
    clocked, got = run_clocks(Sla(), leads, zones={}, as_of=datetime(2026, 3, 9, 17))
    assert clocked.state.tolist() == ["met", "breached", "breached", "open", ""]
    assert (got.met, got.breached, got.open, got.untouched, got.unassigned) == (1, 2, 1, 1, 1)
    assert got.attainment == Decimal(1) / Decimal(3)
    assert clocked.elapsed_hours[0] == 1
    assert clocked.speed_hours[0] == 65.5


def test_the_owners_zone_is_the_clock():
    leads = pa.table(
        {
            "owner_id": ["ny"],
            "created_at": instants("2026-03-06T13:00"),
            "assigned_at": instants("2026-03-06T13:00"),
            "touched_at": instants("2026-03-06T14:30"),
        }
    )
    at = datetime(2026, 3, 7)
    assert run_clocks(Sla(), leads, zones={}, as_of=at)[1].met == 0
    assert run_clocks(Sla(), leads, zones={"ny": "America/New_York"}, as_of=at)[1].met == 1


def test_half_ended():
    assert survived([1, 2, 3, 2.5], [True, True, True, False], 0.5) == 2
    assert survived([1, 2], [False, False], 0.5) is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, 50, 500, 5000]),
            st.sampled_from([None, "East", "West"]),
            st.lists(st.tuples(st.sampled_from(["web", "call"]), st.integers(1, 28)), max_size=4),
        ),
        max_size=12,
    )
)
def test_in_brief_many_leads_have_the_same_scores(leads):
    brief = Brief()
    for employees, region, did in leads:
        values = {"employees": employees, "region": region}
        touches = [{"kind": k, "occurred_at": datetime(2026, 3, day)} for k, day in did]
        short, whole = score(MODEL, values, touches, at=AT, brief=brief), score(MODEL, values, touches, at=AT)
        assert replace(whole, parts=()) == short
