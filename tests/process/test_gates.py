"""Gates are three-valued; a waiver turns a miss into waived; the earned stage counts gates without a break."""

from datetime import datetime

import pytest

from geartrain.process.gates import Evidence, Waiver, earned, evaluate_gate, stand
from geartrain.process.sales_process import SalesProcess

AT = datetime(2026, 3, 10)
PROCESS = SalesProcess.model_validate(
    {
        "spine": [{"key": f"S{n}"} for n in range(1, 6)] + [{"key": "Won", "kind": "won"}],
        "attributes": [
            {"key": "A1", "kind": "knowledge_inflection", "label": "Economic buyer", "verifier": "attestation"},
            {"key": "A2", "kind": "sales_asset", "label": "Mutual plan", "expr": "mutual_plan_url != ''"},
            {"key": "A3", "kind": "data_field", "label": "Amount", "expr": "amount > 0"},
        ],
        "bindings": [{"stage": "S2", "attribute": a} for a in ("A1", "A2", "A3")],
    }
)
A1 = Evidence("o", "A1", True, datetime(2026, 3, 9))


def gate(**more):
    return evaluate_gate(PROCESS, "S2", {"amount": 10}, opportunity_type="new", at=AT, evidence=[A1], **more)


def test_unknown_does_not_pass_and_is_listed_as_unknown():
    found = gate()
    assert not found.can_exit
    assert found.holds is None
    assert [(m.attribute, m.value) for m in found.unmet] == [("A2", None)]


def test_a_waiver_turns_a_miss_into_waived():
    found = gate(waivers=[Waiver("o", "A2", "manager", "plan is in the mail")])
    assert found.can_exit
    assert [m.attribute for m in found.waived] == ["A2"]
    assert found.unmet == ()


def test_a_waiver_that_ran_out_waives_nothing():
    assert not gate(waivers=[Waiver("o", "A2", "manager", "x", expires=AT)]).can_exit


def test_evidence_that_came_later_is_not_seen():
    late = Evidence("o", "A1", True, datetime(2026, 3, 12))
    found = evaluate_gate(PROCESS, "S2", {"amount": 10}, opportunity_type=None, at=AT, evidence=[late])
    assert [m.attribute for m in found.unmet] == ["A1", "A2"]


@pytest.mark.parametrize(
    ("gates", "stage"),
    [([True, False, True], 2), ([], 1), ([None, True], 1), ([True] * 3, 4)],
)
def test_earned_counts_without_a_break(gates, stage):
    assert earned(gates) == stage


def test_inflation_is_declared_less_earned():
    found = stand(PROCESS, "S4", {"amount": 10}, opportunity_type="new", at=AT, evidence=[A1])
    assert (found.declared, found.earned, found.inflation) == (4, 2, 2)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bindings": [{"stage": "S9", "attribute": "A1"}]}, "S9"),
        ({"bindings": [{"stage": "Won", "attribute": "A1"}]}, "no deal leaves it"),
        ({"bindings": [{"stage": "S2", "attribute": "A1", "when": "amount >"}]}, "S2/A1.when"),
        ({"accepted": [{"opportunity": "o", "kind": "skip", "reason": "r", "by": "b"}]}, "expires"),
        ({"opportunity_types": {"new": ["S2", "S1"]}}, "order"),
    ],
)
def test_refuses_what_contradicts_itself(change, said):
    with pytest.raises(ValueError, match=said):
        SalesProcess.model_validate({**PROCESS.model_dump(), **change})
