"""Fairness of quotas: of the workspace's people, or of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.planning.quotas.editing import decide
from geartrain.planning.quotas.fairness import Attain, Fairness, Seller, fairness
from geartrain.planning.quotas.sheet import Sheet
from geartrain.services.access import Actor, Permission, operator
from geartrain.services.answers import remembered
from geartrain.services.planning.quotas import WorkspaceInputs, workspace_inputs
from geartrain.services.planning.quotas_files import Inputs, read_table
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import open_facts
from geartrain.services.workspace import Workspace

PAST = 8  # periods of history that count
History = Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class Panel:
    """The panel with what it rests on."""

    found: Fairness
    manifest: dict[str, Any]
    issues: tuple[Issue, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        return {**self.found.as_json(), "issues": [i.as_json() for i in self.issues], "manifest": self.manifest}


def file_fairness(inputs: Inputs, *, history: Path | None, attain: Attain) -> Panel:
    """The panel of three files. The hierarchy may have name, role, potential, ramped, ote or base_salary and
    target_incentive, prior_attainment; the history is node_id and attainment, one row a period.

    Raises:
        NotFound: the history is not there. Invalid: it has no such columns.
    """
    issues: list[Issue] = []
    sheet = decide(inputs.layout)
    past = _read_history(history, sheet, issues) if history else {}
    return Panel(_panel(inputs, sheet, past, {}, attain, issues), inputs.manifest, (*sheet.issues, *issues))


def workspace_fairness(ws: Workspace, actor: Actor, *, policy: str = "", attain: Attain | None = None) -> Panel:
    """The panel of a policy in force over the company's people; attainments are those of whole periods with a quota.

    Pay is that of the records where the actor may see pay, else what the charter of the role says.
    Raises:
        Forbidden: the actor does not see everyone.
    """
    inputs = workspace_inputs(ws, actor, policy=policy, whole=True)
    asked = attain or Attain(periods=len(inputs.layout.cells.keys))
    pay = actor.may(Permission.view_pay)
    key = ("fairness", str(ws.path), repr(inputs.manifest), current_policies(ws).sha256, asked, pay)

    def work() -> Fairness:
        with open_facts(ws, operator()) as facts:
            users = {u["user_id"]: u for u in facts.execute(facts.raw("user")).to_pylist()}
        ote = _ote(ws, users, pay=pay)
        attained, brought = _past(ws)
        return _panel(inputs, decide(inputs.layout), attained, ote, asked, [], brought)

    return Panel(remembered(key, work), inputs.manifest)


def _panel(
    inputs: Inputs,
    sheet: Sheet,
    past: History,
    ote: Mapping[str, Decimal],
    attain: Attain,
    issues: list[Issue],
    brought: History | None = None,
) -> Fairness:
    tree = sheet.tree
    columns = {c: _numbers(inputs, c, issues) for c in ("potential", "ote", "base_salary", "target_incentive")}
    columns["prior_attainment"] = _numbers(inputs, "prior_attainment", issues)
    names: Mapping[str, str] = getattr(inputs, "names", {})
    texts = {c: tree.table.texts(c) if c in tree.table.columns else None for c in ("name", "role", "ramped")}
    sellers = []
    for n in tree.depth_first:
        amount = int(sheet.hedged[n].sum())
        if tree.count[n] or not amount:
            continue
        node, row = tree.ids[n], tree.row[n]
        said = {c: (held[row] if held else "") for c, held in texts.items()}
        once = columns["prior_attainment"][row]
        each = float(sheet.cells.money(amount)) / attain.periods
        sellers.append(
            Seller(
                node,
                names.get(node) or said["name"] or node,
                said["role"],
                sheet.cells.money(amount),
                ote.get(node) or _pay(columns, row),
                columns["potential"][row],
                past.get(node) or (() if once is None else (float(once),)),
                tuple(b / each for b in (brought or {}).get(node, ())),
                _ramped(inputs, n, said["ramped"]),
            )
        )
    return fairness(sheet, sellers, bounds=inputs.policy.fair, attain=attain)


def _numbers(inputs: Inputs, column: str, issues: list[Issue]) -> Sequence[Decimal | None]:
    table = inputs.layout.tree.table
    if column not in table.columns:
        return [None] * len(table.rows)
    found, wrong = table.numbers(column)
    issues += wrong
    return found


def _pay(columns: Mapping[str, Sequence[Decimal | None]], row: int) -> Decimal | None:
    if (stated := columns["ote"][row]) is not None:
        return stated
    base, variable = columns["base_salary"][row], columns["target_incentive"][row]
    return None if base is None or variable is None else base + variable


def _ramped(inputs: Inputs, node: int, said: str) -> bool:
    """Whether a seller is ramped over all of the period: by the column `ramped`, else by the policy's ramp."""
    if said:
        return said.lower() not in ("false", "no", "0")
    ramp = inputs.policy.ramp
    tree = inputs.layout.tree
    if ramp is None or ramp.started not in tree.table.columns:
        return True
    from geartrain.planning.quotas.shares import ramped

    text = tree.table.texts(ramp.started)[tree.row[node]]
    try:
        return ramped(date.fromisoformat(text[:10]), ramp) == 1 if text else True
    except ValueError:
        return True


