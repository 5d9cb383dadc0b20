"""The validator: conservation at every parent, hedge identities at every node, targets at the top. Tolerance 0."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np

from geartrain.kernel.issues import Issue, Level
from geartrain.planning.quotas.apportion import Ints
from geartrain.planning.quotas.cascade import Layout, hedged_of
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


def verify(layout: Layout, sheet: Sheet) -> list[Issue]:
    """What does not hold in a sheet; empty where everything does."""
    every = range(len(layout.cells.keys))
    return list(broken(layout, sheet.base, sheet.hedged, sheet.left, [(p, every) for p in layout.tree.parents]))


def verify_edit(edited: Edited) -> list[Issue]:
    """What does not hold where an edit changed something; elsewhere the sheet is what it was."""
    part = edited.part
    return list(broken(edited.layout, part.base, part.hedged, part.left, edited.touched))


def check_rows(
    layout: Layout, rows: Sequence[Mapping[str, Any]], unallocated: Sequence[Mapping[str, Any]], where: str
) -> list[Issue]:
    """What does not hold in rows as `quota allocate` writes them, each with its place."""
    read = read_rows(layout, rows, unallocated, where)
    every = range(len(layout.cells.keys))
    parts = [(p, every) for p in layout.tree.parents]
    return [*read.issues, *broken(layout, read.base, read.hedged, read.left, parts), *_gated(layout, read.base)]


def broken(layout: Layout, base: Ints, hedged: Ints, left: Iterable[Left], parts: Parts) -> Iterator[Issue]:
    """Every identity that does not hold at the tops and below some parents in some cells."""
    held = {(at.node, at.cell): at.amount for at in left}
    yield from _targets(layout, base, hedged)
    for parent, cells in parts:
        at = np.fromiter(cells, dtype=np.int64)
        kids = layout.tree.children(parent)
        sums = base[kids.start : kids.stop][:, at].sum(axis=0)
        kept = np.array([held.get((parent, int(c)), 0) for c in at], dtype=np.int64) if held else 0
        for i in np.flatnonzero(base[parent, at] != sums + kept):
            yield _not_conserved(layout, parent, int(at[i]), int(base[parent, at[i]] - (sums + kept)[i]))
        want = hedged_of(layout, base, kids, at)
        for k, i in zip(*np.nonzero(hedged[kids.start : kids.stop][:, at] != want), strict=True):
            yield _not_hedged(layout, kids[int(k)], int(at[i]), int(hedged[kids[int(k)], at[i]]), int(want[k, i]))


def _targets(layout: Layout, base: Ints, hedged: Ints) -> Iterator[Issue]:
    tops = layout.tree.tops
    want = hedged_of(layout, base, range(tops[0], tops[-1] + 1))
    for top in tops:
        targets = layout.cells.targets.get(top, (0,) * len(layout.cells.keys))
        for c in np.flatnonzero(base[top] != np.array(targets, dtype=np.int64)):
            money = layout.cells.money
            message = f"{_place(layout, top, int(c))} has {money(int(base[top, c]))} where the target is "
            message += f"{money(targets[int(c)])}."
            yield Issue("quota_target_missed", Level.error, message, _where(layout, top, int(c)), MEND)
        for c in np.flatnonzero(hedged[top] != want[top]):
            yield _not_hedged(layout, top, int(c), int(hedged[top, c]), int(want[top, c]))


def _not_conserved(layout: Layout, parent: int, cell: int, by: int) -> Issue:
    message = (
        f"The children of {_place(layout, parent, cell)} and what was left miss its base by {layout.cells.money(by)}."
    )
    return Issue("quota_not_conserved", Level.error, message, _where(layout, parent, cell), MEND)


def _not_hedged(layout: Layout, node: int, cell: int, has: int, want: int) -> Issue:
    money = layout.cells.money
    message = f"{_place(layout, node, cell)} has {money(has)} hedged where its base gives {money(want)}."
    return Issue("quota_not_hedged", Level.error, message, _where(layout, node, cell), MEND)


def _gated(layout: Layout, base: Ints) -> Iterator[Issue]:
    for n, c in zip(*np.nonzero((layout.gate[:, layout.class_of] != 0) & (base != 0)), strict=True):
        message = f"{_place(layout, int(n), int(c))} has a quota where a gate keeps it out."
        hint = "Fine where it was pinned on purpose; else allocate again."
        yield Issue("quota_gate_passed", Level.warning, message, _where(layout, int(n), int(c)), hint)


def _place(layout: Layout, node: int, cell: int) -> str:
    key = " / ".join(layout.cells.keys[cell])
    return f"'{layout.tree.ids[node]}'{f' in {key}' if key else ''}"


def _where(layout: Layout, node: int, cell: int) -> str:
    return "/".join(("quota", layout.tree.ids[node], *layout.cells.keys[cell]))


def read_rows(
    layout: Layout, rows: Sequence[Mapping[str, Any]], unallocated: Sequence[Mapping[str, Any]], where: str
) -> Read:
    """Rows laid on the plan: one for every node and cell, each with its parent, its depth and whole amounts."""
    shape = (len(layout.tree.ids), len(layout.cells.keys))
    found = Read(np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64), ())
    seen = np.zeros(shape, dtype=bool)
    shares: list[tuple[int, int, str, str]] = []
    for n, row in enumerate(rows):
        place = f"{where}:{row.get('#', n + 1)}"
        at = _at(layout, row, place, found.issues)
        if at is None:
            continue
        if seen[at]:
            message = f"{_place(layout, *at)} is there twice."
            found.issues.append(Issue("quota_row_twice", Level.error, message, place, "Keep one row."))
        seen[at] = True
        _stands(layout, row, at[0], place, found.issues)
        for layer, into in (("base", found.base), ("hedged", found.hedged)):
            into[at] = _quanta(layout, row, layer, place, found.issues)
        if "share_of_parent" in row:
            said = row["share_of_parent"]
            shares.append((*at, "" if said is None else str(said), place))
    for n, c in zip(*np.nonzero(~seen), strict=True):
        message = f"{_place(layout, int(n), int(c))} has no row."
        found.issues.append(
            Issue("quota_row_missing", Level.error, message, _where(layout, int(n), int(c)), "Allocate again.")
        )
    found.issues += _shares(layout, found.base, shares)
    found.left = tuple(_left(layout, unallocated, where, found.issues))
    return found


def _at(layout: Layout, row: Mapping[str, Any], place: str, issues: list[Issue]) -> tuple[int, int] | None:
    node = layout.tree.number.get(str(row.get("node_id", "")))
    cell = layout.cells.number.get(tuple(str(row.get(c, "")) for c in layout.cells.columns))
    if node is not None and cell is not None:
        return node, cell
    key = " / ".join(str(row.get(c, "")) for c in layout.cells.columns)
    said = f"node '{row.get('node_id')}'" if node is None else f"cell '{key}'"
    hint = "Correct it, or allocate again."
    issues.append(Issue("quota_row_unknown", Level.error, f"There is no {said}.", place, hint))
    return None


def _stands(layout: Layout, row: Mapping[str, Any], node: int, place: str, issues: list[Issue]) -> None:
    parent = layout.tree.parent[node]
    want = {"parent_id": layout.tree.ids[parent] if parent >= 0 else "", "depth": str(layout.tree.depth[node])}
    for name, value in want.items():
        if name in row and str("" if row[name] is None else row[name]) != value:
            message = f"'{layout.tree.ids[node]}' has the {name} '{row[name]}' where the hierarchy says '{value}'."
            issues.append(Issue("quota_row_misplaced", Level.error, message, place, "Allocate again."))


def _quanta(layout: Layout, row: Mapping[str, Any], layer: str, place: str, issues: list[Issue]) -> int:
    text = str(row.get(layer, ""))
    value = number(text)
    steps = None if value is None else value / layout.cells.quantum
    if steps is None or steps != steps.to_integral_value() or abs(steps) >= 2**62:
        message = f"'{text}' is no {layer} amount in steps of {layout.cells.quantum}."
        issues.append(Issue("quota_row_amount", Level.error, message, place, MEND))
        return 0
    return int(steps)


def _shares(layout: Layout, base: Ints, shares: Sequence[tuple[int, int, str, str]]) -> Iterator[Issue]:
    for node, cell, text, place in shares:
        parent = layout.tree.parent[node]
        want = share_of(int(base[node, cell]), int(base[parent, cell])) if parent >= 0 else None
        has = number(text) if text else None
        if has != want and not (text and has is None and want is None):
            message = f"{_place(layout, node, cell)} says a share of {text or 'nothing'}; its amounts give {want}."
            yield Issue("quota_share_wrong", Level.error, message, place, MEND)


def _left(layout: Layout, unallocated: Sequence[Mapping[str, Any]], where: str, issues: list[Issue]) -> Iterator[Left]:
    held: dict[tuple[int, int], int] = {}
    for n, row in enumerate(unallocated):
        place = f"{where}: unallocated {n + 1}"
        at = _at(layout, row, place, issues)
        if at is not None:
            held[at] = held.get(at, 0) + _quanta(layout, row, "amount", place, issues)
    for (node, cell), amount in held.items():
        if not layout.tree.count[node] and amount:
            message = (
                f"'{layout.tree.ids[node]}' has no children, yet {Decimal(amount) * layout.cells.quantum} is left."
            )
            issues.append(Issue("quota_left_at_leaf", Level.error, message, where, "Allocate again."))
        yield Left(node, cell, amount, "")
