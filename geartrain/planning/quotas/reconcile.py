"""Top down and bottom up beside each other, node by node, with the difference and who owns it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.planning.quotas.apportion import Ints, apportion
from geartrain.planning.quotas.cascade import Plan
from geartrain.planning.quotas.policy import Weight
from geartrain.planning.quotas.shares import leaf_values
from geartrain.planning.quotas.sheet import Sheet, share_of
from geartrain.planning.quotas.table import Table
from geartrain.planning.quotas.tree import NODE


@dataclass(frozen=True)
class BottomUp:
    """What the nodes themselves say they can carry, in quanta; `stated` where a node or somebody below it said it."""

    amounts: Ints
    stated: Any
    issues: tuple[Issue, ...] = ()


def from_table(plan: Plan, table: Table) -> BottomUp:
    """Account plans: node_id, the cell columns and amount; a node that states nothing has what its children state.

    A node that states an amount itself counts with it, whatever its children say.
    """
    for name in (NODE, "amount"):
        if name not in table.columns:
            hint = f"It has {', '.join(table.columns)}."
            raise Invalid(f"{table.where}:1: The bottom-up file has no column {name}.", hint=hint)
    columns = [c for c in plan.cells.columns if c in table.columns]
    if len(columns) < len(plan.cells.columns) and len(plan.cells.keys) > 1:
        missing = next(c for c in plan.cells.columns if c not in columns)
        raise Invalid(f"{table.where}:1: The bottom-up file has no column {missing}.", hint="Cells need all of them.")
    amounts, issues = table.numbers("amount")
    base = np.zeros((len(plan.tree.ids), len(plan.cells.keys)), dtype=np.int64)
    stated = np.zeros(base.shape, dtype=bool)
    nodes, texts = table.texts(NODE), [table.texts(c) for c in columns]
    for n, amount in enumerate(amounts):
        node = plan.tree.number.get(nodes[n])
        key = tuple(t[n] for t in texts) if columns else plan.cells.keys[0]
        cell = plan.cells.number.get(key)
        if node is None or cell is None:
            said = f"node '{nodes[n]}'" if node is None else f"cell '{' / '.join(key)}'"
            message, hint = f"There is no {said}; the row is left out.", "Correct it."
            issues.append(Issue("quota_bottom_up_unknown", Level.error, message, table.at(n), hint))
        elif amount is not None:
            base[node, cell] += plan.cells.quanta(amount)
            stated[node, cell] = True
    return BottomUp(rolled_up(plan, base, stated), heard(plan, stated), tuple(issues))


def from_capacity(plan: Plan, capacity: str, productivity: str) -> BottomUp:
    """Capacity × productivity per leaf, two columns of the hierarchy, spread over cells as the targets are."""
    heads = leaf_values(plan.tree, Weight(measure=capacity), [])
    each = leaf_values(plan.tree, Weight(measure=productivity), [])
    return _over_cells(plan, [h * e for h, e in zip(heads, each, strict=True)])


def from_regression(plan: Plan, history: str, drivers: Sequence[str]) -> BottomUp:
    """History as least squares over the drivers explain it, per leaf; exact, and 0 where the fit falls below.

    Raises:
        Invalid: there are fewer leaves than coefficients, or the drivers do not tell them apart.
    Example: history 10, 20, 30 over potential 1, 2, 3 is 10, 20, 30.
    """
    values = [leaf_values(plan.tree, Weight(measure=name), []) for name in (*drivers, history)]
    leaves = [n for n, c in enumerate(plan.tree.count) if not c]
    rows = [[Fraction(1), *(v[n] for v in values[:-1])] for n in leaves]
    found = least_squares(rows, [values[-1][n] for n in leaves])
    amounts = [Fraction(0)] * len(plan.tree.ids)
    for n, row in zip(leaves, rows, strict=True):
        amounts[n] = max(sum((a * b for a, b in zip(row, found, strict=True)), Fraction(0)), Fraction(0))
    return _over_cells(plan, amounts)


def least_squares(rows: Sequence[Sequence[Fraction]], wanted: Sequence[Fraction]) -> list[Fraction]:
    """Coefficients by the normal equations, in fractions.

    Raises:
        Invalid: they are not determined.
    """
    size = len(rows[0])
    system = [
        [sum((r[i] * r[j] for r in rows), Fraction(0)) for j in range(size)]
        + [sum((r[i] * w for r, w in zip(rows, wanted, strict=True)), Fraction(0))]
        for i in range(size)
    ]
    for i in range(size):
        pivot = next((r for r in range(i, size) if system[r][i]), None)
        if pivot is None:
            raise Invalid("The regression is not determined: too few leaves, or drivers that move together.")
        system[i], system[pivot] = system[pivot], system[i]
        system[i] = [v / system[i][i] for v in system[i]]
        for r in range(size):
            if r != i and system[r][i]:
                factor = system[r][i]
                system[r] = [a - factor * b for a, b in zip(system[r], system[i], strict=True)]
    return [row[-1] for row in system]


def rolled_up(plan: Plan, base: Ints, stated: Any) -> Ints:
    """Sums from the leaves up; a node that states its own amount keeps it."""
    found = base.copy()
    for parent in reversed(plan.tree.parents):
        kids = plan.tree.children(parent)
        below = found[kids.start : kids.stop].sum(axis=0)
        found[parent] = np.where(stated[parent], base[parent], below)
    return found


def heard(plan: Plan, stated: Any) -> Any:
    """Where a node or anybody below it states an amount."""
    found = stated.copy()
    for parent in reversed(plan.tree.parents):
        kids = plan.tree.children(parent)
        found[parent] |= found[kids.start : kids.stop].any(axis=0)
    return found


def _over_cells(plan: Plan, amounts: Sequence[Fraction]) -> BottomUp:
    base = np.zeros((len(plan.tree.ids), len(plan.cells.keys)), dtype=np.int64)
    weights = [max(t[c] for t in plan.cells.targets.values()) for c in range(len(plan.cells.keys))]
    weights = [max(w, 0) for w in weights] if any(w > 0 for w in weights) else [1] * len(weights)
    stated = np.zeros(base.shape, dtype=bool)
    for n, amount in enumerate(amounts):
        if not plan.tree.count[n]:
            quanta = int(amount / Fraction(plan.cells.quantum * plan.cells.unit) + Fraction(1, 2)) * plan.cells.unit
            base[n] = apportion(quanta, weights, plan.cells.unit)
            stated[n] = True
    return BottomUp(rolled_up(plan, base, stated), heard(plan, stated))


def reconciled(plan: Plan, sheet: Sheet, found: BottomUp, tolerance: Decimal) -> Iterator[dict[str, Any]]:
    """One row a node and cell: both amounts, bottom up less top down, the ratio, who owns it, within tolerance or not.

    The owner is the hierarchy's column `owner`, else the node itself.
    """
    owners = plan.tree.table.texts("owner") if "owner" in plan.tree.table.columns else None
    money = plan.cells.money
    for n in plan.tree.depth_first:
        owner = (owners[plan.tree.row[n]] if owners else "") or plan.tree.ids[n]
        for c in range(len(plan.cells.keys)):
            top, bottom = int(sheet.base[n, c]), int(found.amounts[n, c])
            known = bool(found.stated[n, c])
            ratio = share_of(bottom - top, top) if known else None
            yield {
                "node_id": plan.tree.ids[n],
                "parent_id": plan.tree.ids[plan.tree.parent[n]] if plan.tree.parent[n] >= 0 else None,
                "depth": plan.tree.depth[n],
                **plan.cells.named(c),
                "top_down": money(top),
                "bottom_up": money(bottom) if known else None,
                "difference": money(bottom - top) if known else None,
                "ratio": ratio,
                "within": None if ratio is None else abs(ratio) <= tolerance,
                "owner": owner,
            }
