"""What people ask of a sheet of quotas, and what that means cell by cell, whatever the order they ask it in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar

from geartrain.kernel.errors import Conflict, Invalid
from geartrain.planning.quotas.apportion import apportion
from geartrain.planning.quotas.asked import Edit
from geartrain.planning.quotas.cascade import Plan
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


def changes_of(plan: Plan, sheet: Sheet, edits: Sequence[Edit]) -> Changes:
    """What edits ask of a sheet as the policy gave it.

    Raises:
        Invalid: a node, cell or measure is not there. Conflict: two edits ask for different things of one cell.
    """
    found, relative = Changes(), defaultdict[At, int](int)
    for edit in edits:
        _READ[edit.verb](plan, sheet, edit, found, relative)
    for at, by in relative.items():
        _put(plan, found.fixed, at, int(sheet.base[at]) + by)
    for at in found.frozen & found.moved.keys():
        if found.moved[at]:
            raise Conflict(
                f"'{_named(plan, at)}' is frozen and takes part in a transfer.", hint="Leave one of them out."
            )
    for (_, cell), node in found.solo.items():
        if (node, cell) in found.fixed:
            hint = "Leave one of them out."
            raise Conflict(f"'{_named(plan, (node, cell))}' is concentrated on and pinned.", hint=hint)
    return found


def spread(plan: Plan, sheet: Sheet, node: int, amount: Decimal, cells: Sequence[int]) -> list[int]:
    """An amount over cells as the node's base is spread over them, in multiples of the unit."""
    quanta = plan.cells.quanta(amount)
    held = [max(int(sheet.base[node, c]), 0) for c in cells]
    return apportion(quanta, held if any(held) else [1] * len(cells), plan.cells.unit)


def _pin(plan: Plan, sheet: Sheet, edit: Edit, found: Changes, relative: dict[At, int]) -> None:
    node = _below_top(plan, edit.pin)
    amount = edit.base if edit.base is not None else edit.hedged
    assert amount is not None
    if amount < 0:
        raise Invalid(f"'{edit.pin}' cannot be pinned at {amount}.", hint="A quota is 0 or more.")
    cells = plan.cells.matching(edit.cell)
    parts = spread(plan, sheet, node, amount, cells)
    for cell, part in zip(cells, parts, strict=True):
        if edit.hedged is not None:
            found.wanted[node, cell] = part
            part = _unhedged(plan, node, part)
        _put(plan, found.fixed, (node, cell), part)


def _unhedged(plan: Plan, node: int, hedged: int) -> int:
    """The base whose hedged amount is nearest, in multiples of the unit."""
    numerators, denominator = plan.factors
    units = Decimal(hedged * denominator) / Decimal(numerators[node] * plan.cells.unit)
    return int(units.quantize(Decimal(1), ROUND_HALF_UP)) * plan.cells.unit


def _transfer(plan: Plan, sheet: Sheet, edit: Edit, found: Changes, relative: dict[At, int]) -> None:
    giver, taker = _below_top(plan, edit.giver), _below_top(plan, edit.to)
    above = (plan.tree.above(giver), plan.tree.above(taker))
    if giver in above[1] or taker in above[0]:
        hint = "A parent holds what its children hold: name two nodes of which neither is above the other."
        raise Invalid(f"'{edit.giver}' and '{edit.to}' are one above the other.", hint=hint)
    if above[0][-1] != above[1][-1]:
        raise Invalid(f"'{edit.giver}' and '{edit.to}' are below different tops.", hint="Change the targets instead.")
    assert edit.transfer is not None
    cells = plan.cells.matching(edit.cell)
    common = set(above[0]) & set(above[1])
    for cell, part in zip(cells, spread(plan, sheet, giver, edit.transfer, cells), strict=True):
        for sign, node, chain in ((-1, giver, above[0]), (1, taker, above[1])):
            for at in (node, *(a for a in chain if a not in common)):
                found.moved[at, cell] += sign * part


