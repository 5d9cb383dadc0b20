"""Leads routed for real: once by their id, in turn under many hands, replayed from the log."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from geartrain.kernel.errors import Forbidden, Invalid, NotFound
from geartrain.services.access import operator
from geartrain.services.selling.routing import _KEPT, list_routed, replay_routing, route_lead
from tests.services.trying import ANN, workspace

POLICY = """\
kind: lead_policy
key: default
name: Leads
owner: revops
definition: Who gets them.
spec:
  routing:
    clauses:
      - {key: account, to: account_owner}
      - {key: pool, to: pool, pool: inbound}
    pools:
      - key: inbound
        members: [{user: A, weight: 2, priority: 1}, {user: B, priority: 2}, {user: C, priority: 3}]
"""
AT = datetime(2026, 3, 2, 10)


@pytest.fixture
def ws(tmp_path):
    made = workspace(tmp_path)
    (made.policies / "leads.yaml").write_text(POLICY)
    return made


def test_a_repeated_lead_keeps_its_decision_and_moves_no_turn(ws):
    first = [route_lead(ws, operator(), lead={"lead_id": f"L{n}"}, at=AT)[0] for n in range(8)]
    assert " ".join(f["owner"] for f in first) == "A A B C A A B C"
    again, new = route_lead(ws, operator(), lead={"lead_id": "L4", "region": "changed"}, at=AT)
    assert (again, new) == (first[4], False)
    assert route_lead(ws, operator(), lead={"lead_id": "L8"}, at=AT)[0]["owner"] == "A"
    assert replay_routing(ws, operator()) == (9, [])
    assert list_routed(ws, operator(), limit=1)[0]["candidates"][0]["level"] == "4"


def test_many_hands_lose_and_double_no_lead(ws):
    assert replay_routing(ws, operator()) == (0, [])
    leads = [f"L{n % 20}" for n in range(40)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda key: route_lead(ws, operator(), lead={"lead_id": key}), leads))
    assert sum(new for _, new in found) == 20
    owners = {f["lead_id"]: f["owner"] for f, _ in found}
    assert Counter(owners.values()) == {"A": 10, "B": 5, "C": 5}
    assert replay_routing(ws, operator()) == (20, [])


def test_what_is_no_lead_is_refused(ws):
    with pytest.raises(Invalid, match="lead_id"):
        route_lead(ws, operator(), lead={"email": "a@b"})
    with pytest.raises(Invalid, match=r"lead\.tags"):
        route_lead(ws, operator(), lead={"lead_id": "x", "tags": ["a"]})
    for odd in (float("nan"), float("inf"), 1e18, -(10**400), "a\0b", "\ud800", "x" * 501):
        with pytest.raises(Invalid, match=r"lead\.score"):
            route_lead(ws, operator(), lead={"lead_id": "x", "score": odd})
    for odd in ("a\0b", "\ud800", "x" * 256):
        with pytest.raises(Invalid, match=r"lead\.lead_id"):
            route_lead(ws, operator(), lead={"lead_id": odd})
    with pytest.raises(Invalid, match="name of a column"):
        route_lead(ws, operator(), lead={"lead_id": "x", "a\0": 1})
    assert list_routed(ws, operator()) == []
    with pytest.raises(Forbidden):
        route_lead(ws, ANN, lead={"lead_id": "x"})


def test_without_a_policy_it_says_how_to_write_one(tmp_path):
    with pytest.raises(NotFound) as error:
        route_lead(workspace(tmp_path), operator(), lead={"lead_id": "x"})
    assert "geartrain policy new lead_policy" in error.value.hint


def test_two_pools_of_one_territory_clause_take_turns_apart(ws):
    policy = POLICY.replace("{key: pool, to: pool, pool: inbound}", "{key: place, to: territory}")
    places = (
        "    territories:\n"
        "      - {key: east, when: region = 'East', pool: inbound}\n"
        "      - {key: west, when: region = 'West', pool: other}\n"
    )
    pools = "      - key: other\n        members: [{user: D}, {user: E}]\n"
    (ws.policies / "leads.yaml").write_text(policy + pools + places)
    owners = []
    for n, region in enumerate(["East", "West", "East", "West", "East", "East", "West", "North"]):
        _KEPT.clear()  # as after another process decided
        owners.append(route_lead(ws, operator(), lead={"lead_id": f"L{n}", "region": region}, at=AT)[0]["owner"])
    assert owners == ["A", "D", "A", "E", "B", "C", "D", None]
    assert replay_routing(ws, operator()) == (8, [])
