"""What people ask of a sheet of quotas, and what that means cell by cell, whatever the order they ask it in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar

from geartrain.kernel.errors import Conflict, Invalid
from geartrain.planning.quotas.apportion import apportion
from geartrain.planning.quotas.asked import Edit
from geartrain.planning.quotas.cascade import Layout
from geartrain.planning.quotas.policy import Weight
from geartrain.planning.quotas.shares import leaf_values, summed
from geartrain.planning.quotas.sheet import Sheet

At = tuple[int, int]
T = TypeVar("T")


@dataclass
class Changes:
    """Edits as facts about cells; which of them came first cannot be told any more.

    Args:
        fixed: Base of a node before transfers. moved: What transfers add to a node, its parents above included.
        solo: The one child that takes what is free. measure: The measure a parent is split by. totals: Of fits.
    """

    fixed: dict[At, int] = field(default_factory=dict)
    moved: dict[At, int] = field(default_factory=lambda: defaultdict(int))
    solo: dict[At, int] = field(default_factory=dict)
    measure: dict[At, str] = field(default_factory=dict)
    totals: dict[int, dict[int, int]] = field(default_factory=dict)
    frozen: set[At] = field(default_factory=set)
    wanted: dict[At, int] = field(default_factory=dict)

    def cells(self) -> tuple[int, ...]:
        """The cells that something is asked of."""
        return tuple(sorted({c for held in (self.fixed, self.moved, self.solo, self.measure) for _, c in held}))

    def within(self, place: Mapping[int, int]) -> Changes:
        """The same about cells that are numbered otherwise."""

        def moved(held: Mapping[At, T]) -> dict[At, T]:
            return {(node, place[cell]): value for (node, cell), value in held.items()}

        facts = (moved(self.fixed), moved(self.moved), moved(self.solo), moved(self.measure))
        frozen = {(node, place[cell]) for node, cell in self.frozen}
        return Changes(*facts, self.totals, frozen, moved(self.wanted))


def changes_of(layout: Layout, sheet: Sheet, edits: Sequence[Edit]) -> Changes:
    """What edits ask of a sheet as the policy gave it.

    Raises:
        Invalid: a node, cell or measure is not there. Conflict: two edits ask for different things of one cell.
    """
    found, relative = Changes(), defaultdict[At, int](int)
    for edit in edits:
        _READ[edit.verb](layout, sheet, edit, found, relative)
    for at, by in relative.items():
        _put(layout, found.fixed, at, int(sheet.base[at]) + by)
    for at in found.frozen & found.moved.keys():
        if found.moved[at]:
            raise Conflict(
                f"'{_named(layout, at)}' is frozen and takes part in a transfer.", hint="Leave one of them out."
            )
    for (_, cell), node in found.solo.items():
        if (node, cell) in found.fixed:
            hint = "Leave one of them out."
            raise Conflict(f"'{_named(layout, (node, cell))}' is concentrated on and pinned.", hint=hint)
    return found


def spread(layout: Layout, sheet: Sheet, node: int, amount: Decimal, cells: Sequence[int]) -> list[int]:
    """An amount over cells as the node's base is spread over them, in multiples of the unit."""
    quanta = layout.cells.quanta(amount)
    held = [max(int(sheet.base[node, c]), 0) for c in cells]
    return apportion(quanta, held if any(held) else [1] * len(cells), layout.cells.unit)


def _pin(layout: Layout, sheet: Sheet, edit: Edit, found: Changes, relative: dict[At, int]) -> None:
    node = _below_top(layout, edit.pin)
    amount = edit.base if edit.base is not None else edit.hedged
    assert amount is not None
    if amount < 0:
        raise Invalid(f"'{edit.pin}' cannot be pinned at {amount}.", hint="A quota is 0 or more.")
    cells = layout.cells.matching(edit.cell)
    parts = spread(layout, sheet, node, amount, cells)
    for cell, part in zip(cells, parts, strict=True):
        if edit.hedged is not None:
            found.wanted[node, cell] = part
            part = _unhedged(layout, node, part)
        _put(layout, found.fixed, (node, cell), part)


def _unhedged(layout: Layout, node: int, hedged: int) -> int:
    """The base whose hedged amount is nearest, in multiples of the unit."""
    numerators, denominator = layout.factors
    units = Decimal(hedged * denominator) / Decimal(numerators[node] * layout.cells.unit)
    return int(units.quantize(Decimal(1), ROUND_HALF_UP)) * layout.cells.unit


