"""Capacity plans from files and from the workspace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from geartrain.kernel.errors import NotFound
from geartrain.kernel.issues import Issue
from geartrain.kernel.periods import add_months
from geartrain.planning.capacity.company import asks_records, from_records, with_goal
from geartrain.planning.capacity.heads import run
from geartrain.planning.capacity.policy import CapacityPlan
from geartrain.planning.capacity.records import Evidence
from geartrain.planning.capacity.sensitivity import sensitivity, simulate
from geartrain.planning.company import Company
from geartrain.services.access import Actor, Permission, operator, require
from geartrain.services.answers import remembered
from geartrain.services.planning.quotas_files import read_spec, read_text
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import open_facts
from geartrain.services.records.sources import source_of
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace

KIND = "capacity_plan"
SECONDS = 20.0  # that a page waits for a hiring plan
EXAMPLE = """\
kind: capacity_plan
key: year
name: Capacity of the year
owner: head-of-sales
definition: Who sells, who comes and goes, and the bookings they are to carry.
spec:
  start: 2026-01
  goal: 1000000
  roles:
    - {key: account_executive, heads: 10, ramp: [0, 0.25, 0.5, 0.75], productivity: 100000, attrition: 0.15,
       backfill_lag: 3, cost: 12000, hiring_cost: 20000, hiring_lag: 2}
"""


@dataclass(frozen=True)
class Planned:
    """A plan and what it rests on."""

    capacity_plan: CapacityPlan
    manifest: dict[str, Any]
    issues: tuple[Issue, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    as_of: date | None = None


def read_plan(file: Path) -> Planned:
    """The plan of a file, without a workspace.

    Raises:
        NotFound: it is not there. Invalid: it is no capacity_plan, with the line of what is wrong.
    """
    spec = read_spec(file, KIND)
    return Planned(spec, {"inputs": {"policy": sha256(read_text(file).encode()).hexdigest()}})


def workspace_plan(ws: Workspace, actor: Actor, *, key: str = "") -> Planned:
    """A capacity plan in force; without a key the only one there is.

    Raises:
        NotFound: there is none of that key, or several and none is named.
    """
    require(actor, Permission.run_scenarios)
    held = current_policies(ws)
    known = held.of(KIND)
    if not key and len(known) != 1:
        said = f"There are {len(known)}: {', '.join(known)}." if known else "There is no capacity plan."
        raise NotFound(
            said, hint="Name one with --policy KEY, or a file." if known else "Write policies/capacity.yaml."
        )
    policy = held.get(KIND, key or next(iter(known)))
    manifest = {"policy": {"key": policy.key, "version": policy.version, "sha256": policy.sha256}}
    return plan_of(ws, policy.spec, manifest)


def stands_alone(found: Planned) -> bool:
    """Whether a plan needs no records and no goal of a workspace."""
    return not asks_records(found.capacity_plan) and not found.capacity_plan.goals_from


def plan_in(ws: Workspace, actor: Actor, found: Planned) -> Planned:
    """A plan of a file over the records and goals of a workspace."""
    require(actor, Permission.run_scenarios)
    return plan_of(ws, found.capacity_plan, found.manifest)


def plan_of(ws: Workspace, capacity_plan: CapacityPlan, manifest: dict[str, Any]) -> Planned:
    """A plan with the goal it is held to, and its people as the records have them."""
    policies = current_policies(ws)
    whole = with_goal(capacity_plan, policies, ws.calendar)
    if not asks_records(whole):
        return Planned(whole, manifest)
    day = last_day(ws, operator())
    with open_facts(ws, operator(), as_of=day) as facts:
        key = ("capacity-people", str(ws.path), facts.id, policies.sha256, repr(whole))
        read = lambda: from_records(whole, Company(source_of(facts, policies), policies))  # noqa: E731
        found, evidence, issues = remembered(key, read)
        rests = {"inputs": {"facts": facts.id}, "as_of": day.isoformat()}
    return Planned(found, manifest | rests, issues, evidence, day)


@dataclass(frozen=True)
class Study:
    """All there is to say of a plan, as rows."""

    name: str
    periods: list[dict[str, Any]]
    after: list[dict[str, Any]]
    totals: dict[str, Any]
    hires: list[dict[str, Any]]
    hire_cost: Decimal
    gap_left: Decimal
    status: str
    sensitivity: list[dict[str, Any]]
    simulated: list[dict[str, Any]]
    chance: Decimal | None
    issues: tuple[Issue, ...]
    evidence: list[dict[str, Any]]


def list_plans(ws: Workspace, actor: Actor) -> list[str]:
    """Keys of the capacity plans in force."""
    require(actor, Permission.run_scenarios)
    return sorted(current_policies(ws).of(KIND))


def study(ws: Workspace, actor: Actor, *, key: str = "") -> Study:
    """A plan in force, run, hired for, varied and simulated; kept by its text.

    Raises:
        NotFound: there is none. Invalid: its hiring plan could not be solved in time.
    """
    require(actor, Permission.run_scenarios)
    found = workspace_plan(ws, actor, key=key)
    return remembered(
        ("capacity", found.manifest["policy"]["sha256"], repr(found.capacity_plan)), lambda: _studied(found)
    )


def _studied(found: Planned) -> Study:
    from geartrain.planning.capacity.hiring import hire  # loads the solver, which most pages never need

    outlook, solved = run(found.capacity_plan), hire(found.capacity_plan, as_of=offers_from(found), seconds=SECONDS)
    played = simulate(found.capacity_plan, seed=1)
    return Study(
        found.manifest["policy"]["key"],
        list(outlook.periods()),
        list(solved.after.periods()),
        outlook.totals(),
        list(solved.rows()),
        solved.cost,
        solved.gap,
        solved.status,
        sensitivity(found.capacity_plan),
        played["periods"],
        played["chance_of_goal"],
        (*found.issues, *outlook.issues, *solved.issues),
        [e.as_row() for e in found.evidence],
    )


def offers_from(found: Planned) -> date | None:
    """From when on offers can go out: not before the records end, where the plan rests on them."""
    if found.as_of is None:
        return None
    after = found.as_of + timedelta(days=1)
    return after if after.day == 1 else add_months(after.replace(day=1), 1)


def role_names(ws: Workspace, actor: Actor) -> list[str]:
    """Names of the roles of the only capacity plan in force; none where there is no single one."""
    require(actor, Permission.run_scenarios)
    plans = list(current_policies(ws).of(KIND).values())
    return [r.name for r in plans[0].spec.roles] if len(plans) == 1 else []