def _redistribute(plan: Plan, sheet: Sheet, edit: Edit, found: Changes, relative: dict[At, int]) -> None:
    node, cells = _below_top(plan, edit.redistribute), plan.cells.matching(edit.cell)
    if edit.amount is None:
        for cell in cells:
            _put(plan, found.fixed, (node, cell), 0)
        return
    for cell, part in zip(cells, spread(plan, sheet, node, edit.amount, cells), strict=True):
        relative[node, cell] -= part


def _concentrate(plan: Plan, sheet: Sheet, edit: Edit, found: Changes, relative: dict[At, int]) -> None:
    node, cells = _below_top(plan, edit.concentrate), plan.cells.matching(edit.cell)
    if edit.amount is None:
        for cell in cells:
            _put(plan, found.solo, (plan.tree.parent[node], cell), node)
        return
    for cell, part in zip(cells, spread(plan, sheet, node, edit.amount, cells), strict=True):
        relative[node, cell] += part


def _resplit(plan: Plan, sheet: Sheet, edit: Edit, found: Changes, relative: dict[At, int]) -> None:
    node = _with_children(plan, edit.resplit)
    _with_measure(plan, edit.measure)
    for cell in plan.cells.matching(edit.cell):
        _put(plan, found.measure, (node, cell), edit.measure)


def _with_measure(plan: Plan, name: str) -> None:
    """Sum a measure that the policy does not name."""
    if name in plan.shares.sums:
        return
    values = leaf_values(plan.tree, Weight(measure=name), [])
    plan.shares.sums[name] = summed(plan.tree, values)


def _fit(plan: Plan, sheet: Sheet, edit: Edit, found: Changes, relative: dict[At, int]) -> None:
    node = _with_children(plan, edit.fit)
    totals = found.totals.setdefault(node, {})
    for name, amount in edit.totals.items():
        child = plan.tree.find(name)
        if plan.tree.parent[child] != node:
            raise Invalid(f"'{name}' is not a child of '{edit.fit}'.", hint="A fit is over the children of one node.")
        quanta = plan.cells.quanta(amount)
        if quanta < 0 or totals.get(child, quanta) != quanta:
            raise Conflict(f"Two totals are asked of '{name}', or one below 0.", hint="Keep one.")
        totals[child] = quanta


def _freeze(plan: Plan, sheet: Sheet, edit: Edit, found: Changes, relative: dict[At, int]) -> None:
    node = _below_top(plan, edit.freeze)
    for cell in plan.cells.matching(edit.cell):
        found.frozen.add((node, cell))
        _put(plan, found.fixed, (node, cell), int(sheet.base[node, cell]))


_READ = {
    "pin": _pin,
    "transfer": _transfer,
    "redistribute": _redistribute,
    "concentrate": _concentrate,
    "resplit": _resplit,
    "fit": _fit,
    "freeze": _freeze,
}


def _put(plan: Plan, into: dict[At, T], at: At, value: T) -> None:
    if into.setdefault(at, value) != value:
        message = f"Two edits ask for different things of '{_named(plan, at)}'."
        raise Conflict(message, hint="Keep one of them: the order of edits does not matter.")


def _named(plan: Plan, at: At) -> str:
    cell = " / ".join(plan.cells.keys[at[1]])
    return f"{plan.tree.ids[at[0]]}{f' in {cell}' if cell else ''}"


def _below_top(plan: Plan, name: str) -> int:
    node = plan.tree.find(name)
    if plan.tree.parent[node] < 0:
        raise Invalid(f"'{name}' is a top: its quota is its target.", hint="Change the target instead.")
    return node


def _with_children(plan: Plan, name: str) -> int:
    node = plan.tree.find(name)
    if not plan.tree.count[node]:
        raise Invalid(f"'{name}' has no children.", hint="Name the node above.")
    return node
