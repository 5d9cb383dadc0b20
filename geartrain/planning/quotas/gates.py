"""Where no quota may stand: the gates of a policy over nodes and cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from geartrain.kernel.errors import Invalid
from geartrain.kernel.policy.policy import closest
from geartrain.kernel.rules import Rule
from geartrain.planning.quotas.cells import Cells
from geartrain.planning.quotas.policy import Gate, Then, Weight
from geartrain.planning.quotas.tree import Tree

OPEN = 0
CODES = {Then.redistribute: 1, Then.strand: 2, Then.refuse: 3}


def classes(cells: Cells, rules: Sequence[Rule]) -> tuple[NDArray[np.int64], list[int]]:
    """Cells that no rule can tell apart: the class of each, and one cell of each class."""
    read = [c for c in cells.columns if any(c in r.fields for r in rules)]
    at = [cells.columns.index(c) for c in read]
    number: dict[tuple[str, ...], int] = {}
    examples: list[int] = []
    found = np.empty(len(cells.keys), dtype=np.int64)
    for n, key in enumerate(cells.keys):
        part = tuple(key[i] for i in at)
        if part not in number:
            number[part] = len(number)
            examples.append(n)
        found[n] = number[part]
    return found, examples


def gated(tree: Tree, cells: Cells, gates: Sequence[Gate], examples: Sequence[int]) -> NDArray[np.int8]:
    """One code a node and class of cells: 0 open, else what the first gate that holds asks for. Tops are open.

    Raises:
        Invalid: a rule reads a column that neither the hierarchy nor the targets have.
    """
    found = np.zeros((len(tree.ids), len(examples)), dtype=np.int8)
    for gate in reversed(gates):
        rule = gate.rule
        of_cell = sorted(rule.fields & set(cells.columns))
        of_node = sorted(rule.fields - set(of_cell))
        _known(rule, tree, cells)
        columns = [tree.values(c) for c in of_node]
        known: dict[object, bool] = {}
        rows = list(zip(*columns, strict=True)) if columns else [()] * len(tree.ids)
        for k, cell in enumerate(examples):
            part = {c: cells.values[c][cell] for c in of_cell}
            for n, values in enumerate(rows):
                key = (k, values)
                if key not in known:
                    known[key] = _holds(rule, {**dict(zip(of_node, values, strict=True)), **part}, tree.ids[n])
                if known[key] and tree.parent[n] >= 0:
                    found[n, k] = CODES[gate.then]
    return found


def counting(weights: Sequence[Weight], rules: Sequence[Rule | None], cells: Cells, cell: int) -> tuple[int, ...]:
    """Which weights count in a cell; all of them where none would."""
    values = {c: cells.values[c][cell] for c in cells.columns}
    held = tuple(n for n, r in enumerate(rules) if r is None or r.evaluate(values) is True)
    return held or tuple(range(len(weights)))


def _holds(rule: Rule, values: Mapping[str, object], node: str) -> bool:
    try:
        return rule.evaluate(values) is True
    except Invalid as error:
        message = f"The gate '{rule.text}' cannot be read for '{node}': {error.message}"
        raise Invalid(message, hint=error.hint) from None


def _known(rule: Rule, tree: Tree, cells: Cells) -> None:
    names = {*tree.table.columns, *cells.columns}
    for name in sorted(rule.fields - names):
        near = closest(name, names)
        hint = f"Did you mean '{near}'?" if near else f"There are {', '.join(sorted(names))}."
        raise Invalid(f"The gate '{rule.text}' reads '{name}', which no column is.", hint=hint)