def _transfer(layout: Layout, sheet: Sheet, edit: Edit, found: Changes, relative: dict[At, int]) -> None:
    giver, taker = _below_top(layout, edit.giver), _below_top(layout, edit.to)
    above = (layout.tree.above(giver), layout.tree.above(taker))
    if giver in above[1] or taker in above[0]:
        hint = "A parent holds what its children hold: name two nodes of which neither is above the other."
        raise Invalid(f"'{edit.giver}' and '{edit.to}' are one above the other.", hint=hint)
    if above[0][-1] != above[1][-1]:
        raise Invalid(f"'{edit.giver}' and '{edit.to}' are below different tops.", hint="Change the targets instead.")
    assert edit.transfer is not None
    cells = layout.cells.matching(edit.cell)
    common = set(above[0]) & set(above[1])
    for cell, part in zip(cells, spread(layout, sheet, giver, edit.transfer, cells), strict=True):
        for sign, node, chain in ((-1, giver, above[0]), (1, taker, above[1])):
            for at in (node, *(a for a in chain if a not in common)):
                found.moved[at, cell] += sign * part


def _redistribute(layout: Layout, sheet: Sheet, edit: Edit, found: Changes, relative: dict[At, int]) -> None:
    node, cells = _below_top(layout, edit.redistribute), layout.cells.matching(edit.cell)
    if edit.amount is None:
        for cell in cells:
            _put(layout, found.fixed, (node, cell), 0)
        return
    for cell, part in zip(cells, spread(layout, sheet, node, edit.amount, cells), strict=True):
        relative[node, cell] -= part


def _concentrate(layout: Layout, sheet: Sheet, edit: Edit, found: Changes, relative: dict[At, int]) -> None:
    node, cells = _below_top(layout, edit.concentrate), layout.cells.matching(edit.cell)
    if edit.amount is None:
        for cell in cells:
            _put(layout, found.solo, (layout.tree.parent[node], cell), node)
        return
    for cell, part in zip(cells, spread(layout, sheet, node, edit.amount, cells), strict=True):
        relative[node, cell] += part


def _resplit(layout: Layout, sheet: Sheet, edit: Edit, found: Changes, relative: dict[At, int]) -> None:
    node = _with_children(layout, edit.resplit)
    _with_measure(layout, edit.measure)
    for cell in layout.cells.matching(edit.cell):
        _put(layout, found.measure, (node, cell), edit.measure)


def _with_measure(layout: Layout, name: str) -> None:
    """Sum a measure that the policy does not name."""
    if name in layout.shares.sums:
        return
    values = leaf_values(layout.tree, Weight(measure=name), [])
    layout.shares.sums[name] = summed(layout.tree, values)


def _fit(layout: Layout, sheet: Sheet, edit: Edit, found: Changes, relative: dict[At, int]) -> None:
    node = _with_children(layout, edit.fit)
    totals = found.totals.setdefault(node, {})
    for name, amount in edit.totals.items():
        child = layout.tree.find(name)
        if layout.tree.parent[child] != node:
            raise Invalid(f"'{name}' is not a child of '{edit.fit}'.", hint="A fit is over the children of one node.")
        quanta = layout.cells.quanta(amount)
        if quanta < 0 or totals.get(child, quanta) != quanta:
            raise Conflict(f"Two totals are asked of '{name}', or one below 0.", hint="Keep one.")
        totals[child] = quanta


def _freeze(layout: Layout, sheet: Sheet, edit: Edit, found: Changes, relative: dict[At, int]) -> None:
    node = _below_top(layout, edit.freeze)
    for cell in layout.cells.matching(edit.cell):
        found.frozen.add((node, cell))
        _put(layout, found.fixed, (node, cell), int(sheet.base[node, cell]))


_READ = {
    "pin": _pin,
    "transfer": _transfer,
    "redistribute": _redistribute,
    "concentrate": _concentrate,
    "resplit": _resplit,
    "fit": _fit,
    "freeze": _freeze,
}


def _put(layout: Layout, into: dict[At, T], at: At, value: T) -> None:
    if into.setdefault(at, value) != value:
        message = f"Two edits ask for different things of '{_named(layout, at)}'."
        raise Conflict(message, hint="Keep one of them: the order of edits does not matter.")


def _named(layout: Layout, at: At) -> str:
    cell = " / ".join(layout.cells.keys[at[1]])
    return f"{layout.tree.ids[at[0]]}{f' in {cell}' if cell else ''}"


def _below_top(layout: Layout, name: str) -> int:
    node = layout.tree.find(name)
    if layout.tree.parent[node] < 0:
        raise Invalid(f"'{name}' is a top: its quota is its target.", hint="Change the target instead.")
    return node


def _with_children(layout: Layout, name: str) -> int:
    node = layout.tree.find(name)
    if not layout.tree.count[node]:
        raise Invalid(f"'{name}' has no children.", hint="Name the node above.")
    return node
