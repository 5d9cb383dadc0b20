"""Ranks, ties, handicaps, guardrails, prizes: by hand-worked numbers and laws."""

from decimal import Decimal
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from geartrain.incentives.contests import Contest, Entrant, neighbourhood, standings

BASE = {"metric": "bookings", "period": "2026Q3", "eligible": {"role": "ae"}, "freeze": "2026-10-10"}


def contest(**more):
    return Contest.model_validate(BASE | more)


def field(*values, **more):
    return [Entrant(f"p{n}", "ae", None if v is None else F(v), **more) for n, v in enumerate(values, 1)]


def ranks(found):
    return {s.person: s.rank for s in found}


def test_those_who_are_equal_share_a_rank_and_the_next_is_left_out():
    assert ranks(standings(contest(), field(30, 20, 20, 10))) == {"p1": 1, "p2": 2, "p3": 2, "p4": 4}


def test_one_ranks_among_their_like():
    people = [Entrant("a", "ae", F(10)), Entrant("b", "sdr", F(5)), Entrant("c", "sdr", F(7))]
    assert ranks(standings(contest(), people)) == {"a": 1, "c": 1, "b": 2}


@pytest.mark.parametrize(
    ("ties", "won"), [("split", ["100.00", "50.00", "50.00"]), ("each", ["100.00", "100.00", "100.00"])]
)
def test_ties(ties, won):
    found = standings(contest(ties=ties, prizes=[{"award": "top", "ranks": [1, 2], "fixed": 100}]), field(3, 2, 2, 1))
    assert [f"{s.awards['top']:.2f}" for s in found if s.awards] == won


def test_a_pot_is_shared_by_score_and_adds_up():
    found = standings(contest(prizes=[{"award": "pot", "ranks": [1, 3], "pot": 100}]), field(1, 1, 1, 0))
    assert [s.awards["pot"] for s in found[:3]] == [Decimal("33.33"), Decimal("33.34"), Decimal("33.33")]


def test_per_unit_and_the_most_of_it():
    prize = {"award": "each", "ranks": [1, 99], "per_unit": "0.5", "most": 10}
    found = standings(contest(prizes=[prize]), field(30, 6))
    assert [s.awards["each"] for s in found] == [Decimal("10.00"), Decimal("3.00")]


def test_the_budget_goes_to_the_better_ranks():
    prizes = [{"award": "g", "rank": 1, "fixed": 100}, {"award": "s", "rank": 2, "fixed": 60}]
    found = standings(contest(prizes=prizes, budget=120), field(3, 2, 1))
    assert [dict(s.awards) for s in found] == [{"g": Decimal("100.00")}, {"s": Decimal("20.00")}, {}]


def test_handicaps_divide_and_who_has_nothing_to_divide_by_does_not_rank():
    people = [Entrant("a", "ae", F(100), F(200)), Entrant("b", "ae", F(60), F(100)), Entrant("c", "ae", F(60), None)]
    found = standings(contest(handicap="own_baseline"), people)
    assert ranks(found) == {"b": 1, "a": 2, "c": None}
    assert "nothing to divide by" in found[-1].why


def test_a_guardrail_and_a_minimum_keep_out():
    people = [
        Entrant("a", "ae", F(9), guard=F(1, 10)),
        Entrant("b", "ae", F(8), guard=F(3, 10)),
        Entrant("c", "ae", F(1), guard=F(1)),
    ]
    found = standings(contest(guardrail={"metric": "win_rate", "at_least": 0.2}, minimum=2), people)
    assert ranks(found) == {"b": 1, "a": None, "c": None}


def test_badges_are_rules_over_what_happened():
    badges = [{"key": "first", "name": "First", "when": "rank = 1 and people >= 3"}]
    assert [s.badges for s in standings(contest(badges=badges), field(3, 2, 1))] == [("first",), (), ()]


def test_the_top_and_ones_own_neighbourhood():
    found = standings(contest(), field(*range(20, 0, -1)))
    assert [s.rank for s in neighbourhood(found, "p10", top=2, around=1)] == [1, 2, 9, 10, 11]
    assert neighbourhood(found, "nobody", top=2, around=1) == []


@pytest.mark.parametrize("wrong", [
    {"prizes": [{"award": "a", "fixed": 1, "pot": 1}]}, {"prizes": [{"award": "a", "rank": 0, "fixed": 1}]},
    {"prizes": [{"award": "a", "fixed": 1}, {"award": "a", "fixed": 2}]}, {"handicap": "share_of_quota"},
    {"guardrail": {"metric": "m"}}, {"unknown": 1},
])  # fmt: skip
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValidationError):
        contest(**wrong)


@given(
    st.lists(st.integers(-5, 5), min_size=1, max_size=12),
    st.permutations(range(12)),
    st.sampled_from(["split", "each"]),
)
def test_ranks_do_not_depend_on_order_and_prizes_stay_in_the_budget(values, order, ties):
    prizes = [{"award": "g", "ranks": [1, 2], "fixed": 100}, {"award": "pot", "ranks": [1, 5], "pot": "70.01"}]
    made = contest(prizes=prizes, ties=ties, budget="270.01")
    people = field(*values)
    shuffled = [people[i] for i in order if i < len(people)]
    found = standings(made, people)
    assert found == standings(made, shuffled)
    assert sum(sum(s.awards.values()) for s in found) <= Decimal("270.01")
    for s in found:
        assert s.rank == 1 + sum(v > values[int(s.person[1:]) - 1] for v in values)
    if ties == "split":
        gold = sum((s.awards.get("g", Decimal(0)) for s in found), Decimal(0))
        assert gold == 100 * min(2, len(values))
