"""The cells a goal is stated in: product, sales type, period; one amount each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.policy.policy import closest
from geartrain.planning.quotas.apportion import apportion
from geartrain.planning.quotas.policy import Seasonality
from geartrain.planning.quotas.table import Table, Value
from geartrain.planning.quotas.tree import NODE, Tree

AMOUNT = "amount"
MOST = Decimal(2**59)


@dataclass(frozen=True)
class Cells:
    """The cells and what the tops have to reach in each.

    Args:
        columns: Names of the cell columns. keys: One tuple a cell, in order.
        quantum: The smallest step of money that amounts are counted in. unit: The rounding unit, in quanta.
        targets: By top, an amount in quanta for each cell.
    """

    columns: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    quantum: Decimal
    unit: int
    targets: Mapping[int, tuple[int, ...]]
    values: Mapping[str, Sequence[Value]]

    @cached_property
    def number(self) -> dict[tuple[str, ...], int]:
        """Number of each cell."""
        return {key: n for n, key in enumerate(self.keys)}

    def matching(self, chosen: Mapping[str, str]) -> list[int]:
        """The cells with these values; all of them where nothing is chosen.

        Raises:
            Invalid: no such column, or no such cell.
        """
        for name in chosen:
            if name not in self.columns:
                near = closest(name, self.columns)
                hint = f"Did you mean '{near}'?" if near else f"Cells have {', '.join(self.columns) or 'no columns'}."
                raise Invalid(f"'{name}' is not a column of the cells.", hint=hint)
        at = [(self.columns.index(name), value) for name, value in chosen.items()]
        found = [n for n, key in enumerate(self.keys) if all(key[i] == value for i, value in at)]
        if not found:
            said = ", ".join(f"{k} = {v}" for k, v in chosen.items())
            raise Invalid(f"There is no cell with {said}.", hint="Name values that the targets have.")
        return found

    def cut(self, cells: Sequence[int]) -> Cells:
        """Some of them."""
        return replace(
            self,
            keys=tuple(self.keys[c] for c in cells),
            targets={top: tuple(held[c] for c in cells) for top, held in self.targets.items()},
            values={name: [held[c] for c in cells] for name, held in self.values.items()},
        )

    def named(self, cell: int) -> dict[str, str]:
        """A cell's columns."""
        return dict(zip(self.columns, self.keys[cell], strict=True))

    def money(self, quanta: int) -> Decimal:
        """An amount as people read it."""
        return quanta * self.quantum

    def quanta(self, amount: Decimal) -> int:
        """An amount in quanta.

        Raises:
            Invalid: it is finer than the targets and the rounding unit, or too large to count.
        """
        if abs(amount) > MOST * self.quantum:
            raise Invalid(
                f"{amount} is too large to count in steps of {self.quantum}.", hint="Is it in the right unit?"
            )
        steps = amount / self.quantum
        if steps != steps.to_integral_value():
            raise Invalid(f"{amount} is finer than {self.quantum}, the step amounts are counted in.", hint="Round it.")
        return int(steps)


