"""Edits carried out on a sheet: only what they touch is split again; parents conserve, hedge ratios survive."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.planning.quotas.apportion import Ints, apportion
from geartrain.planning.quotas.asked import Edit
from geartrain.planning.quotas.cascade import REASONS, Plan, allocate, hedged_of, split
from geartrain.planning.quotas.edits import Changes, changes_of
from geartrain.planning.quotas.fitting import fit
from geartrain.planning.quotas.gates import CODES, OPEN
from geartrain.planning.quotas.policy import Then
from geartrain.planning.quotas.sheet import Left, Sheet

NOT_TAKEN = "edits: nobody is free to take it"
TOO_MUCH = "edits: more is asked than there is"


@dataclass(frozen=True)
class Edited:
    """A sheet after edits, and the parents and cells whose children were split again."""

    before: Sheet
    sheet: Sheet
    touched: tuple[tuple[int, tuple[int, ...]], ...]

    def effect(self) -> Iterator[dict[str, Any]]:
        """One a node and cell that changed, depth first."""
        changed = (self.before.base != self.sheet.base) | (self.before.hedged != self.sheet.hedged)
        money = self.sheet.cells.money
        for n in self.sheet.tree.depth_first:
            for c in np.flatnonzero(changed[n]):
                pairs = (("base", self.before.base, self.sheet.base), ("hedged", self.before.hedged, self.sheet.hedged))
                row: dict[str, Any] = {"node_id": self.sheet.tree.ids[n], **self.sheet.cells.named(int(c))}
                for name, was, now in pairs:
                    row |= {f"{name}_before": money(int(was[n, c])), f"{name}_after": money(int(now[n, c]))}
                yield row


def edit(plan: Plan, sheet: Sheet, edits: Sequence[Edit]) -> Edited:
    """A sheet as the policy gave it, after edits.

    The result depends on which edits there are, never on their order: pins hold before transfers, transfers add up,
    what is free is split by the policy's weights. To undo an edit, leave it out.

    Raises:
        Invalid: an edit names what is not there. Conflict: two edits contradict each other.
    Example: 500,000 / 333,000 / 167,000 with the third pinned at 200,000 is 480,000 / 320,000 / 200,000.
    """
    work = _Work(plan, changes_of(plan, sheet, edits), sheet.base.copy(), {(at.node, at.cell): at for at in sheet.left})
    touched = work.run()
    hedged = sheet.hedged.copy()
    for parent, cells in touched:
        kids = plan.tree.children(parent)
        hedged[kids.start : kids.stop, list(cells)] = hedged_of(plan, work.base, kids, np.array(cells))
    left = tuple(work.left[at] for at in sorted(work.left))
    issues = (*sheet.issues, *work.issues, *_unreached(plan, work.changes, hedged))
    after = replace(sheet, base=work.base, hedged=hedged, left=left, issues=issues)
    return Edited(sheet, after, touched)


def decide(plan: Plan) -> Sheet:
    """The sheet of a policy with the edits it states itself."""
    sheet = allocate(plan)
    return edit(plan, sheet, plan.policy.edits).sheet if plan.policy.edits else sheet


@dataclass
class _Work:
    plan: Plan
    changes: Changes
    base: Ints
    left: dict[tuple[int, int], Left]

    def __post_init__(self) -> None:
        self.issues: list[Issue] = []
        self.special: dict[int, set[int]] = defaultdict(set)
        for node, cell in (*self.changes.fixed, *self.changes.moved):
            self.special[self.plan.tree.parent[node]].add(cell)
        for parent, cell in (*self.changes.solo, *self.changes.measure):
            self.special[parent].add(cell)

    def run(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """Split again from the top down wherever an edit or a changed parent asks for it."""
        every = set(range(len(self.plan.cells.keys)))
        dirty = {p: set(cells) for p, cells in self.special.items() if p >= 0}
        for parent in self.changes.totals:
            dirty[parent] = set(every)
        heap, touched = sorted(dirty), []
        while heap:
            parent = heapq.heappop(heap)
            cells = np.array(sorted(dirty[parent]))
            kids = self.plan.tree.children(parent)
            before = self.base[kids.start : kids.stop][:, cells]
            self._split(parent, cells)
            touched.append((parent, tuple(int(c) for c in cells)))
            changed = self.base[kids.start : kids.stop][:, cells] != before
            for i, kid in enumerate(kids):
                if self.plan.tree.count[kid] and changed[i].any():
                    if kid not in dirty:
                        dirty[kid] = set()
                        heapq.heappush(heap, kid)
                    dirty[kid] |= {int(c) for c in cells[changed[i]]}
        return tuple(touched)

    def _split(self, parent: int, cells: Ints) -> None:
        special = self.special.get(parent, set())
        plain = np.array([c for c in cells if int(c) not in special], dtype=np.int64)
        for c in cells:
            self.left.pop((parent, int(c)), None)
        if len(plain):
            self.left |= {(at.node, at.cell): at for at in split(self.plan, self.base, parent, plain)}
        for c in cells:
            if int(c) in special:
                self._split_edited(parent, int(c))
        if parent in self.changes.totals:
            self._fit(parent)

    def _split_edited(self, parent: int, cell: int) -> None:
        """One cell of one parent: what is pinned, then what is moved, the rest by weights."""
        changes, base = self.changes, self.base
        kids = list(self.plan.tree.children(parent))
        fixed = {k: changes.fixed[k, cell] for k in kids if (k, cell) in changes.fixed}
        moved = {k: changes.moved.get((k, cell), 0) for k in kids}
        codes = {k: int(self.plan.gate[k, self.plan.class_of[cell]]) for k in kids}
        total = int(base[parent, cell])
        rest = total - sum(fixed.values()) - sum(moved.values())
        parts, stranded = self._parts(parent, cell, rest if rest >= 0 or total < 0 else 0, fixed, codes)
        for k in kids:
            amount = fixed.get(k, parts.get(k, 0)) + moved[k]
            base[k, cell] = max(amount, 0) if total >= 0 else amount
        left = total - sum(int(base[k, cell]) for k in kids)
        if left:
            reason = TOO_MUCH if left < 0 else stranded or NOT_TAKEN
            self.left[parent, cell] = Left(parent, cell, left, reason)
            if reason in (TOO_MUCH, NOT_TAKEN):
                self.issues.append(_not_absorbed(self.plan, parent, cell, left, reason))

    def _parts(
        self, parent: int, cell: int, rest: int, fixed: dict[int, int], codes: dict[int, int]
    ) -> tuple[dict[int, int], str]:
        """What each child that is free takes of the rest, and why some of it is left where a gate keeps it."""
        kids = self.plan.tree.children(parent)
        held = [k for k in kids if k not in fixed and codes[k] != CODES[Then.redistribute]]
        if any(codes[k] == CODES[Then.refuse] for k in held):
            return {}, REASONS[CODES[Then.refuse]]
        if (solo := self.changes.solo.get((parent, cell))) is not None:
            if solo not in held:
                message = f"'{self.plan.tree.ids[solo]}' may have no quota in this cell: a gate holds."
                raise Invalid(message, hint="Concentrate on another node, or change the gate.")
            return {solo: rest}, ""
        if not held:
            return {}, "" if fixed else REASONS[CODES[Then.redistribute]]
        cls = int(self.plan.class_of[cell])
        name = self.changes.measure.get((parent, cell))
        measures = [(name, Fraction(1))] if name else self.plan.measures(cls)
        parts = apportion(rest, self.plan.shares.weights(parent, held, measures), self.plan.cells.unit)
        taken = {k: p for k, p in zip(held, parts, strict=True) if codes[k] == OPEN}
        return taken, REASONS[CODES[Then.strand]] if len(taken) < len(held) else ""

    def _fit(self, parent: int) -> None:
        """The children over all cells brought to their totals, the cells' sums and what is pinned kept."""
        kids = list(self.plan.tree.children(parent))
        at = self.base[kids[0] : kids[-1] + 1]
        columns = [int(v) for v in at.sum(axis=0)]
        fixed = [[self.changes.fixed.get((k, c)) for c in range(len(columns))] for k in kids]
        asked = self.changes.totals[parent]
        rows = self._row_totals(parent, kids, [int(v) for v in at.sum(axis=1)], sum(columns))
        free = [[f is None for f in row] for row in fixed]
        seed = [[int(v) if ok else 0 for v, ok in zip(at[i], free[i], strict=True)] for i in range(len(kids))]
        seed = [row if any(row) else [int(ok) for ok in free[i]] for i, row in enumerate(seed)]
        held = [
            [int(at[i, c]) if fixed[i][c] is not None else 0 for c in range(len(columns))] for i in range(len(kids))
        ]
        want = [r - sum(h) for r, h in zip(rows, held, strict=True)]
        room = [t - sum(h[c] for h in held) for c, t in enumerate(columns)]
        if any(w < 0 for w in want):
            raise Invalid("A node of the fit is pinned above its total.", hint="Raise the total or drop the pin.")
        unit = self.plan.cells.unit
        step = unit if all(v % unit == 0 for v in (*want, *room)) else 1
        found = fit(seed, [w // step for w in want], [r // step for r in room])
        for i, k in enumerate(kids):
            self.base[k] = [f * step + h for f, h in zip(found[i], held[i], strict=True)]
        assert all(int(self.base[k].sum()) == asked[k] for k in asked)

    def _row_totals(self, parent: int, kids: Sequence[int], now: Sequence[int], total: int) -> list[int]:
        asked = self.changes.totals[parent]
        rest = total - sum(asked.values())
        others = [i for i, k in enumerate(kids) if k not in asked]
        if rest < 0 or (rest and not others):
            said = f"The totals asked below '{self.plan.tree.ids[parent]}' sum to {self._money(sum(asked.values()))}"
            raise Invalid(f"{said}; there is {self._money(total)}.", hint="Make them sum to what the node has.")
        weights = [now[i] for i in others]
        parts = apportion(rest, weights if any(weights) else [1] * len(others), self.plan.cells.unit) if others else []
        spare = dict(zip(others, parts, strict=True))
        return [asked[k] if k in asked else spare[i] for i, k in enumerate(kids)]

    def _money(self, quanta: int) -> Decimal:
        return self.plan.cells.money(quanta)


def _not_absorbed(plan: Plan, parent: int, cell: int, left: int, reason: str) -> Issue:
    name = " / ".join(plan.cells.keys[cell])
    at = f"'{plan.tree.ids[parent]}'{f' in {name}' if name else ''}"
    message = f"The children of {at} miss its quota by {plan.cells.money(left)}: {reason}."
    where, hint = plan.tree.table.at(plan.tree.row[parent]), "Free a sibling, or ask for less."
    return Issue("quota_edit_not_absorbed", Level.error, message, where, hint)


def _unreached(plan: Plan, changes: Changes, hedged: Ints) -> Iterator[Issue]:
    """Hedged amounts that no base in the rounding unit gives."""
    for (node, cell), want in sorted(changes.wanted.items()):
        if (got := int(hedged[node, cell])) != want and not changes.moved.get((node, cell)):
            message = f"'{plan.tree.ids[node]}' is pinned at hedged {plan.cells.money(want)} and has "
            message += f"{plan.cells.money(got)}: no base in the rounding unit comes nearer."
            where = plan.tree.table.at(plan.tree.row[node])
            hint = "Pin its base, or use a smaller unit."
            yield Issue("quota_pin_rounded", Level.info, message, where, hint)
