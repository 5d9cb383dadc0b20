"""Quotas of the workspace: people as the hierarchy, their books and bookings as measures, a goal as the target."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from geartrain.kernel.errors import Forbidden, Invalid, NotFound
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.periods import Period, add_months
from geartrain.kernel.policy import Policy
from geartrain.kernel.rules import parse
from geartrain.planning.quotas.asked import Edit
from geartrain.planning.quotas.cascade import Layout, allocate, lay_out
from geartrain.planning.quotas.check import verify_edit
from geartrain.planning.quotas.editing import Edited, edit
from geartrain.planning.quotas.policy import QuotaPolicy
from geartrain.planning.quotas.sheet import Sheet
from geartrain.planning.quotas.table import Table
from geartrain.services.access import Actor, Permission, operator, require
from geartrain.services.answers import remembered
from geartrain.services.facts import Facts, open_facts
from geartrain.services.governance import VersionInfo, propose_policy
from geartrain.services.metrics import query_metrics
from geartrain.services.policies import current_policies
from geartrain.services.quotas_files import Inputs
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace

KIND = "quota_policy"
TOP = "company"
ATTRIBUTES = ("name", "email", "title", "role", "team", "region", "segment", "start_date", "fte", "is_active")
MEASURES = ("potential", "accounts", "prior_bookings", "open_pipeline", "capacity")


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
    with open_facts(ws, actor, as_of=day) as facts:
        key = ("quotas", str(ws.path), facts.id, day, current_policies(ws).sha256, held.key)
        whole = remembered(key, lambda: _everybody(ws, facts, held))
        return replace(whole, visible=facts.visible())


def _everybody(ws: Workspace, facts: Facts, held: Policy) -> WorkspaceInputs:
    spec: QuotaPolicy = held.spec
    period = ws.calendar.parse(spec.period) if spec.period else ws.calendar.year(ws.calendar.year_of(facts.as_of))
    people = _people(facts, spec)
    hierarchy = _hierarchy(people, _measures(ws, facts, people, period))
    names = {p["user_id"]: p["name"] or p["user_id"] for p in people} | {TOP: ws.name}
    hashes = {"facts": facts.id, "policy": held.sha256}
    targets = _targets(ws, spec, period, held)
    laid = lay_out(hierarchy, targets, spec)
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


def _people(facts: Facts, spec: QuotaPolicy) -> list[dict[str, Any]]:
    """Those who are with us and the policy means, and everyone above them."""
    rows = facts.execute(facts.raw("user")).to_pylist()
    known = {r["user_id"]: r for r in rows}
    rule = parse(spec.people, where="people") if spec.people else None
    chosen = {r["user_id"] for r in rows if r["is_active"] and (rule is None or rule.evaluate(r) is True)}
    if not chosen:
        raise NotFound("Nobody carries a quota.", hint="Load user records, or widen `people` in the policy.")
    above = facts.hierarchy()
    held = chosen | {a for person in chosen for a in above.chain(person) if a in known}
    return [known[person] for person in sorted(held)]


def _measures(
    ws: Workspace, facts: Facts, people: Sequence[Mapping[str, Any]], period: Period
) -> dict[str, dict[str, Decimal]]:
    """Each measure by person: what they own, what they won in the year before, what is open."""
    found: dict[str, dict[str, Decimal]] = {m: defaultdict(Decimal) for m in MEASURES}
    accounts = facts.raw("account")
    for row in facts.execute(accounts.select("owner_id", "potential")).to_pylist():
        if row["owner_id"]:
            found["potential"][row["owner_id"]] += row["potential"] or 0
            found["accounts"][row["owner_id"]] += 1
    back = {"since": add_months(period.start, -12), "until": add_months(period.end, -12)}
    for key, name, window in (("bookings", "prior_bookings", back), ("open_pipeline", "open_pipeline", {})):
        answer = query_metrics(ws, operator(), keys=[key], by=["owner"], as_of=facts.as_of, **window)
        for row in answer.records():
            if row["owner"] is not None and row[key] is not None:
                found[name][str(row["owner"])] = max(Decimal(str(row[key])), Decimal(0))
    for person in people:
        found["capacity"][person["user_id"]] = Decimal(1) if person["fte"] is None else Decimal(person["fte"])
    return found


def _hierarchy(people: Sequence[Mapping[str, Any]], measures: Mapping[str, Mapping[str, Decimal]]) -> Table:
    """People below their managers, below the company."""
    held = {p["user_id"] for p in people}
    columns = ("node_id", "parent_id", *ATTRIBUTES, *MEASURES)
    rows = [(TOP, "", *[""] * (len(columns) - 2))]
    for p in people:
        parent = p["manager_id"] if p["manager_id"] in held else TOP
        rows.append(
            (
                p["user_id"],
                parent,
                *(_text(p[a]) for a in ATTRIBUTES),
                *(_text(measures[m].get(p["user_id"], Decimal(0))) for m in MEASURES),
            )
        )
    return Table("user", columns, tuple(rows))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return format(value.normalize(), "f") if isinstance(value, Decimal) else str(value)


def _targets(ws: Workspace, spec: QuotaPolicy, period: Period, held: Policy) -> Table:
    """The targets a policy states, else the values of its goal within its period."""
    if spec.targets:
        columns = tuple(dict.fromkeys(c for row in spec.targets for c in row))
        return Table(held.where or KIND, columns, tuple(tuple(r.get(c, "") for c in columns) for r in spec.targets))
    found = current_policies(ws).of("corporate_goals").get(spec.goals)
    goals = (
        [g for g in found.spec.goals if g.key == spec.goal or (not spec.goal and g.metric == spec.measure)]
        if found
        else []
    )
    if not goals or found is None:
        said = f"The corporate goals '{spec.goals}' have no goal '{spec.goal or spec.measure}'."
        raise NotFound(said, hint="Name one in `goal`, or state `targets` in the quota policy.")
    rows = [
        (ws.calendar.parse(key).key, format(amount, "f"))
        for key, amount in goals[0].values.items()
        if (at := ws.calendar.parse(key)).start >= period.start and at.end <= period.end
    ]
    if not rows:
        said = f"The goal '{goals[0].key}' says nothing for {period.key}."
        raise NotFound(said, hint="State it in the corporate goals, or another `period` in the quota policy.")
    return Table(found.where or "corporate_goals", ("period", "amount"), tuple(sorted(rows)))


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
