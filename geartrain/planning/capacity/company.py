"""What a capacity plan asks of the company: its people, what they booked, and the goal it is held to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from geartrain.facts.views.plan_month import spread
from geartrain.kernel.errors import NotFound
from geartrain.kernel.issues import Issue
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.policy import PolicySet
from geartrain.planning.capacity.heads import cents
from geartrain.planning.capacity.policy import CapacityPlan, Role
from geartrain.planning.capacity.records import Evidence, Person, resolved, window
from geartrain.planning.company import Company, Row, fte

Found = tuple[CapacityPlan, tuple[Evidence, ...], tuple[Issue, ...]]


def asks_records(capacity_plan: CapacityPlan) -> bool:
    """Whether it has anything to be counted from the records."""
    return any(r.people or r.history is not None for r in capacity_plan.roles)


def from_records(capacity_plan: CapacityPlan, company: Company) -> Found:
    """A plan with its people and productivity counted from everybody's records, as the assumptions have them."""
    day = company.as_of
    spans = {r.history: window(capacity_plan, r.history, day) for r in capacity_plan.roles if r.history is not None}
    booked = {span: company.by_owner("bookings", since=span[0], until=span[1]) for span in spans.values()}
    people = {r.name: [_person(u, {}) for u in company.chosen(r.people)] for r in capacity_plan.roles if r.people}
    peers = {}
    for role in capacity_plan.roles:
        if role.history is not None:
            span = spans[role.history]
            who = [_person(u, booked[span]) for u in company.chosen(role.peers or role.people)]
            peers[role.name] = (who, *span)
    found, evidence, issues = resolved(capacity_plan, people, peers, as_of=day)
    roles = tuple(_supposed(r, company) for r in found.roles)
    return found.model_copy(update={"roles": roles}), evidence, issues


def with_goal(capacity_plan: CapacityPlan, policies: PolicySet, calendar: FiscalCalendar) -> CapacityPlan:
    """A plan held to a corporate goal, spread over its periods.

    Raises:
        NotFound: there is no such goal, or it says nothing for the plan.
    """
    if not (key := capacity_plan.goals_from):
        return capacity_plan
    goals = [g for p in policies.of("corporate_goals").values() for g in p.spec.goals if g.key == key]
    if not goals:
        raise NotFound(f"There is no corporate goal '{key}'.", hint="Correct `goals_from`, or state `goal`.")
    found: dict[str, Decimal] = defaultdict(Decimal)
    first, end = capacity_plan.start, capacity_plan.first(capacity_plan.periods)
    for one in goals[0].by_period(calendar):
        for _, _, month, amount in spread(one, calendar):
            if first <= month < end:
                found[capacity_plan.labels[capacity_plan.number(month.isoformat())]] += amount
    if not found:
        said = f"The goal '{key}' says nothing from {first} to {end}."
        raise NotFound(said, hint="State its values there, or state `goal` in the capacity plan.")
    return capacity_plan.model_copy(update={"goal": dict(found)})


def _supposed(role: Role, company: Company) -> Role:
    """Productivity follows the potential that the role's people own."""
    if not role.people:
        return role
    change = company.potential_change([u["user_id"] for u in company.chosen(role.people)])
    return role if change == 1 else role.model_copy(update={"productivity": cents(role.productivity * change)})


def _person(user: Row, booked: Mapping[str, Decimal]) -> Person:
    start: date | None = user["start_date"]
    return Person(user["user_id"], start, user["end_date"], fte(user), booked.get(user["user_id"], Decimal(0)))
