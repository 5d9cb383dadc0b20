"""What a number can be cut by, and where a name leads: own columns, references, fiscal time, the hierarchy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from geartrain.kernel.errors import Invalid
from geartrain.kernel.periods import Grain
from geartrain.kernel.records import Column, ColumnKind, RecordType

# Short names, and what they stand for: the first that the type has. "{owner}" is its owner column.
SHORT: Mapping[str, tuple[str, ...]] = {
    "owner": ("{owner}",),
    "team": ("team", "{owner}.team"),
    "region": ("region", "{owner}.region"),
    "segment": ("segment", "account.segment"),
}
GRAINS: Mapping[str, Grain] = {g.value: g for g in Grain}
MANAGER = "manager"
UNMAPPED = "unmapped: "
PEOPLE = "user"


@dataclass(frozen=True, slots=True)
class Step:
    """One reference followed: the column that holds the key, and the type and key column it points at."""

    column: str
    type: str
    key: str


@dataclass(frozen=True, slots=True)
class Path:
    """Where a name leads: references followed one after the other, then a column of the last type.

    `extra` names a key of the JSON column `extra` instead.
    """

    steps: tuple[Step, ...]
    column: Column
    extra: str | None = None

    @property
    def alias(self) -> str:
        """The column's name in a table that has all it refers to beside it."""
        return alias(self.steps, self.column.name)

    def words(self, start: str) -> str:
        """`opportunity.owner_id → user.team`."""
        types = [start, *(s.type for s in self.steps)]
        columns = [*(s.column for s in self.steps), f"extra.{self.extra}" if self.extra else self.column.name]
        return " → ".join(f"{t}.{c}" for t, c in zip(types, columns, strict=True))


def alias(steps: tuple[Step, ...], column: str) -> str:
    """Name of a column reached over references, beside the rows it belongs to."""
    return "__".join([*(s.column for s in steps), column])


def locate(types: Mapping[str, RecordType], start: str, name: str) -> Path:
    """Where a dotted name leads from a record type.

    Own columns come first, then short names (`SHORT`), then `x` for the reference `x_id`. Before a dot stands a
    reference (`account`, `owner`, `account_id`), the type's own name, or `extra`.

    Raises:
        Invalid: it leads nowhere.
    """
    found = _locate(_Types(types), start, name)
    if found is None:
        columns = ", ".join(c.name for c in types[start].columns)
        raise Invalid(f"{start} has no column '{name}'.", hint=f"It has {columns}; or follow a reference.")
    return found


class _Types:
    """Hashable by identity of its record types, so that paths are remembered."""

    def __init__(self, types: Mapping[str, RecordType]) -> None:
        self.types = types
        self._key = tuple(id(t) for t in types.values())

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Types) and self._key == other._key


@lru_cache(maxsize=8192)
def _locate(all_types: _Types, start: str, name: str) -> Path | None:
    kind = all_types.types[start]
    head, _, rest = name.partition(".")
    if not rest:
        if name in kind:
            return Path((), kind[name])
        for form in SHORT.get(name, ()):
            if "{owner}" in form and kind.owner is None:
                continue
            path = form.format(owner=kind.owner)
            if path != name and (found := _locate(all_types, start, path)):
                return found
        return Path((), kind[f"{name}_id"]) if f"{name}_id" in kind.references else None
    if head == "extra":
        return Path((), Column("extra", ColumnKind.json), rest)
    if head == start:
        return _locate(all_types, start, rest)
    column = _reference(kind, head)
    if column is None or (target := all_types.types.get(kind.references[column])) is None:
        return None
    onward = _locate(all_types, target.name, rest)
    if onward is None or len(target.key) != 1:
        return None
    step = Step(column, target.name, target.key[0])
    return Path((step, *onward.steps), onward.column, onward.extra)


def _reference(kind: RecordType, head: str) -> str | None:
    """The reference column a name before a dot stands for."""
    candidates = [head, f"{head}_id", kind.owner if head == "owner" else None]
    found = [c for c in candidates if c and c in kind.references]
    found += [c for c, ref in kind.references.items() if ref == head]
    return found[0] if found else None
