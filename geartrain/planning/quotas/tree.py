"""The hierarchy quotas are handed down: every node below its parent, siblings side by side."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.policy.policy import closest
from geartrain.planning.quotas.apportion import Ints
from geartrain.planning.quotas.table import Table, Value

NODE, PARENT = "node_id", "parent_id"


@dataclass(frozen=True)
class Tree:
    """Nodes by depth, then parent, then id: children of one parent are consecutive, and follow their parent.

    Args:
        ids: node_id. parent: Number of the parent, -1 at a top. depth: 0 at a top.
        first, count: Where a node's children begin, and how many they are.
        row: The row of the table each node stands in.
    """

    table: Table
    ids: tuple[str, ...]
    parent: tuple[int, ...]
    depth: tuple[int, ...]
    first: tuple[int, ...]
    count: tuple[int, ...]
    row: tuple[int, ...]

    @cached_property
    def number(self) -> dict[str, int]:
        """Number of each id."""
        return {node: n for n, node in enumerate(self.ids)}

    @cached_property
    def tops(self) -> tuple[int, ...]:
        """The nodes without a parent."""
        return tuple(n for n, p in enumerate(self.parent) if p < 0)

    @cached_property
    def parents(self) -> tuple[int, ...]:
        """The nodes with children, every one after its own parent."""
        return tuple(n for n, c in enumerate(self.count) if c)

    @cached_property
    def height(self) -> tuple[int, ...]:
        """Steps to the deepest leaf below."""
        found = [0] * len(self.ids)
        for n in range(len(self.ids) - 1, -1, -1):
            if self.parent[n] >= 0:
                found[self.parent[n]] = max(found[self.parent[n]], found[n] + 1)
        return tuple(found)

    @cached_property
    def depth_first(self) -> tuple[int, ...]:
        """Node numbers as people read a tree."""
        found: list[int] = []
        stack = list(reversed(self.tops))
        while stack:
            found.append(at := stack.pop())
            stack.extend(reversed(self.children(at)))
        return tuple(found)

    def children(self, node: int) -> range:
        """The numbers of a node's children."""
        return range(self.first[node], self.first[node] + self.count[node])

    def above(self, node: int) -> list[int]:
        """The nodes above, nearest first."""
        found: list[int] = []
        while (node := self.parent[node]) >= 0:
            found.append(node)
        return found

    def values(self, column: str) -> list[Value]:
        """A column by node, as rules read it."""
        typed = self.table.typed(column)
        return [typed[r] for r in self.row]

    def find(self, node: str) -> int:
        """The number of a node.

        Raises:
            Invalid: there is none; the hint has the closest.
        """
        if node in self.number:
            return self.number[node]
        near = closest(node, self.ids)
        hint = f"Did you mean '{near}'?" if near else f"There are {len(self.ids)} nodes."
        raise Invalid(f"There is no node '{node}' in the hierarchy.", hint=hint)

    @cached_property
    def parent_array(self) -> Ints:
        """`parent` for columns."""
        return np.array(self.parent, dtype=np.int64)


def grow(table: Table) -> tuple[Tree, list[Issue]]:
    """The tree of a table with node_id and parent_id, and the rows that cannot stand in it.

    Raises:
        Invalid: a column is missing, or no node is a top.
    """
    for name in (NODE, PARENT):
        if name not in table.columns:
            near = closest(name, table.columns)
            hint = f"Rename '{near}' to {name}?" if near else f"It has {', '.join(table.columns) or 'no columns'}."
            raise Invalid(f"{table.where}:1: The hierarchy has no column {name}.", hint=hint)
    rows, issues = _rows(table)
    below: dict[str, list[str]] = defaultdict(list)
    for node, (parent, _) in rows.items():
        below[parent].append(node)
    order, depth, parent_of = _laid_out(below)
    issues += _left_out(table, rows, set(order))
    if not order:
        hint = "Leave parent_id empty in the row of the top."
        raise Invalid(f"{table.where}: The hierarchy has no top.", hint=hint)
    number = {node: n for n, node in enumerate(order)}
    first, count = [0] * len(order), [0] * len(order)
    for n, node in enumerate(order):
        if (parent := parent_of[node]) in number:
            p = number[parent]
            first[p], count[p] = (n if not count[p] else first[p]), count[p] + 1
    parents = tuple(number.get(parent_of[node], -1) for node in order)
    laid = (tuple(first), tuple(count), tuple(rows[node][1] for node in order))
    return Tree(table, tuple(order), parents, tuple(depth), *laid), issues


def _rows(table: Table) -> tuple[dict[str, tuple[str, int]], list[Issue]]:
    """Parent and row of each node; a row without an id, or with one for the second time, is left out."""
    found: dict[str, tuple[str, int]] = {}
    issues: list[Issue] = []
    for n, (node, parent) in enumerate(zip(table.texts(NODE), table.texts(PARENT), strict=True)):
        if not node:
            issues.append(
                Issue("quota_node_unnamed", Level.error, "This row has no node_id.", table.at(n), "Give it one.")
            )
        elif node in found:
            first = table.at(found[node][1])
            message = f"The node '{node}' stands in {first} already; this row is left out."
            issues.append(Issue("quota_node_twice", Level.error, message, table.at(n), "Keep one of the two."))
        else:
            found[node] = (parent, n)
    return found, issues


def _laid_out(below: dict[str, list[str]]) -> tuple[list[str], list[int], dict[str, str]]:
    """Nodes level by level, siblings together in id order."""
    order: list[str] = sorted(below.get("", ()))
    depth, parent_of = [0] * len(order), dict.fromkeys(order, "")
    at = 0
    while at < len(order):
        node = order[at]
        for child in sorted(below.get(node, ())):
            order.append(child)
            depth.append(depth[at] + 1)
            parent_of[child] = node
        at += 1
    return order, depth, parent_of


def _left_out(table: Table, rows: dict[str, tuple[str, int]], held: set[str]) -> list[Issue]:
    issues: list[Issue] = []
    for node, (parent, n) in rows.items():
        if node in held:
            continue
        if parent not in rows:
            near = closest(parent, rows)
            message = f"The parent '{parent}' of '{node}' is not in the hierarchy; it gets no quota."
            hint = f"Did you mean '{near}'?" if near else "Add the parent's row."
            issues.append(Issue("quota_parent_unknown", Level.error, message, table.at(n), hint))
        else:
            message = f"'{node}' hangs below a parent that is not below a top; it gets no quota."
            hint = "Correct parent_id where the chain runs in a circle or ends in an unknown parent."
            issues.append(Issue("quota_node_unreached", Level.error, message, table.at(n), hint))
    return issues
