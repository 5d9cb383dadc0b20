"""The plan of the year: the chain, changes tried on it, and capacity and quotas by themselves."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Router, Schema
from pydantic import Field

from geartrain.services.changes.scenario_runs import compare_scenarios
from geartrain.services.planning import plan_chain as use
from geartrain.services.planning.plan_trials import propose_scenario, read_change, try_on_plan
from geartrain.web.api.plain import Day, Line, Text, plain

PREFIX = "/plan"
router = Router()
Few = Annotated[list[Line], Field(max_length=50)]


class TryIn(Schema):
    """A change of the plan."""

    key: Line
    name: Line = ""
    description: Text = ""
    hires: Few = Field([], description="ROLE=COUNT, a role of the capacity plan")
    start: Day | None = Field(None, description="first day of those hired; otherwise the plan's")
    over_assignment: Line | None = Field(None, description="of sellers: 0.05 is 5 %")
    potential: Few = Field([], description="RULE=FACTOR over accounts: industry = 'Retail'=0.96")


@router.get("", summary="Goal, capacity, territories, quotas, cost, CAC: each with its status and gap")
def chain(request: Any, capacity: Line = "", quota: Line = "", territory: Line = "") -> dict[str, Any]:
    asked = {"capacity": capacity, "quota": quota, "territory": territory}
    return plain(use.get_plan(request.workspace, request.actor, **asked).as_json())


@router.post("/try", response={201: dict[str, Any]}, summary="Try a change in a scenario; nothing in force is touched")
def try_(request: Any, asked: TryIn) -> Any:
    change = read_change(hires=asked.hires, start=asked.start, over=asked.over_assignment, potential=asked.potential)
    said = {"name": asked.name, "description": asked.description}
    made = try_on_plan(request.workspace, request.actor, key=asked.key, change=change, **said)
    found = compare_scenarios(request.workspace, request.actor, keys=[made.key], only="plan")
    return 201, plain({"scenario": made.as_json(), **found.as_json()})


@router.get("/compare", summary="Every number of the plan today and under some scenarios")
def compare(request: Any, scenario: Line) -> dict[str, Any]:
    keys = [k.strip() for k in scenario.split(",") if k.strip()]
    return plain(compare_scenarios(request.workspace, request.actor, keys=keys, only="plan").as_json())


@router.post("/propose/{key}", summary="Send every draft of a scenario to review; somebody else approves")
def propose(request: Any, key: Line) -> dict[str, Any]:
    made = propose_scenario(request.workspace, request.actor, key=key)
    return {"proposed": [{"kind": v.kind, "key": v.key, "version": v.version, "status": str(v.status)} for v in made]}