def _read_history(file: Path, sheet: Sheet, issues: list[Issue]) -> dict[str, tuple[float, ...]]:
    table = read_table(file)
    for name in ("node_id", "attainment"):
        if name not in table.columns:
            hint = f"It has {', '.join(table.columns)}."
            raise Invalid(f"{file}:1: The history has no column {name}.", hint=hint)
    values, wrong = table.numbers("attainment")
    issues += wrong
    found: dict[str, list[float]] = {}
    for n, (node, value) in enumerate(zip(table.texts("node_id"), values, strict=True)):
        if node not in sheet.tree.number:
            message = f"There is no node '{node}'; the row is left out."
            issues.append(Issue("quota_history_unknown", Level.warning, message, table.at(n), "Correct node_id."))
        elif value is not None:
            found.setdefault(node, []).append(float(value))
    return {node: tuple(held) for node, held in found.items()}


def _past(ws: Workspace) -> tuple[History, History]:
    """What everyone attained, and what they brought, in the last whole periods with a quota, oldest first."""
    from geartrain.services.measures.metrics import query_metrics
    from geartrain.services.view import last_day

    day = last_day(ws, operator())
    with open_facts(ws, operator(), as_of=day) as facts:
        quotas = facts.execute(facts.raw("quota")).to_pylist()
    spans = sorted({(q["period_start"], q["period_end"]) for q in quotas if q["period_end"] <= day})[-PAST:]
    attained: dict[str, list[float]] = {}
    brought: dict[str, list[float]] = {}
    for start, end in spans:
        answer = query_metrics(ws, operator(), keys=["bookings"], by=["owner"], since=start, until=end)
        booked = {str(r["owner"]): r["bookings"] for r in answer.records()}
        for q in quotas:
            if (q["period_start"], q["period_end"]) == (start, end) and q["amount"] and q["measure"] == "bookings":
                own = float(booked.get(q["user_id"]) or 0)
                attained.setdefault(q["user_id"], []).append(own / float(q["amount"]))
                brought.setdefault(q["user_id"], []).append(own)
    one, two = ({who: tuple(held) for who, held in found.items()} for found in (attained, brought))
    return one, two


def _ote(ws: Workspace, users: Mapping[str, Mapping[str, Any]], *, pay: bool) -> dict[str, Decimal]:
    charters = {p.spec.role: p.spec.ote for p in current_policies(ws).of("role_charter").values()}
    found: dict[str, Decimal] = {}
    for who, u in users.items():
        own = pay and u["base_salary"] is not None and u["target_incentive"] is not None
        ote = u["base_salary"] + u["target_incentive"] if own else charters.get(u["role"])
        if ote:
            found[who] = ote
    return found


__all__ = ["Attain", "Panel", "WorkspaceInputs", "file_fairness", "workspace_fairness"]
