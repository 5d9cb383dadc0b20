"""Worked case 15 of rules of engagement, and ownership held against the clauses."""

from __future__ import annotations

from datetime import date

import pytest

from geartrain.planning.engagement.enforcement import enforce
from geartrain.planning.engagement.lint import lint, told
from geartrain.planning.kinds.rules_of_engagement import RulesOfEngagement

AXES = {"source": ["inbound", "outbound", "partner"], "life": ["new", "customer"], "open_opp": ["y", "n"]}
CLAUSES = [
    {"key": "open_deal", "when": "open_opp = 'y'", "owner": "opportunity_owner_id"},
    {"key": "customer", "when": "life = 'customer'", "owner": "account_owner_id", "holdover": {"days": 90}},
    {"key": "inbound_new", "when": {"source": "inbound", "life": "new"}, "owner": "sdr_queue"},
]
RULES = RulesOfEngagement.model_validate({"axes": AXES, "clauses": CLAUSES})
BASE = {"id": "A1", "source": "inbound", "life": "new", "open_opp": "n", "owner_id": "sdr_queue"}


def test_worked_case_15():
    found = told(RULES)
    assert found["scenarios"] == 12
    assert found["gaps"] == [{"source": s, "life": "new", "open_opp": "n"} for s in ("outbound", "partner")]
    assert len(found["overlaps"]) == 4
    assert {o["decides"] for o in found["overlaps"]} == {"open_deal"}
    codes = [i.code for i in lint(RULES)]
    assert (codes.count("roe_gap"), codes.count("roe_overlap"), len(codes)) == (2, 4, 6)


def test_a_clause_that_never_decides_is_told():
    late = {"key": "late", "when": "life = 'customer' and open_opp = 'n'", "owner": "nobody"}
    rules = RulesOfEngagement.model_validate({"axes": AXES, "clauses": [*CLAUSES, late]})
    assert told(rules)["idle"] == ["late"]
    assert "roe_clause_idle" in {i.code for i in lint(rules)}


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({}, None),
        ({"owner_id": "ann"}, ("inbound_new", "sdr_queue")),
        ({"open_opp": "y", "opportunity_owner_id": "bob"}, ("open_deal", "bob")),
        ({"open_opp": "y", "opportunity_owner_id": None}, ("open_deal", None)),
        ({"source": "partner"}, (None, None)),
        ({"source": "radio"}, (None, None)),
        (
            {"life": "customer", "account_owner_id": "dee", "owner_id": "ann", "previous_owner_id": "ann"}
            | {"owner_since": date(2026, 11, 1)},
            None,
        ),
        (
            {"life": "customer", "account_owner_id": "dee", "owner_id": "ann", "previous_owner_id": "ann"}
            | {"owner_since": date(2026, 8, 1)},
            ("customer", "dee"),
        ),
    ],
)
def test_ownership_is_held_against_the_clause_that_decides(record, expected):
    found = enforce(RULES, [BASE | record], key="id", as_of=date(2026, 11, 23))
    if expected is None:
        assert (found.agreed, found.findings) == (1, ())
        return
    finding = found.findings[0]
    assert (finding.clause, finding.expected) == expected
    proposed = finding.write_back
    assert (proposed or {}).get("to") == expected[1]
