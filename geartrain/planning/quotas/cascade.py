"""A goal handed down the hierarchy, level by level, to the cent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import lcm

import numpy as np
from numpy.typing import NDArray

from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.rules import parse
from geartrain.planning.quotas.apportion import SAFE, Ints, apportion_many, scaled_many
from geartrain.planning.quotas.cells import Cells, read_cells
from geartrain.planning.quotas.gates import CODES, OPEN, classes, counting, gated
from geartrain.planning.quotas.policy import QuotaPolicy, Then
from geartrain.planning.quotas.shares import Shares, measures_of
from geartrain.planning.quotas.sheet import Left, Sheet
from geartrain.planning.quotas.table import Table
from geartrain.planning.quotas.tree import Tree, grow

REASONS = {
    CODES[Then.redistribute]: "every child is gated",
    CODES[Then.strand]: "gated: stranded at the parent",
    CODES[Then.refuse]: "gated: refused",
}


@dataclass
class Layout:
    """A policy laid over a hierarchy and its targets: all that a cascade needs, worked out once."""

    tree: Tree
    cells: Cells
    policy: QuotaPolicy
    shares: Shares
    class_of: NDArray[np.int64]
    gate: NDArray[np.int8]
    counted: tuple[tuple[int, ...], ...]
    issues: list[Issue] = field(default_factory=list)

    def measures(self, cls: int) -> list[tuple[str, Fraction]]:
        """The measures that count in a class of cells, with their parts of the mix."""
        held = [self.policy.mix[n] for n in self.counted[cls]]
        total = sum((Fraction(w.weight) for w in held), Fraction(0))
        return [(w.name, Fraction(w.weight) / total) for w in held]

    def cut(self, cells: Sequence[int]) -> Layout:
        """The same plan over some of its cells."""
        if len(cells) == len(self.cells.keys):
            return self
        return replace(self, cells=self.cells.cut(cells), class_of=self.class_of[list(cells)])

    @cached_property
    def factors(self) -> tuple[tuple[int, ...], int]:
        """The hedge of each node, as numerators over one denominator."""
        levels = self.tree.table.texts("level") if "level" in self.tree.table.columns else None
        found: list[Decimal] = []
        for n in range(len(self.tree.ids)):
            level = levels[self.tree.row[n]] if levels else ""
            found.append(self.policy.hedge.factor(self.tree.depth[n], self.tree.height[n], level))
        ratios = {f: Fraction(f) for f in set(found)}
        common = lcm(*(r.denominator for r in ratios.values()))
        return tuple(int(ratios[f] * common) for f in found), common

    def groups(self, parent: int, cells: Ints) -> list[tuple[list[int], list[int], int, Ints]]:
        """Cells in which the same children take part the same way: (taking part, kept out, class, cells)."""
        kids = self.tree.children(parent)
        codes = self.gate[kids.start : kids.stop]
        of_class = self.class_of[cells]
        by: dict[object, list[int]] = {}
        for cls in np.unique(of_class):
            by.setdefault((codes[:, cls].tobytes(), self.counted[cls]), []).append(int(cls))
        found = []
        for held in by.values():
            code = codes[:, held[0]]
            taking = [kids[i] for i in range(len(kids)) if code[i] != CODES[Then.redistribute]]
            at = cells[np.isin(of_class, held)] if len(by) > 1 else cells
            found.append((taking, [k for k in kids if k not in set(taking)], held[0], at))
        return found


def lay_out(hierarchy: Table, targets: Table, policy: QuotaPolicy) -> Layout:
    """Read a hierarchy, targets and a policy together.

    Raises:
        Invalid: they do not fit: a column is missing, there is no top, a gate reads what is not there.
    """
    tree, issues = grow(hierarchy)
    cells, more = read_cells(targets, tree, policy.rounding.unit, policy.seasonality)
    sums, wrong = measures_of(tree, policy)
    whens = [parse(w.when, where="weights") if w.when else None for w in policy.mix]
    rules = [g.rule for g in policy.gates] + [r for r in whens if r is not None]
    class_of, examples = classes(cells, rules)
    gate = gated(tree, cells, policy.gates, examples)
    counted = tuple(counting(policy.mix, whens, cells, e) for e in examples)
    shares = Shares(tree, policy, sums)
    found = [*hierarchy.issues, *targets.issues, *issues, *more, *wrong, *_doubts(policy)]
    return Layout(tree, cells, policy, shares, class_of, gate, counted, found)


def allocate(layout: Layout) -> Sheet:
    """Hand every target down: base conserves at every parent, hedged is base × the factor of the depth.

    Example: 1,000,000 by 3, 2, 1 in thousands with 10 % is 500,000 / 333,000 / 167,000 and hedged 550,000 / 366,000 /
    184,000.
    """
    base = np.zeros((len(layout.tree.ids), len(layout.cells.keys)), dtype=np.int64)
    for top, amounts in layout.cells.targets.items():
        base[top] = amounts
    left: list[Left] = []
    every = np.arange(len(layout.cells.keys))
    for parent in layout.tree.parents:
        left += split(layout, base, parent, every)
    hedged = hedge(layout, base)
    issues = [*layout.issues, *layout.shares.issues, *_refusals(layout, left)]
    return Sheet(layout.tree, layout.cells, base, hedged, tuple(left), tuple(issues))


def split(layout: Layout, base: Ints, parent: int, cells: Ints) -> list[Left]:
    """Hand what a parent has in some cells to its children, in place; what could not be handed out is returned."""
    left: list[Left] = []
    for taking, kept_out, cls, at in layout.groups(parent, cells):
        totals = base[parent, at]
        for kid in kept_out:
            base[kid, at] = 0
        codes = {k: int(layout.gate[k, cls]) for k in taking}
        if not taking or CODES[Then.refuse] in codes.values():
            for kid in taking:
                base[kid, at] = 0
            left += _all_left(parent, at, totals, REASONS[CODES[Then.refuse if taking else Then.redistribute]])
            continue
        weights = layout.shares.weights(parent, taking, layout.measures(cls))
        parts = apportion_many(totals, weights, layout.cells.unit)
        stranded = np.zeros(len(at), dtype=np.int64)
        for i, kid in enumerate(taking):
            if codes[kid] == OPEN:
                base[kid, at] = parts[i]
            else:
                stranded += parts[i]
                base[kid, at] = 0
        left += _all_left(parent, at, stranded, REASONS[CODES[Then.strand]])
    return left


def hedge(layout: Layout, base: Ints) -> Ints:
    """The hedged layer of a base layer."""
    hedged = np.empty_like(base)
    tops = list(layout.tree.tops)
    hedged[tops] = hedged_of(layout, base, range(tops[0], tops[-1] + 1))
    for parent in layout.tree.parents:
        kids = layout.tree.children(parent)
        hedged[kids.start : kids.stop] = hedged_of(layout, base, kids)
    return hedged


def hedged_of(layout: Layout, base: Ints, siblings: range, cells: Ints | None = None) -> Ints:
    """The hedged amounts of some siblings: each its base × factor, all of them the exact sum rounded half up."""
    numerators, denominator = layout.factors
    factors = numerators[siblings.start : siblings.stop]
    own = np.array(factors, dtype=np.int64 if max((*factors, denominator)) < SAFE else object)
    held = base[siblings.start : siblings.stop]
    return scaled_many(held if cells is None else held[:, cells], own, denominator, layout.cells.unit)


def _all_left(parent: int, cells: Ints, amounts: Ints, reason: str) -> list[Left]:
    return [Left(parent, int(cells[i]), int(amounts[i]), reason) for i in np.flatnonzero(amounts)]


def _doubts(policy: QuotaPolicy) -> Iterable[Issue]:
    total = sum(w.weight for w in policy.mix)
    if policy.weights and total != 1 and any(w.weight != 1 for w in policy.weights):
        message = f"The weights sum to {total}, not 1; each counts for its part of {total}."
        yield Issue("quota_weights_sum", Level.warning, message, "spec.weights", "Make them sum to 1.")
    depths = sorted(policy.hedge.by_depth.items())
    if any(a[1] > b[1] for a, b in pairwise(depths)):
        message = "The hedge falls with depth: a level carries more than the one below it."
        yield Issue("quota_hedge_falls", Level.warning, message, "spec.hedge.by_depth", "Let factors rise with depth.")


def _refusals(layout: Layout, left: Sequence[Left]) -> list[Issue]:
    """An issue for each parent that could not hand out what a gate kept; the cells are in `unallocated`."""
    by: dict[tuple[int, str], list[Left]] = {}
    for at in left:
        by.setdefault((at.node, at.reason), []).append(at)
    found = []
    for (node, reason), held in sorted(by.items()):
        refused = reason == REASONS[CODES[Then.refuse]]
        code = "quota_refused" if refused else "quota_unallocated"
        amount = layout.cells.money(sum(at.amount for at in held))
        message = f"{amount} in {len(held)} cells stay with '{layout.tree.ids[node]}': {reason}."
        level = Level.error if refused else Level.warning
        hint = "Change the gate, or the hierarchy, or pin who takes it."
        found.append(Issue(code, level, message, layout.tree.table.at(layout.tree.row[node]), hint))
    return found
