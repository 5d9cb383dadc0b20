"""Scenarios: drafts laid over the policies in force, run, and set side by side."""

from __future__ import annotations

from typing import Any

from ninja import Router, Schema
from pydantic import Field

from geartrain.services.changes import scenarios as use
from geartrain.services.changes.scenario_runs import compare_scenarios, latest_run, run_scenario
from geartrain.web.api.plain import Day, Line, plain

PREFIX = "/scenarios"
router = Router()


class DraftRef(Schema):
    """Which version of which policy is drafted."""

    kind: str
    key: str
    sha256: str


class ScenarioOut(Schema):
    """A scenario; `window` is half-open, `facts` the hash of the state it stands on, `known_as_of` that instant."""

    key: str
    name: str
    description: str
    owner: str
    created_at: str
    window: list[str]
    as_of: str
    facts: str
    known_as_of: str
    drafts: list[DraftRef]
    deleted: bool


class DraftOut(DraftRef):
    """A draft with its text, and its difference from what is in force (`against`, null where nothing is)."""

    where: str
    body: str
    against: str | None
    diff: list[str]


class OneOut(ScenarioOut):
    """A scenario with its drafts and what its last run gave for what you may see."""

    texts: list[DraftOut]
    last_run: dict[str, Any] | None


class DraftIn(Schema):
    """The YAML of a policy; `where` names it in messages."""

    text: str = Field(max_length=use.LONGEST)
    where: Line = "draft.yaml"


class ScenarioIn(Schema):
    """A scenario to make over the facts as they are; without a window this fiscal year."""

    key: Line
    name: Line = ""
    description: str = Field("", max_length=10_000, pattern=r"^[^\x00]*$")
    drafts: list[DraftIn] = Field([], max_length=use.MOST_DRAFTS)
    since: Day | None = Field(None, alias="from")
    until: Day | None = Field(None, alias="to")


class KeysIn(Schema):
    """The scenarios to set beside today."""

    scenarios: list[Line] = Field(min_length=1, max_length=5)


class ComparisonOut(Schema):
    """Every number in every column, the first today's; differences are against it; null is not defined."""

    columns: list[dict[str, str]]
    window: list[str]
    as_of: str
    facts: str
    manifests: list[str]
    ran: int
    kept: int
    at: str
    stale: list[str]
    unread: list[dict[str, str]]
    changed: int
    rows: list[dict[str, Any]]


@router.get("", response=list[ScenarioOut], summary="The scenarios you may know of, latest first")
def scenarios(request: Any, deleted: bool = False) -> Any:
    return [_out(s) for s in use.list_scenarios(request.workspace, request.actor, deleted=deleted)]


@router.post("", response={201: ScenarioOut}, summary="Make a scenario")
def new(request: Any, body: ScenarioIn) -> Any:
    drafts = [(d.where, d.text) for d in body.drafts]
    asked = {"key": body.key, "name": body.name, "description": body.description, "since": body.since}
    return 201, _out(use.create_scenario(request.workspace, request.actor, drafts=drafts, until=body.until, **asked))


@router.post("/compare", response=ComparisonOut, summary="Today and scenarios side by side")
def compare(request: Any, body: KeysIn) -> Any:
    return compare_scenarios(request.workspace, request.actor, keys=body.scenarios).as_json()


@router.get("/{key}", response=OneOut, summary="One scenario: its drafts and its last run")
def one(request: Any, key: Line) -> Any:
    held, drafts = use.get_scenario(request.workspace, request.actor, key=key)
    last = latest_run(request.workspace, request.actor, key=key)
    texts = [
        {
            "kind": d.policy.kind,
            "key": d.policy.key,
            "sha256": d.policy.sha256,
            "where": d.policy.where,
            "body": d.policy.body,
            "against": d.against.sha256 if d.against else None,
            "diff": list(d.diff),
        }
        for d in drafts
    ]
    return _out(held) | {"texts": texts, "last_run": last.as_json() if last else None}


@router.post("/{key}/run", response=ComparisonOut, summary="Run a scenario and compare it with today")
def run(request: Any, key: Line) -> Any:
    return run_scenario(request.workspace, request.actor, key=key).as_json()


@router.post("/{key}/drafts", response=ScenarioOut, summary="Add a draft, or put it in the place of an earlier one")
def draft(request: Any, key: Line, body: DraftIn) -> Any:
    return _out(use.set_draft(request.workspace, request.actor, key=key, text=body.text, where=body.where))


@router.delete("/{key}/drafts/{kind}/{policy}", response=ScenarioOut, summary="Take a draft out")
def drop(request: Any, key: Line, kind: Line, policy: Line) -> Any:
    return _out(use.drop_draft(request.workspace, request.actor, key=key, kind=kind, policy=policy))


@router.delete("/{key}", response=ScenarioOut, summary="Delete a scenario; it can be restored")
def delete(request: Any, key: Line) -> Any:
    return _out(use.delete_scenario(request.workspace, request.actor, key=key))


@router.post("/{key}/restore", response=ScenarioOut, summary="Bring a deleted scenario back")
def restore(request: Any, key: Line) -> Any:
    return _out(use.restore_scenario(request.workspace, request.actor, key=key))


def _out(held: use.ScenarioInfo) -> dict[str, Any]:
    found: dict[str, Any] = plain(held.as_json())
    return found
