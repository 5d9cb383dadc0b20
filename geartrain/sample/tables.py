"""Records as columns of numpy arrays, until the writer turns them into files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from geartrain.sample.world import Array

Columns = dict[str, Array]
Progress = Callable[..., None]


@dataclass
class Table:
    """Rows of one record type.

    Args:
        name: The record type.
        columns: By column name. Text is an object array with None for empty; an instant, a day, an integer and money
            (in cents) are int64 with MISSING for empty; a number is int64 in units of its `digits`; a flag is bool, or
            int8 with -1 for empty.
        digits: Decimals of number columns.
        broken: Column to row to the text that stands there instead: cells no loader can read.
        repeated: Rows that are written a second time.
    """

    name: str
    columns: Columns
    digits: dict[str, int] = field(default_factory=dict)
    broken: dict[str, dict[int, str]] = field(default_factory=dict)
    repeated: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, column: str) -> Array:
        return self.columns[column]


def ids(prefix: str, numbers: Array, width: int = 6) -> Array:
    """Ids such as O000012; empty where the number is below 0."""
    return texts(f"{prefix}{n:0{width}d}" if n >= 0 else None for n in numbers.tolist())


def texts(values: Iterable[str | None]) -> Array:
    """An array of text with None for empty."""
    listed = list(values)
    out = np.empty(len(listed), dtype=object)
    out[:] = listed
    return out


def labels(names: Sequence[str | None], index: Array) -> Array:
    """The name at each index; empty where the index is below 0."""
    return np.asarray(texts((*names, None))[index])


def only(values: Array, where: Array) -> Array:
    """Text where a mask holds, empty elsewhere."""
    kept = values.copy()
    kept[~where] = None
    return kept


def take(columns: Columns, rows: Array) -> Columns:
    """The rows at these places, or where a mask holds."""
    return {name: values[rows] for name, values in columns.items()}


def stack(parts: Sequence[Columns]) -> Columns:
    """Rows of several tables with the same columns, one after the other."""
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def repeat(counts: Array) -> tuple[Array, Array]:
    """For so many children of each parent: the parent of each child, and the child's place among them."""
    parent = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    return parent, np.arange(len(parent)) - first[parent]


def append(table: Table, columns: Columns) -> None:
    """Add rows at the end."""
    table.columns = stack([table.columns, columns])


def order(table: Table, *keys: str) -> None:
    """Sort the rows; whole numbers and text."""
    rows = np.lexsort([table[k].astype(str) if table[k].dtype == object else table[k] for k in reversed(keys)])
    table.columns = take(table.columns, rows)
