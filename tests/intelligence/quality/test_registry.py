"""The field registry: rules of what must be filled, freshness, duplicates, findings by steward."""

from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from geartrain.intelligence.quality import Ruleset
from geartrain.intelligence.quality.registry import FieldRegistry, by_steward, duplicate_rate, freshness
from geartrain.kernel.rules import InvalidRule

AMOUNT = {"field": "opportunity.amount", "steward": "sales", "system_of_record": "CRM", "definition": "Price."}


def test_what_must_be_filled_becomes_rules_with_the_companys_placeholders():
    registry = FieldRegistry(fields=[{**AMOUNT, "required_when": "is_won"}, {**AMOUNT, "field": "opportunity.name"}])
    (rule,) = registry.as_rules(Ruleset(weights={}, placeholders=("n/a",), rules=())).rules
    assert (rule.type, rule.field, rule.applies_when, rule.check) == (
        "opportunity", "amount", "is_won", "amount is not null")  # fmt: skip


def test_refuses_what_stands_twice_or_cannot_be_read():
    with pytest.raises(ValidationError, match="registered twice"):
        FieldRegistry(fields=[AMOUNT, AMOUNT])
    with pytest.raises(InvalidRule, match="ends too early"):
        FieldRegistry(fields=[{**AMOUNT, "required_when": "is_won and"}])
    with pytest.raises(ValidationError):
        FieldRegistry(fields=[{**AMOUNT, "field": "amount"}])


def test_freshness_is_by_the_last_load_of_each_source():
    loads = [("crm", date(2026, 5, 1)), ("crm", date(2026, 5, 3)), ("hr", date(2026, 5, 1))]
    found = freshness(loads, on=date(2026, 5, 4), stale_after=2)
    assert [(f.source, f.days, f.stale) for f in found] == [("hr", 3, True), ("crm", 1, False)]


def test_duplicates_and_stewards():
    assert duplicate_rate(100, [3, 2]) == Decimal("0.03")
    assert duplicate_rate(0, []) is None
    fields = FieldRegistry(fields=[AMOUNT]).fields
    assert by_steward({"opportunity.amount": 3, "lead.email": 5}, fields) == [("", 5), ("sales", 3)]
