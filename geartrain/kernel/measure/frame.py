"""A record type with all it refers to beside it, as it stood at the end of a day: what expressions are read from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ibis

from geartrain.kernel.errors import Invalid
from geartrain.kernel.measure.dimensions import UNMAPPED, Path, Step, alias, locate
from geartrain.kernel.measure.source import Cut, Source
from geartrain.kernel.measure.when import Window, local
from geartrain.kernel.records import ColumnKind
from geartrain.kernel.rules.columns import json_text

BALANCE_DAY = "balance_day"

CURRENCY = "currency"


@dataclass
class Frame:
    """Rows of one type and how the names in expressions read on them.

    Args:
        source: The facts.
        name: Record type or view.
        window: The time the question is about.
        table: The rows with what they refer to joined on; grain is the type's own.
        beside: Columns of `table` that a primitive laid there and expressions may name.
        rates: Column of `table` that converts a row's money into the workspace's currency; None: nothing is foreign.
        values: Columns of `table` that hold expressions worked out already, by their text and what is past.
    """

    source: Source
    name: str
    window: Window
    table: Any
    beside: frozenset[str] = frozenset()
    rate: str | None = None
    values: Mapping[tuple[str, frozenset[str]], str] = field(default_factory=dict)

    @property
    def cut(self) -> Cut:
        """How this type looks at the end of an earlier day."""
        return self.source.cuts.get(self.name, Cut())

    def path(self, name: str) -> Path:
        """Where a name leads from this type."""
        return locate(self.source.types, self.name, name)

    def raw(self, name: str) -> Any:
        """An own column as it is stored."""
        return self.table[name]

    def read(self, name: str, past: Collection[str] = ()) -> Any:
        """What a name means in an expression: as of the day, on the wall clock, in the workspace's currency.

        Args:
            name: Own column, reference, short name or `extra.x`.
            past: Event columns that the rows at hand are known to have before the cut, so that nothing is masked.
        """
        if name in self.beside:
            return self.table[name]
        path = self.path(name)
        value = self.table[path.alias]
        if path.extra is not None:
            return json_text(value, path.extra)
        if not path.steps:
            value = self.masked(path.column.name, past)
            if path.column.kind is ColumnKind.money and self.rate:
                value = (value.cast("decimal(24, 8)") * self.table[self.rate]).cast("decimal(38, 4)")
        return local(value, self.window.calendar) if path.column.kind is ColumnKind.instant else value

    def masked(self, column: str, past: Collection[str] = ()) -> Any:
        """An own column as it stood at the end of the day that is seen."""
        value = self.table[column]
        for event, undone in self.cut.clears.items():
            if event in past or (column != event and column not in undone):
                continue
            then = undone.get(column) if column != event else None
            value = ibis.ifelse(self.seen(event) | self.table[event].isnull(), value, ibis.literal(then, value.type()))
        return value

    def seen(self, column: str) -> Any:
        """Whether what an own column dates had happened by the end of the day."""
        kind = self.source.types[self.name][column].kind
        if kind is ColumnKind.day:
            return self.table[column] <= ibis.literal(self.window.as_of, "date")
        return self.table[column] < ibis.literal(self.window.cut, "timestamp(6)")

    def is_event(self, column: str) -> bool:
        """Whether a column dates something that is not seen before it happened."""
        return column == self.cut.born or column in self.cut.clears

    def all_exist(self, past: Collection[str] = ()) -> bool:
        """Whether rows known to have had these events before the cut need no asking if they existed."""
        return self.cut.born is None or any(self.is_event(event) for event in past)

    def exists(self) -> Any:
        """Whether a row existed by the end of the day.

        A row whose events happened before it was recorded to begin existed with the first of them.
        """
        born = self.cut.born or ""
        seen = self.seen(born) | self.table[born].isnull()
        for event in self.cut.clears:
            seen = seen | self.seen(event).fill_null(False)
        return seen

    def within(self, column: str) -> Any:
        """Whether a column's date falls into the window, and, where it dates an event, was seen."""
        kind = self.kind(column)
        if kind not in (ColumnKind.day, ColumnKind.instant):
            raise Invalid(f"{self.name}.{column} is no date.", hint="`at` names a day or an instant.")
        day, seen, value = kind is ColumnKind.day, self.is_event(column), self.table[column]
        low, high = self.window.end("low", day=day, seen=seen), self.window.end("high", day=day, seen=seen)
        parts = [] if low is None else [value >= low]
        parts += [] if high is None else [value < high]
        return parts[0] & parts[1] if len(parts) == 2 else parts[0] if parts else value.notnull()

    def kind(self, column: str) -> ColumnKind:
        """The kind of an own column.

        Raises:
            Invalid: the type has no such column.
        """
        kind = self.source.types[self.name]
        if column not in kind:
            raise Invalid(f"{self.name} has no column '{column}'.")
        return kind[column].kind

    def dimension(self, path: Path, past: Collection[str] = ()) -> Any:
        """The values a number is cut by along a path; where a reference leads nowhere, `unmapped: ` and its key.

        A path that ends in a reference key of the type itself is left as it is: the answer marks those.
        """
        value = self.table[path.alias]
        if path.extra is not None:
            return json_text(value, path.extra)
        if not path.steps:
            value = self.masked(path.column.name, past)
            return local(value, self.window.calendar) if path.column.kind is ColumnKind.instant else value
        value = value if path.column.kind is ColumnKind.text else value.cast("string")
        for depth in range(len(path.steps), 0, -1):
            held = self.table[alias(path.steps[: depth - 1], path.steps[depth - 1].column)]
            met = self.table[matched(path.steps[:depth])]
            lost = met.isnull() & held.notnull()
            value = ibis.ifelse(lost, ibis.literal(UNMAPPED).concat(held), value)
        return value


def open_frame(source: Source, name: str, window: Window, paths: Sequence[Path], *, own: Collection[str] = ()) -> Frame:
    """The rows of a type with everything on the paths joined on, none lost and none doubled.

    `own` are columns of the type that are read besides. Nothing else is carried through the joins.
    """
    table, kind = source.table(name), source.types[name]
    cut = source.cuts.get(name, Cut())
    wanted: dict[tuple[Step, ...], set[str]] = {}
    for path in paths:
        for depth in range(1, len(path.steps) + 1):
            onward = path.steps[depth].column if depth < len(path.steps) else path.column.name
            wanted.setdefault(path.steps[:depth], set()).add(onward)
    if wanted:
        kept = {*own, *kind.key, *cut.clears, *(c for undone in cut.clears.values() for c in undone)}
        kept |= {p.steps[0].column if p.steps else p.column.name for p in paths}
        kept |= {c for c in (cut.born, kind.owner, CURRENCY if CURRENCY in kind else None) if c}
        table = table.select(*sorted(kept))
    for steps in sorted(wanted, key=len):
        step = steps[-1]
        other = source.table(step.type)
        held = "__".join(s.column for s in steps)
        columns = {"__".join([held, c]): other[c] for c in sorted(wanted[steps])}
        target = other.select(**{matched(steps): other[step.key]}, **columns)
        table = table.left_join(target, table[held] == target[matched(steps)])
    return Frame(source, name, window, table)


def matched(steps: tuple[Step, ...]) -> str:
    """Name of the column that is null where the last of these references leads nowhere."""
    return "__".join([*(s.column for s in steps), "met"])
