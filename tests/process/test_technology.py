"""Worked case 10: adoption, reclaimable cost, ROI, notice and review; overlap; reviews that a change calls for."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from geartrain.process.sales_process import SalesProcess
from geartrain.process.technology import TechnologyRegister, Use, anchoring, assess_tool, overlaps, to_review

AT = datetime(2026, 9, 1)
SEATS = [{"user": f"u{n}", "since": date(2026, 8, 20) if n < 10 else date(2025, 1, 1)} for n in range(80)]
ENGAGE = {
    "name": "A",
    "category": "sales engagement",
    "capabilities": ["dialer", "sequences", "email_tracking", "meeting_scheduler"],
    "purchased": 100,
    "assigned": SEATS,
    "annual_cost": 120_000,
    "term_end": "2027-01-31",
    "notice_days": 60,
    "supports": ["S3"],
    "core_features": ["dialer", "sequences"],
    "benefits": [{"kind": "hours_saved", "hours_per_week": "1.5", "rate": 60, "evidence": "time study"}],
}
B = {"name": "B", "category": "routing & scheduling", "capabilities": ["meeting_scheduler", "round_robin", "forms"]}
C = {"name": "C", "category": "sales engagement", "capabilities": ["sequences", "email_tracking"], "supports": ["S4"]}
REGISTER = TechnologyRegister.model_validate({"tools": [ENGAGE, B, C]})


def uses():
    """7 in grace and 42 others active in the week, one more in the month."""
    people = [*range(7), *range(10, 52)]
    week = [Use(f"u{n}", AT - timedelta(days=1), "dialer") for n in people]
    return [*week, Use("u60", AT - timedelta(days=20), "notes"), Use("u61", AT + timedelta(days=1), "sequences")]


def test_the_tool_of_the_specification():
    got = assess_tool(REGISTER, REGISTER.tools[0], uses(), at=AT)
    assert (got.assigned, got.in_grace, got.active) == (80, 10, 49)
    assert (got.adoption, got.utilisation, got.effective) == (Decimal("0.6"), Decimal("0.8"), Decimal("0.49"))
    assert got.depth == Decimal("0.5")
    assert got.stickiness == Decimal("0.98")
    assert got.reclaimable == 57_600
    assert (got.benefit, round(got.roi, 4)) == (101_430, Decimal("-0.1548"))
    assert (got.notice_by, got.review_opens, got.review_due) == (date(2026, 12, 2), date(2026, 9, 3), False)
    assert assess_tool(REGISTER, REGISTER.tools[0], [], at=datetime(2026, 9, 4)).review_due


def test_nothing_below_a_ratio_is_none_and_no_evidence_is_said():
    got = assess_tool(REGISTER, REGISTER.tools[1], [], at=AT)
    assert (got.adoption, got.utilisation, got.roi, got.reclaimable, got.evidence) == (
        None,
        None,
        None,
        None,
        "no evidence",
    )


def test_overlap():
    found = {(o.one, o.other): o for o in overlaps(REGISTER.tools)}
    assert round(found["A", "B"].jaccard, 4) == Decimal("0.1667")
    assert found["A", "B"].flagged is None
    assert (found["A", "C"].containment, found["A", "C"].flagged) == (1, "C")
    assert ("B", "C") not in found


def process(**more):
    spine = [{"key": f"S{n}", "needs_tool": n in (3, 5)} for n in range(1, 6)] + [{"key": "Won", "kind": "won"}]
    return SalesProcess.model_validate({"spine": spine, **more})


def test_tools_without_a_step_and_steps_without_a_tool():
    found = [
        (i.code, i.message.split()[0 if i.code.startswith("tool") else 2]) for i in anchoring(REGISTER, process(), "t")
    ]
    assert found == [("tool_unanchored", "B"), ("step_uncovered", "S5")]


def test_a_change_of_a_stage_calls_for_its_tools_and_no_other():
    rule = {"key": "A1", "kind": "data_field", "label": "Amount", "expr": "amount > 0"}
    after = process(attributes=[rule], bindings=[{"stage": "S3", "attribute": "A1"}])
    assert to_review(REGISTER, process(), after) == {"A": ["S3"]}
    stricter = process(attributes=[{**rule, "expr": "amount > 1"}], bindings=[{"stage": "S3", "attribute": "A1"}])
    assert to_review(REGISTER, after, stricter) == {"A": ["S3"]}
    assert to_review(REGISTER, after, after) == {}


def test_a_category_that_is_not_configured_is_refused():
    with pytest.raises(ValueError, match="toys"):
        TechnologyRegister.model_validate({"tools": [{**B, "category": "toys"}]})
