"""Quotas of the workspace: people as the hierarchy, their books and bookings as measures, a goal as the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from geartrain.kernel.errors import Forbidden, Invalid, NotFound
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.policy import Policy
from geartrain.planning.company import Company
from geartrain.planning.quotas.asked import Edit
from geartrain.planning.quotas.cascade import Layout, allocate, lay_out
from geartrain.planning.quotas.check import verify_edit
from geartrain.planning.quotas.company import MEASURES, TOP, tables_of
from geartrain.planning.quotas.editing import Edited, edit
from geartrain.planning.quotas.policy import QuotaPolicy
from geartrain.planning.quotas.sheet import Sheet
from geartrain.services.access import Actor, Permission, operator, require
from geartrain.services.answers import remembered
from geartrain.services.governance import VersionInfo, propose_policy
from geartrain.services.planning.quotas_files import Inputs
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import Facts, open_facts
from geartrain.services.records.sources import source_of
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace

KIND = "quota_policy"
__all__ = ["KIND", "MEASURES", "TOP", "WorkspaceInputs", "find_policy", "own_books", "propose_edits", "try_edits"]
__all__ += ["with_edits", "workspace_inputs"]


@dataclass(frozen=True)
class WorkspaceInputs(Inputs):
    """Inputs that people of the workspace stand in; `visible` are those the actor may see, None for everyone."""

    held: Policy
    visible: frozenset[str] | None
    names: Mapping[str, str]
    laid: Layout
    given: Sheet

    @property
    def layout(self) -> Layout:  # type: ignore[override]
        """The three laid over each other, worked out once for everybody."""
        return self.laid

    @property
    def manifest(self) -> dict[str, Any]:
        """The policy's version and the hash of the facts."""
        policy = {"key": self.held.key, "version": self.held.version, "sha256": self.held.sha256}
        return {"policy": policy, "inputs": dict(self.hashes)}


def workspace_inputs(
    ws: Workspace, actor: Actor, *, policy: str = "", as_of: date | None = None, whole: bool = False
) -> WorkspaceInputs:
    """What the quotas of a policy in force are worked out from.

    Args:
        whole: The answer shows everybody's quotas, so that only those who see everyone may ask.
    Raises:
        Forbidden: the actor may not try plans. NotFound: there is no such policy, or no goal for its period.
    """
    require(actor, Permission.run_scenarios)
    if whole and not actor.sees_everyone:
        hint = "The page Quotas and the letters show those of your own people."
        raise Forbidden("This shows everybody's quotas.", hint=hint)
    held = find_policy(ws, policy)
    day = as_of or last_day(ws, operator())
    with open_facts(ws, actor, as_of=day) as mine, open_facts(ws, operator(), as_of=day) as facts:
        key = ("quotas", str(ws.path), facts.id, day, current_policies(ws).sha256, held.key)
        everybody = remembered(key, lambda: _everybody(ws, facts, held))
        return replace(everybody, visible=mine.visible())


def _everybody(ws: Workspace, facts: Facts, held: Policy) -> WorkspaceInputs:
    spec: QuotaPolicy = held.spec
    policies = current_policies(ws)
    hierarchy, targets, names = tables_of(Company(source_of(facts, policies), policies), held)
    hashes = {"facts": facts.id, "policy": held.sha256}
    laid = lay_out(hierarchy, targets, spec)
    names |= {TOP: ws.name}
    return WorkspaceInputs(hierarchy, targets, spec, hashes, held, None, names, laid, allocate(laid))


def find_policy(ws: Workspace, key: str) -> Policy:
    """The quota policy of a key; without one the only one there is.

    Raises:
        NotFound: there is none, or several and none is named.
    """
    current = current_policies(ws)
    known = current.of(KIND)
    if key or len(known) == 1:
        return current.get(KIND, key or next(iter(known)))
    said = f"There are {len(known)} quota policies: {', '.join(known)}." if known else "There is no quota policy."
    hint = "Name one with --policy KEY." if known else "Write policies/quota_policy.yaml, or publish one."
    raise NotFound(said, hint=hint)


def try_edits(inputs: WorkspaceInputs, edits: Sequence[Edit]) -> tuple[Edited, list[Issue]]:
    """The policy's sheet with more edits, checked where they change something; people out of sight stay as they are.

    Raises:
        NotFound: an edit names somebody the actor may not see. Invalid, Conflict: it does not fit.
    """
    if inputs.visible is not None:
        for asked in edits:
            named = {asked.pin, asked.giver, asked.to, asked.redistribute, asked.concentrate, asked.freeze}
            named |= {asked.resplit, asked.fit, *asked.totals}
            if hidden := sorted(n for n in named - {""} if n not in inputs.visible):
                raise NotFound(f"There is no node '{hidden[0]}' in the hierarchy.")
    edited = edit(inputs.layout, inputs.given, [*inputs.policy.edits, *edits])
    return edited, verify_edit(edited)


def own_books(inputs: WorkspaceInputs) -> list[Issue]:
    """Managers whose own accounts count for nobody: quotas are split by what the leaves have."""
    tree = inputs.layout.tree
    potential = tree.table.texts("potential")
    found = []
    for n in tree.parents:
        if potential[tree.row[n]] not in ("", "0"):
            message = f"{tree.ids[n]} leads others and owns accounts with potential {potential[tree.row[n]]}."
            hint = "It counts in nobody's share: hand the accounts over, or split by another measure."
            found.append(Issue("quota_own_book", Level.info, message, f"user/{tree.ids[n]}", hint))
    return found


def propose_edits(ws: Workspace, actor: Actor, *, policy: str, edits: Sequence[Edit]) -> VersionInfo:
    """Send the policy with these edits in it to review: somebody else approves.

    Raises:
        Forbidden: the actor may not edit policies. Invalid: there is nothing to propose. Conflict: a version is open.
    """
    if not edits:
        raise Invalid("There is no edit to propose.", hint="Change a quota first.")
    inputs = workspace_inputs(ws, actor, policy=policy)
    edited, broken = try_edits(inputs, edits)
    wrong = [*broken, *(i for i in edited.sheet.issues if i.level is Level.error)]
    if wrong:
        raise Invalid(wrong[0].message, hint=wrong[0].hint)
    summary = "; ".join(str(e) for e in edits)
    return propose_policy(ws, actor, text=with_edits(inputs.held, edits), summary=summary[:500])


def with_edits(held: Policy, edits: Sequence[Edit]) -> str:
    """The text of a policy with more edits at the end of its own; all else stays as it was written."""
    yaml = YAML()
    yaml.width, yaml.preserve_quotes = 120, True
    document = yaml.load(held.body)
    document.pop("version", None)
    spec = document["spec"]
    told = [e.model_dump(mode="json", by_alias=True, exclude_defaults=True) for e in edits]
    spec["edits"] = [*(spec.get("edits") or []), *told]
    out = StringIO()
    yaml.dump(document, out)
    return out.getvalue()
