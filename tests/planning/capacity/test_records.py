"""Heads and productivity as the records have them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from geartrain.planning.capacity.heads import run
from geartrain.planning.capacity.policy import CapacityPlan
from geartrain.planning.capacity.records import Person, counted, productivity, resolved, window

RAMP = ["0", "0.25", "0.5", "0.75"]


def laid(**spec):
    role = {"key": "ae", "people": "true", "ramp": RAMP, "productivity": 100}
    return CapacityPlan.model_validate({"start": "2026-01-01", "roles": [role | spec]})


def person(name, start=None, end=None, *, fte="1", booked="0"):
    return Person(
        name, start and date.fromisoformat(start), end and date.fromisoformat(end), Decimal(fte), Decimal(booked)
    )


def test_people_stand_where_the_records_have_them():
    plan = laid()
    people = [
        person("old"),
        person("half", "2024-03-01", fte="0.5"),
        person("ramping", "2025-11-15"),
        person("coming", "2026-03-09"),
        person("going", "2020-01-01", "2026-03-13"),
        person("gone", "2020-01-01", "2025-12-31"),
        person("later", "2027-01-01"),
    ]
    found = counted(plan, plan.roles[0], people)
    assert found.heads == Decimal("2.5")
    assert [(j.period, j.count, j.tenure) for j in found.transfers_in] == [("2026-01", 1, 2)]
    assert [(j.period, j.count) for j in found.joins] == [("2026-03", 1)]
    assert [(j.period, j.count) for j in found.leavers] == [("2026-04", 1)]
    heads = [c.heads for c in run(plan.model_copy(update={"roles": (found,)})).carried]
    assert heads[:4] == [Decimal("3.5"), Decimal("3.5"), Decimal("4.5"), Decimal("3.5")]


def test_productivity_is_what_a_ramped_head_brought_and_its_interval():
    plan = laid()
    people = [person("a", booked="1200000"), person("b", booked="600000")]
    found = productivity(plan, plan.roles[0], people, since=date(2025, 1, 1), until=date(2026, 1, 1))
    assert (found.productivity, found.months, found.people) == (75_000, 24, 2)
    # By hand: residuals ±300,000, so the error is sqrt(2 × 2 × 300,000²) / 24 = 25,000.
    assert found.low == Decimal("26000.90")
    assert found.high == Decimal("123999.10")
    assert found.deviation == Decimal("0.3333")


def test_who_ramps_counts_for_the_ramped_part():
    plan = laid()
    found = productivity(
        plan, plan.roles[0], [person("a", "2025-09-01", booked="150")], since=date(2025, 7, 1), until=date(2026, 1, 1)
    )
    assert found.months == Decimal("1.5")
    assert found.productivity == 100
    assert found.low is None


def test_nobody_is_an_issue_and_not_nought_in_silence():
    plan = laid(productivity=0, history=12)
    span = window(plan, 12, date(2026, 6, 10))
    assert span == (date(2025, 1, 1), date(2026, 1, 1))
    _, (evidence,), issues = resolved(plan, {"ae": []}, {"ae": ([], *span)}, as_of=date(2026, 6, 10))
    assert evidence.productivity is None
    assert {i.code for i in issues} == {"capacity_nobody", "capacity_no_history"}


def test_months_that_have_passed_lose_nobody_but_leavers():
    plan = laid(attrition="0.2")
    whole, _, _ = resolved(plan, {"ae": [person("a"), person("b")]}, {}, as_of=date(2026, 6, 10))
    heads = [c.heads for c in run(whole).carried]
    assert whole.settled == 5
    assert heads[:6] == [2] * 6
    assert heads[6] < 2


starts = st.dates(date(2024, 1, 1), date(2027, 6, 1))


@given(st.lists(st.tuples(starts, st.one_of(st.none(), st.integers(0, 900))), max_size=12))
def test_heads_of_every_month_are_those_on_board(spans):
    from datetime import timedelta

    people = [
        Person(str(n), s, None if days is None else s + timedelta(days=days), Decimal(1))
        for n, (s, days) in enumerate(spans)
    ]
    plan = laid()
    found = run(plan.model_copy(update={"roles": (counted(plan, plan.roles[0], people),)}))
    for c in found.carried:
        first = plan.first(c.period)
        after = plan.first(c.period + 1)
        assert c.heads == sum(1 for p in people if p.start < after and (p.end is None or p.end >= first))
    assert not found.issues