def read_cells(table: Table, tree: Tree, unit: Decimal, season: Seasonality | None = None) -> tuple[Cells, list[Issue]]:
    """The cells of a table of targets: its columns but `amount` and, where it has one, `node_id` (a top).

    Raises:
        Invalid: a column is missing, the tops are several and no column says whose a target is, or nothing is left.
    """
    if AMOUNT not in table.columns:
        near = closest(AMOUNT, table.columns)
        hint = f"Rename '{near}' to amount?" if near else f"They have {', '.join(table.columns) or 'no columns'}."
        raise Invalid(f"{table.where}:1: The targets have no column amount.", hint=hint)
    whose = NODE in table.columns
    if len(tree.tops) > 1 and not whose:
        tops = ", ".join(tree.ids[t] for t in tree.tops[:5])
        hint = "Give them one parent, or the targets a column node_id that says whose each is."
        raise Invalid(f"{tree.table.where}: The hierarchy has {len(tree.tops)} tops: {tops}.", hint=hint)
    columns = tuple(c for c in table.columns if c not in (AMOUNT, NODE))
    amounts, issues = table.numbers(AMOUNT)
    stated = _stated(table, tree, columns, amounts, issues)
    if not stated and issues:
        said = f"{issues[0].where}: There is no target to hand out: {issues[0].message}"
        raise Invalid(said, hint=issues[0].hint)
    if not stated:
        raise Invalid(f"{table.where}: There is no target to hand out.", hint="Add a row with an amount.")
    quantum = min([_step(unit), *(_step(a) for held in stated.values() for a in held.values())])
    if season is not None:
        columns, stated = _spread(columns, stated, season, unit, quantum)
    keys = tuple(dict.fromkeys(k for held in stated.values() for k in held))
    if any(sum(map(abs, held.values())) / quantum > MOST for held in stated.values()):
        raise Invalid(
            f"{table.where}: The targets are too large to count in steps of {quantum}.", hint="Use thousands."
        )
    targets = {top: tuple(int(held.get(k, Decimal(0)) / quantum) for k in keys) for top, held in stated.items()}
    named = Table(table.where, columns, keys)
    values = {c: named.typed(c) for c in columns}
    return Cells(columns, keys, quantum, int(unit / quantum), targets, values), issues


def _stated(
    table: Table, tree: Tree, columns: Sequence[str], amounts: Sequence[Decimal | None], issues: list[Issue]
) -> dict[int, dict[tuple[str, ...], Decimal]]:
    texts = [table.texts(c) for c in columns]
    whose = table.texts(NODE) if NODE in table.columns else [tree.ids[tree.tops[0]]] * len(table.rows)
    found: dict[int, dict[tuple[str, ...], Decimal]] = {}
    for n, amount in enumerate(amounts):
        key = tuple(t[n] for t in texts)
        if amount is None:
            message, hint = "This target has no amount and is left out.", "State it, 0 where nothing is wanted."
            issues.append(Issue("quota_target_missing", Level.error, message, table.at(n), hint))
            continue
        top = tree.number.get(whose[n], -1)
        if top not in tree.tops:
            message = f"'{whose[n]}' is not a top of the hierarchy; this target of {amount} is not handed out."
            hint = f"One of: {', '.join(tree.ids[t] for t in tree.tops[:5])}."
            issues.append(Issue("quota_target_not_top", Level.error, message, table.at(n), hint))
            continue
        held = found.setdefault(top, {})
        if key in held:
            message = f"The cell {' / '.join(key) or '(whole)'} has a target already; the two are added."
            issues.append(
                Issue("quota_target_twice", Level.warning, message, table.at(n), "Keep one row, or state the sum.")
            )
        held[key] = held.get(key, Decimal(0)) + amount
    return found


def _step(value: Decimal) -> Decimal:
    """The power of ten that a number is a whole multiple of, 1 at most."""
    exponent = value.normalize().as_tuple().exponent
    return Decimal(1).scaleb(min(int(exponent), 0))


def _spread(
    columns: tuple[str, ...],
    stated: Mapping[int, Mapping[tuple[str, ...], Decimal]],
    season: Seasonality,
    unit: Decimal,
    quantum: Decimal,
) -> tuple[tuple[str, ...], dict[int, dict[tuple[str, ...], Decimal]]]:
    """Each target over the values of one more column, largest remainders in the rounding unit."""
    if season.column in columns:
        hint = "Leave the seasonality out, or the column."
        raise Invalid(f"The targets have a column {season.column} already.", hint=hint)
    scale = _step(min(season.shares.values(), key=_step))
    weights = [int(s / scale) for s in season.shares.values()]
    found: dict[int, dict[tuple[str, ...], Decimal]] = {}
    for top, held in stated.items():
        for key, amount in held.items():
            parts = apportion(int(amount / quantum), weights, int(unit / quantum))
            for name, part in zip(season.shares, parts, strict=True):
                found.setdefault(top, {})[(*key, name)] = part * quantum
    return (*columns, season.column), found
