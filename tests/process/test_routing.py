"""Weighted round robin (worked case 4), clauses in order, the fallback queue with its own due instant."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.process.lead_policy import LeadPolicy
from geartrain.process.routing import Lead, State, route

MONDAY = datetime(2026, 3, 2, 10)
ABC = [
    {"user": "A", "weight": 2, "priority": 1},
    {"user": "B", "weight": 1, "priority": 2},
    {"user": "C", "weight": 1, "priority": 3},
]
D = {"user": "D", "weight": 1, "priority": 4}


def policy(members, **more):
    clauses = [{"key": "pool", "to": "pool", "pool": "inbound"}]
    routing = {"clauses": clauses, "pools": [{"key": "inbound", "members": members}], **more}
    return LeadPolicy.model_validate({"routing": routing})


def run(spec, count, state=None, at=MONDAY):
    state, owners = state or State(), []
    for n in range(count):
        found, state = route(spec, Lead(f"L{n}", {}), state, at=at)
        owners.append(found.owner)
    return " ".join(map(str, owners)), state


def test_eight_leads_by_weight():
    assert run(policy(ABC), 8)[0] == "A A B C A A B C"


def test_somebody_away_from_the_third_lead_on():
    _, state = run(policy(ABC), 2)
    away = [{**m, "away": [{"from": "2026-03-02", "to": "2026-03-09"}]} if m["user"] == "B" else m for m in ABC]
    assert run(policy(away), 6, state)[0] == "C A A C A A"


def test_who_joins_starts_level_with_the_others():
    _, state = run(policy(ABC), 8)
    assert run(policy([*ABC, D]), 5, state)[0] == "A A B C D"


def test_everyone_away_goes_to_the_queue_with_its_own_due_instant():
    away = [{**m, "away": [{"from": "2026-03-02", "to": "2026-03-09"}]} for m in ABC]
    spec = policy(away, fallback={"queue": "triage", "sla": {"hours": 2}})
    found, _ = route(spec, Lead("L", {}), State(), at=MONDAY)
    assert (found.owner, found.queue, found.due_at) == (None, "triage", MONDAY + timedelta(hours=2))


def test_a_full_day_passes_the_lead_on():
    capped = [{**m, "cap": 1} if m["user"] == "A" else m for m in ABC]
    assert run(policy(capped), 4)[0] == "A B C B"


@pytest.mark.parametrize(
    ("known", "owner", "clause"),
    [
        ({"open_owner": "O", "account_owner": "X"}, "O", "open"),
        ({"account_owner": "X"}, "X", "account"),
        ({}, "T", "east"),
    ],
)
def test_the_first_clause_that_finds_somebody_wins(known, owner, clause):
    clauses = [
        {"key": "open", "to": "open_opportunity_owner"},
        {"key": "account", "to": "account_owner"},
        {"key": "unknown", "to": "user", "user": "N", "when": "employees > 10"},
        {"key": "east", "to": "user", "user": "T", "when": "region = 'East'"},
    ]
    spec = LeadPolicy.model_validate({"routing": {"clauses": clauses}})
    found, _ = route(spec, Lead("L", {"region": "East"}, **known), State(), at=MONDAY)
    assert (found.owner, found.clause) == (owner, clause)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(1, 60))
def test_nobody_gets_less_than_their_share(weights, count):
    members = [{"user": f"U{n}", "weight": w, "priority": n} for n, w in enumerate(weights)]
    owners = run(policy(members), count)[0].split()
    for n, weight in enumerate(weights):
        assert owners.count(f"U{n}") >= count * weight // sum(weights)


def by_territory(**more):
    places = [
        {"key": "dach", "when": "country in ('DE', 'AT')", "user": "G"},
        {"key": "east", "when": "region = 'East'", "pool": "inbound"},
    ]
    clauses = [{"key": "place", "to": "territory"}]
    return {"clauses": clauses, "pools": [{"key": "inbound", "members": ABC}], "territories": places, **more}


@pytest.mark.parametrize(
    ("values", "owner", "pool"),
    [
        ({"country": "AT", "region": "East"}, "G", None),
        ({"country": "US", "region": "East"}, "A", "inbound"),
        ({"region": "East"}, "A", "inbound"),
        ({"country": "US", "region": "West"}, None, None),
        ({}, None, None),
    ],
)
def test_a_lead_goes_to_whoever_has_the_first_territory_it_is_in(values, owner, pool):
    spec = LeadPolicy.model_validate({"routing": by_territory()})
    found, _ = route(spec, Lead("L", values), State(), at=MONDAY)
    assert (found.owner, found.pool) == (owner, pool)
    assert found.clause == ("place" if owner else "fallback")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"territories": []}, "lists none"),
        ({"territories": [{"key": "x", "when": "true"}]}, "name one of the two"),
        ({"territories": [{"key": "x", "when": "true", "user": "U", "pool": "inbound"}]}, "name one of the two"),
        ({"territories": [{"key": "x", "when": "true", "pool": "outbound"}]}, "names the pool 'outbound'"),
        ({"territories": [{"key": "x", "when": "true", "user": "U"}] * 2}, "two territories"),
    ],
)
def test_a_territory_that_leads_nowhere_is_refused(more, says):
    with pytest.raises(ValueError, match=says):
        LeadPolicy.model_validate({"routing": by_territory(**more)})
