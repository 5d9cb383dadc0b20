"""Quotas and Capacity as people use them: tried, seen, undone, proposed by one and approved by another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

POLICY = """\
kind: quota_policy
key: gears
name: Quotas of the gears
owner: head-of-sales
definition: The goal of the year handed down to everybody.
spec:
  people: "user_id in ('ann', 'bob', 'cleo')"
  hedge: {by_height: {0: 1.1}}
  rounding: {unit: 1000}
  targets: [{quarter: Q1, amount: 1000000}, {quarter: Q2, amount: 500000}]
"""
CAPACITY = """\
kind: capacity_plan
key: year
name: Capacity of the year
owner: head-of-sales
definition: Who sells and what they carry.
spec:
  start: 2026-01
  goal: 1200000
  roles: [{key: ae, heads: 10, ramp: [0, 0.5], productivity: 100000, cost: 10000, hiring_lag: 1}]
"""


@pytest.fixture
def planned(site: Any) -> Iterator[Any]:
    files = {site.ws.policies / "quotas.yaml": POLICY, site.ws.policies / "capacity.yaml": CAPACITY}
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    yield site
    for file in files:
        file.unlink()


def page(client: Any, query: str = "") -> str:
    found = client.get(f"/quotas/?policy=gears{query}")
    assert found.status_code == 200
    return found.content.decode()


def change(client: Any, **given: str) -> str:
    found = client.post("/quotas/change/", {"policy": "gears", "cell-quarter": "Q1", **given}, follow=True)
    assert found.status_code == 200
    return found.content.decode()


def test_the_grid_adds_up(planned, sign_in):
    text = page(sign_in("ops"), "&quarter=Q1")
    assert "every level adds up" in text
    assert "$1,000,000" in text
    assert "Ann Seller" in text


def test_a_change_is_tried_and_undone(planned, sign_in):
    client = sign_in("ops")
    before = page(client)
    tried = change(client, verb="pin", node="cleo", amount="300,000")
    assert "Tried: pin cleo at base 300000" in tried
    assert "$300,000" in tried
    assert "Tried, not decided" in tried
    undone = client.post("/quotas/undo/", {"policy": "gears"}, follow=True).content.decode()
    assert "Tried, not decided" not in undone
    assert page(client).count("$300,000") == before.count("$300,000")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"verb": "pin", "node": "zed", "amount": "1"}, "no node"),
        ({"verb": "pin", "node": "cleo", "amount": "lots"}, "no amount"),
        ({"verb": "melt", "node": "cleo"}, "is no edit"),
        ({"verb": "resplit", "node": "cleo", "measure": "potential"}, "no children"),
    ],
)
def test_what_cannot_be_done_is_said(planned, sign_in, given, said):
    client = sign_in("ops")
    assert said in change(client, **given)
    assert "Tried, not decided" not in page(client)


def test_a_manager_sees_and_edits_only_their_own_people(planned, sign_in):
    client = sign_in("bob")
    text = page(client)
    assert "Ann Seller" in text
    assert "STRANGER" not in text
    assert "cleo" not in text
    assert "There is no node" in change(client, verb="pin", node="cleo", amount="1000")
    assert "There is no node" in change(client, verb="transfer", node="ann", other="cleo", amount="1000")
    client.post("/quotas/propose/", {"policy": "gears"})


def test_sellers_may_not_plan(planned, sign_in):
    assert sign_in("ann").get("/quotas/").status_code in (403, 404)
    assert sign_in("ann").get("/capacity/").status_code in (403, 404)


def test_proposed_by_one_approved_by_another(planned, sign_in):
    from geartrain.services.governance import approve_policy, publish_policy
    from geartrain.services.people import actor_of
    from geartrain.services.policies import current_policies

    ops = sign_in("ops")
    change(ops, verb="pin", node="cleo", amount="300000")
    said = ops.post("/quotas/propose/", {"policy": "gears"}, follow=True).content.decode()
    assert "is proposed" in said
    name = {"kind": "quota_policy", "key": "gears"}
    head = actor_of(planned.ws, "head@example.com")
    approve_policy(planned.ws, head, **name)
    publish_policy(planned.ws, actor_of(planned.ws, "ops@example.com"), **name)
    edits = current_policies(planned.ws).get("quota_policy", "gears").spec.edits
    assert [str(e) for e in edits] == ["pin cleo at base 300000 in quarter Q1"]
    assert "$300,000" in page(ops, "&quarter=Q1")


def test_capacity_shows_the_gap_and_the_hires(planned, sign_in):
    text = sign_in("ops").get("/capacity/").content.decode()
    assert "Hiring plan" in text
    assert "$14.4M" in text
    assert "Capacity against goal" in text


def test_capacity_without_a_plan_says_how_to_make_one(site, sign_in):
    text = sign_in("ops").get("/capacity/").content.decode()
    assert "There is no capacity plan" in text
    assert "kind: capacity_plan" in text


def test_the_plan_says_what_is_missing(planned, sign_in):
    text = sign_in("ops").get("/plan/").content.decode()
    for title in ("Goal", "Capacity", "Territories", "Quotas", "Cost", "CAC"):
        assert title in text
    assert "Nothing says who looks after which accounts" in text
    assert "The plan is of the whole company" in sign_in("bob").get("/plan/").content.decode()


def test_a_change_of_the_plan_is_tried_beside_today(planned, sign_in):
    ops = sign_in("ops")
    given = {"key": "plan-two-more", "role": "ae", "count": "2", "over": "", "when": "", "more": "", "start": ""}
    text = ops.post("/plan/try/", given, follow=True).content.decode()
    assert "Compare scenarios" in text
    assert "Heads at the end" in text
    assert "+2" in text
    again = ops.post("/plan/try/", given, follow=True).content.decode()
    assert "There is a scenario" in again
    from geartrain.stores.decisions.models import Scenario

    Scenario.objects.filter(key="plan-two-more").delete()
    assert "no number of percent" in ops.post("/plan/try/", given | {"over": "lots"}, follow=True).content.decode()


def test_a_letter_is_for_those_who_carry_a_quota(planned, sign_in):
    assert "There is no letter for you" in sign_in("bob").get("/quota-letter/").content.decode()
