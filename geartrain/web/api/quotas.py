"""Quotas: handed down, edited on trial, checked, proposed, put in force."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Router, Schema
from pydantic import Field

from geartrain.planning.quotas.check import verify
from geartrain.planning.quotas.sheet import told
from geartrain.services.planning import quotas as use
from geartrain.services.planning.quotas_edits import edit_of
from geartrain.services.planning.quotas_fairness import workspace_fairness
from geartrain.services.planning.quotas_issue import issue_quotas
from geartrain.web.api.plain import Day, Line, plain

PREFIX = "/quotas"
router = Router()
Edits = Annotated[list[dict[str, Any]], Field(max_length=200, description="as `edits` of a quota_policy")]


class EditIn(Schema):
    """Edits of a sheet."""

    edits: Edits


class IssueIn(Schema):
    """From when on."""

    since: Day | None = Field(None, description="only periods that begin then or later change")


@router.get("/{key}", summary="The quotas that a policy gives, of the people one may see")
def allocated(request: Any, key: Line) -> dict[str, Any]:
    inputs = use.workspace_inputs(request.workspace, request.actor, policy=key)
    edited, _ = use.try_edits(inputs, [])
    return plain(_sheet(inputs, edited))


@router.get("/{key}/check", summary="Conservation, hedges, targets: what does not hold")
def check(request: Any, key: Line) -> dict[str, Any]:
    inputs = use.workspace_inputs(request.workspace, request.actor, policy=key, whole=True)
    sheet = use.try_edits(inputs, [])[0].sheet
    broken = verify(inputs.layout, sheet)
    return {"ok": not broken, "issues": [i.as_json() for i in (*sheet.issues, *broken)]}


@router.get("/{key}/fairness", summary="Quota against pay, potential and the past, by role; outliers with the reason")
def fairness(request: Any, key: Line) -> dict[str, Any]:
    return plain(workspace_fairness(request.workspace, request.actor, policy=key).as_json())


@router.post("/{key}/try", summary="Edits on trial: what they change, and what does not hold; nothing is kept")
def try_(request: Any, key: Line, asked: EditIn) -> dict[str, Any]:
    inputs = use.workspace_inputs(request.workspace, request.actor, policy=key)
    edits = [edit_of(e, where=f"edits/{n}") for n, e in enumerate(asked.edits)]
    edited, broken = use.try_edits(inputs, edits)
    effect = [told(r) for r in edited.effect() if inputs.visible is None or r["node_id"] in inputs.visible]
    return plain({**_sheet(inputs, edited), "effect": effect, "broken": [i.as_json() for i in broken]})


@router.post("/{key}/propose", summary="Send the policy with these edits to review: somebody else approves")
def propose(request: Any, key: Line, asked: EditIn) -> dict[str, Any]:
    edits = [edit_of(e, where=f"edits/{n}") for n, e in enumerate(asked.edits)]
    made = use.propose_edits(request.workspace, request.actor, policy=key, edits=edits)
    return plain(made)


@router.post("/{key}/issue", summary="Put a published policy's quotas in force, and ask people to sign their letters")
def issue(request: Any, key: Line, asked: IssueIn) -> dict[str, Any]:
    return plain(issue_quotas(request.workspace, request.actor, policy=key, since=asked.since).as_json())


def _sheet(inputs: use.WorkspaceInputs, edited: Any) -> dict[str, Any]:
    """The document of the commands; of others' people nothing where one does not see everyone."""
    document = edited.sheet.as_json(inputs.manifest)
    if inputs.visible is None:
        return document
    rows = [r for r in document["quotas"] if r["node_id"] in inputs.visible]
    return {"quotas": rows, "unallocated": [], "issues": [], "manifest": inputs.manifest}
