"""The validator: conservation at every parent, hedge identities at every node, targets at the top. Tolerance 0."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np

from geartrain.kernel.issues import Issue, Level
from geartrain.planning.quotas.apportion import Ints
from geartrain.planning.quotas.cascade import Plan, hedged_of
from geartrain.planning.quotas.editing import Edited
from geartrain.planning.quotas.sheet import Left, Sheet, share_of
from geartrain.planning.quotas.table import number

MEND = "Allocate again, or correct the amount."
Parts = Iterable[tuple[int, Sequence[int]]]


@dataclass
class Read:
    """Rows of a sheet as somebody handed them over, laid on the plan; `issues` is what could not be laid."""

    base: Ints
    hedged: Ints
    left: tuple[Left, ...]
    issues: list[Issue] = field(default_factory=list)


def verify(plan: Plan, sheet: Sheet) -> list[Issue]:
    """What does not hold in a sheet; empty where everything does."""
    every = range(len(plan.cells.keys))
    return list(broken(plan, sheet.base, sheet.hedged, sheet.left, [(p, every) for p in plan.tree.parents]))


def verify_edit(plan: Plan, edited: Edited) -> list[Issue]:
    """What does not hold where an edit changed something; elsewhere the sheet is what it was."""
    sheet = edited.sheet
    return list(broken(plan, sheet.base, sheet.hedged, sheet.left, edited.touched))


def check_rows(
    plan: Plan, rows: Sequence[Mapping[str, Any]], unallocated: Sequence[Mapping[str, Any]], where: str
) -> list[Issue]:
    """What does not hold in rows as `quota allocate` writes them, each with its place."""
    read = read_rows(plan, rows, unallocated, where)
    every = range(len(plan.cells.keys))
    parts = [(p, every) for p in plan.tree.parents]
    return [*read.issues, *broken(plan, read.base, read.hedged, read.left, parts), *_gated(plan, read.base)]


def broken(plan: Plan, base: Ints, hedged: Ints, left: Iterable[Left], parts: Parts) -> Iterator[Issue]:
    """Every identity that does not hold at the tops and below some parents in some cells."""
    held = {(at.node, at.cell): at.amount for at in left}
    yield from _targets(plan, base, hedged)
    for parent, cells in parts:
        at = np.fromiter(cells, dtype=np.int64)
        kids = plan.tree.children(parent)
        sums = base[kids.start : kids.stop][:, at].sum(axis=0)
        kept = np.array([held.get((parent, int(c)), 0) for c in at], dtype=np.int64) if held else 0
        for i in np.flatnonzero(base[parent, at] != sums + kept):
            yield _not_conserved(plan, parent, int(at[i]), int(base[parent, at[i]] - (sums + kept)[i]))
        want = hedged_of(plan, base, kids, at)
        for k, i in zip(*np.nonzero(hedged[kids.start : kids.stop][:, at] != want), strict=True):
            yield _not_hedged(plan, kids[int(k)], int(at[i]), int(hedged[kids[int(k)], at[i]]), int(want[k, i]))


def _targets(plan: Plan, base: Ints, hedged: Ints) -> Iterator[Issue]:
    tops = plan.tree.tops
    want = hedged_of(plan, base, range(tops[0], tops[-1] + 1))
    for top in tops:
        targets = plan.cells.targets.get(top, (0,) * len(plan.cells.keys))
        for c in np.flatnonzero(base[top] != np.array(targets, dtype=np.int64)):
            money = plan.cells.money
            message = f"{_place(plan, top, int(c))} has {money(int(base[top, c]))} where the target is "
            message += f"{money(targets[int(c)])}."
            yield Issue("quota_target_missed", Level.error, message, _where(plan, top, int(c)), MEND)
        for c in np.flatnonzero(hedged[top] != want[top]):
            yield _not_hedged(plan, top, int(c), int(hedged[top, c]), int(want[top, c]))


def _not_conserved(plan: Plan, parent: int, cell: int, by: int) -> Issue:
    message = f"The children of {_place(plan, parent, cell)} and what was left miss its base by {plan.cells.money(by)}."
    return Issue("quota_not_conserved", Level.error, message, _where(plan, parent, cell), MEND)


def _not_hedged(plan: Plan, node: int, cell: int, has: int, want: int) -> Issue:
    money = plan.cells.money
    message = f"{_place(plan, node, cell)} has {money(has)} hedged where its base gives {money(want)}."
    return Issue("quota_not_hedged", Level.error, message, _where(plan, node, cell), MEND)


def _gated(plan: Plan, base: Ints) -> Iterator[Issue]:
    for n, c in zip(*np.nonzero((plan.gate[:, plan.class_of] != 0) & (base != 0)), strict=True):
        message = f"{_place(plan, int(n), int(c))} has a quota where a gate keeps it out."
        hint = "Fine where it was pinned on purpose; else allocate again."
        yield Issue("quota_gate_passed", Level.warning, message, _where(plan, int(n), int(c)), hint)


def _place(plan: Plan, node: int, cell: int) -> str:
    key = " / ".join(plan.cells.keys[cell])
    return f"'{plan.tree.ids[node]}'{f' in {key}' if key else ''}"


def _where(plan: Plan, node: int, cell: int) -> str:
    return "/".join(("quota", plan.tree.ids[node], *plan.cells.keys[cell]))


def read_rows(
    plan: Plan, rows: Sequence[Mapping[str, Any]], unallocated: Sequence[Mapping[str, Any]], where: str
) -> Read:
    """Rows laid on the plan: one for every node and cell, each with its parent, its depth and whole amounts."""
    shape = (len(plan.tree.ids), len(plan.cells.keys))
    found = Read(np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64), ())
    seen = np.zeros(shape, dtype=bool)
    shares: list[tuple[int, int, str, str]] = []
    for n, row in enumerate(rows):
        place = f"{where}:{row.get('#', n + 1)}"
        at = _at(plan, row, place, found.issues)
        if at is None:
            continue
        if seen[at]:
            message = f"{_place(plan, *at)} is there twice."
            found.issues.append(Issue("quota_row_twice", Level.error, message, place, "Keep one row."))
        seen[at] = True
        _stands(plan, row, at[0], place, found.issues)
        for layer, into in (("base", found.base), ("hedged", found.hedged)):
            into[at] = _quanta(plan, row, layer, place, found.issues)
        if "share_of_parent" in row:
            said = row["share_of_parent"]
            shares.append((*at, "" if said is None else str(said), place))
    for n, c in zip(*np.nonzero(~seen), strict=True):
        message = f"{_place(plan, int(n), int(c))} has no row."
        found.issues.append(
            Issue("quota_row_missing", Level.error, message, _where(plan, int(n), int(c)), "Allocate again.")
        )
    found.issues += _shares(plan, found.base, shares)
    found.left = tuple(_left(plan, unallocated, where, found.issues))
    return found


def _at(plan: Plan, row: Mapping[str, Any], place: str, issues: list[Issue]) -> tuple[int, int] | None:
    node = plan.tree.number.get(str(row.get("node_id", "")))
    cell = plan.cells.number.get(tuple(str(row.get(c, "")) for c in plan.cells.columns))
    if node is not None and cell is not None:
        return node, cell
    key = " / ".join(str(row.get(c, "")) for c in plan.cells.columns)
    said = f"node '{row.get('node_id')}'" if node is None else f"cell '{key}'"
    hint = "Correct it, or allocate again."
    issues.append(Issue("quota_row_unknown", Level.error, f"There is no {said}.", place, hint))
    return None


def _stands(plan: Plan, row: Mapping[str, Any], node: int, place: str, issues: list[Issue]) -> None:
    parent = plan.tree.parent[node]
    want = {"parent_id": plan.tree.ids[parent] if parent >= 0 else "", "depth": str(plan.tree.depth[node])}
    for name, value in want.items():
        if name in row and str("" if row[name] is None else row[name]) != value:
            message = f"'{plan.tree.ids[node]}' has the {name} '{row[name]}' where the hierarchy says '{value}'."
            issues.append(Issue("quota_row_misplaced", Level.error, message, place, "Allocate again."))


def _quanta(plan: Plan, row: Mapping[str, Any], layer: str, place: str, issues: list[Issue]) -> int:
    text = str(row.get(layer, ""))
    value = number(text)
    steps = None if value is None else value / plan.cells.quantum
    if steps is None or steps != steps.to_integral_value() or abs(steps) >= 2**62:
        message = f"'{text}' is no {layer} amount in steps of {plan.cells.quantum}."
        issues.append(Issue("quota_row_amount", Level.error, message, place, MEND))
        return 0
    return int(steps)


def _shares(plan: Plan, base: Ints, shares: Sequence[tuple[int, int, str, str]]) -> Iterator[Issue]:
    for node, cell, text, place in shares:
        parent = plan.tree.parent[node]
        want = share_of(int(base[node, cell]), int(base[parent, cell])) if parent >= 0 else None
        has = number(text) if text else None
        if has != want and not (text and has is None and want is None):
            message = f"{_place(plan, node, cell)} says a share of {text or 'nothing'}; its amounts give {want}."
            yield Issue("quota_share_wrong", Level.error, message, place, MEND)


def _left(plan: Plan, unallocated: Sequence[Mapping[str, Any]], where: str, issues: list[Issue]) -> Iterator[Left]:
    held: dict[tuple[int, int], int] = {}
    for n, row in enumerate(unallocated):
        place = f"{where}: unallocated {n + 1}"
        at = _at(plan, row, place, issues)
        if at is not None:
            held[at] = held.get(at, 0) + _quanta(plan, row, "amount", place, issues)
    for (node, cell), amount in held.items():
        if not plan.tree.count[node] and amount:
            message = f"'{plan.tree.ids[node]}' has no children, yet {Decimal(amount) * plan.cells.quantum} is left."
            issues.append(Issue("quota_left_at_leaf", Level.error, message, where, "Allocate again."))
        yield Left(node, cell, amount, "")
