"""The inspection rules: what fires, what does not, and what is not known."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from geartrain.intelligence.pipeline.inspection import Deal, Norms, inspect, rules

DAY = date(2026, 9, 9)
NORMS = Norms(DAY, {"Proposal": Decimal(35)}, Decimal(100_000))
SOUND = Deal(
    "o1", "ann", "Proposal", Decimal(50_000), DAY, 40, Decimal(35), 1, DAY - timedelta(14), 2, "Send the draft"
)


def fired(deal, norms=NORMS):
    return set(inspect([deal], norms)[0].fired)


def test_a_sound_deal_is_left_alone_at_every_limit():
    assert fired(SOUND) == set()
    assert inspect([SOUND], NORMS)[0].unknown == ()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"close_date": DAY - timedelta(1)}, "past_close_date"),
        ({"close_date": None}, "past_close_date"),
        ({"next_step": "  "}, "no_next_step"),
        ({"touched": DAY - timedelta(15)}, "no_two_way_touch"),
        ({"touched": None}, "no_two_way_touch"),
        ({"pushes": 2}, "pushed_twice"),
        ({"days_in_stage": Decimal("35.1")}, "stage_ageing"),
        ({"amount": Decimal(100_001)}, "large_amount"),
        ({"contacts": 1}, "single_contact"),
    ],
)
def test_each_rule_fires_alone(change, rule):
    assert fired(replace(SOUND, **change)) == {rule}


def test_a_new_deal_without_contact_is_not_quiet_yet():
    assert fired(replace(SOUND, touched=None, age_days=14)) == set()


@pytest.mark.parametrize(
    ("deal", "norms", "rule"),
    [
        (SOUND, replace(NORMS, today=False), "no_next_step"),
        (SOUND, replace(NORMS, touches=False), "no_two_way_touch"),
        (SOUND, replace(NORMS, tracked=False), "pushed_twice"),
        (SOUND, replace(NORMS, stage_days={}), "stage_ageing"),
        (SOUND, replace(NORMS, large=None), "large_amount"),
        (replace(SOUND, amount=None), NORMS, "large_amount"),
        (replace(SOUND, contacts=None), NORMS, "single_contact"),
    ],
)
def test_what_is_not_known_is_said_and_is_no_finding(deal, norms, rule):
    found = inspect([deal], norms)[0]
    assert (rule in found.fired, found.unknown) == (False, (rule,))


def test_most_findings_come_first_then_the_largest():
    small, large = replace(SOUND, opportunity_id="a", pushes=2), replace(SOUND, opportunity_id="b", pushes=3)
    worst = replace(SOUND, opportunity_id="c", pushes=2, contacts=1, amount=Decimal(1))
    found = inspect([small, replace(large, amount=Decimal(60_000)), worst, SOUND], NORMS)
    assert [i.deal.opportunity_id for i in found] == ["c", "b", "a", "o1"]


def test_there_are_the_rules_of_the_specification():
    assert list(rules()) == [
        "past_close_date", "no_next_step", "no_two_way_touch", "pushed_twice", "stage_ageing", "large_amount",
        "single_contact",
    ]  # fmt: skip
