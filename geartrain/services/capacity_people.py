"""What a capacity plan asks of the records: its people, what they booked, and the goal it is held to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from geartrain.facts.views.plan_month import spread
from geartrain.kernel.errors import NotFound
from geartrain.kernel.issues import Issue
from geartrain.kernel.rules import parse
from geartrain.planning.capacity.policy import CapacityPlan
from geartrain.planning.capacity.records import Evidence, Person, resolved, window
from geartrain.services.access import operator
from geartrain.services.facts import Facts, open_facts
from geartrain.services.metrics import query_metrics
from geartrain.services.policies import current_policies
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace

Booked = Mapping[str, Decimal]


def asks_records(capacity_plan: CapacityPlan) -> bool:
    """Whether it has anything to be counted from the records."""
    return any(r.people or r.history is not None for r in capacity_plan.roles)


def from_records(
    ws: Workspace, capacity_plan: CapacityPlan
) -> tuple[CapacityPlan, tuple[Evidence, ...], tuple[Issue, ...], date]:
    """A plan with its people and productivity counted from everybody's records, and the day they tell of."""
    day = last_day(ws, operator())
    with open_facts(ws, operator(), as_of=day) as facts:
        users = facts.execute(facts.raw("user")).to_pylist()
        spans = {r.history: window(capacity_plan, r.history, day) for r in capacity_plan.roles if r.history is not None}
        booked = {span: _booked(ws, facts, *span) for span in spans.values()}
    people = {r.name: _people(users, r.people, {}) for r in capacity_plan.roles if r.people}
    peers = {
        r.name: (_people(users, r.peers or r.people or "true", booked[spans[r.history]]), *spans[r.history])
        for r in capacity_plan.roles
        if r.history is not None
    }
    return (*resolved(capacity_plan, people, peers, as_of=day), day)


def with_goal(ws: Workspace, capacity_plan: CapacityPlan) -> CapacityPlan:
    """A plan held to a corporate goal, spread over its periods.

    Raises:
        NotFound: there is no such goal, or it says nothing for the plan.
    """
    if not (key := capacity_plan.goals_from):
        return capacity_plan
    goals = [g for p in current_policies(ws).of("corporate_goals").values() for g in p.spec.goals if g.key == key]
    if not goals:
        raise NotFound(f"There is no corporate goal '{key}'.", hint="Correct `goals_from`, or state `goal`.")
    found: dict[str, Decimal] = defaultdict(Decimal)
    first, end = capacity_plan.start, capacity_plan.first(capacity_plan.periods)
    for one in goals[0].by_period(ws.calendar):
        for _, _, month, amount in spread(one, ws.calendar):
            if first <= month < end:
                found[capacity_plan.labels[capacity_plan.number(month.isoformat())]] += amount
    if not found:
        said = f"The goal '{key}' says nothing from {first} to {end}."
        raise NotFound(said, hint="State its values there, or state `goal` in the capacity plan.")
    return capacity_plan.model_copy(update={"goal": dict(found)})


def _people(users: list[dict[str, Any]], rule: str, booked: Booked) -> list[Person]:
    read = parse(rule, where="roles")
    return [
        Person(
            u["user_id"],
            u["start_date"],
            u["end_date"],
            Decimal(1) if u["fte"] is None else Decimal(u["fte"]).normalize(),
            booked.get(u["user_id"], Decimal(0)),
        )
        for u in sorted(users, key=lambda u: str(u["user_id"]))
        if (u["is_active"] or u["end_date"] is not None) and read.evaluate(u) is True
    ]


def _booked(ws: Workspace, facts: Facts, since: date, until: date) -> dict[str, Decimal]:
    answer = query_metrics(ws, operator(), keys=["bookings"], by=["owner"], since=since, until=until, as_of=facts.as_of)
    return {
        str(r["owner"]): Decimal(str(r["bookings"]))
        for r in answer.records()
        if r["owner"] is not None and r["bookings"] is not None
    }
