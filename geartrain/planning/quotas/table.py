"""Rows of text as a file holds them, with what their columns mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from geartrain.kernel.issues import Issue, Level

Value = Decimal | bool | str | None
FLAGS = {"true": True, "yes": True, "false": False, "no": False}
MISSING = frozenset({"", "-", "n/a", "na", "null", "none"})
GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")


@dataclass(frozen=True)
class Table:
    """A file of columns: `rows` as text, `lines` where each stands in the file `where`, `issues` of its form."""

    where: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...] = field(default=())
    issues: tuple[Issue, ...] = field(default=())

    def at(self, row: int) -> str:
        """File and line of a row."""
        return f"{self.where}:{self.lines[row]}" if self.lines else self.where

    def texts(self, column: str) -> list[str]:
        """The values of a column as text, without the blanks around them."""
        n = self.columns.index(column)
        return [row[n].strip() if n < len(row) else "" for row in self.rows]

    def typed(self, column: str) -> list[Value]:
        """The values of a column as rules read them: flags, numbers or text, by what all of them are."""
        texts = [None if t.lower() in MISSING else t for t in self.texts(column)]
        known = [t for t in texts if t is not None]
        if known and all(t.lower() in FLAGS for t in known):
            return [None if t is None else FLAGS[t.lower()] for t in texts]
        if known and column.startswith(("is_", "has_")) and set(known) <= {"0", "1"}:
            return [None if t is None else t == "1" for t in texts]
        numbers = [None if t is None else number(t) for t in texts]
        if known and all(n is not None for n, t in zip(numbers, texts, strict=True) if t is not None):
            return list(numbers)
        return list(texts)

    def numbers(self, column: str) -> tuple[list[Decimal | None], list[Issue]]:
        """The values of a column of numbers, None where there is none; and those that are no number."""
        found: list[Decimal | None] = []
        issues: list[Issue] = []
        for n, text in enumerate(self.texts(column)):
            value = None if text.lower() in MISSING else number(text)
            if value is None and text.lower() not in MISSING:
                message = f"'{text}' in the column {column} is not a number."
                hint = "Write it like 1234.56; until then it counts as missing."
                issues.append(Issue("quota_not_a_number", Level.error, message, self.at(n), hint))
            found.append(value)
        return found, issues


def number(text: str) -> Decimal | None:
    """An exact number of a text such as 1234.5 or 1,234.50; None where it is none."""
    plain = text.replace(",", "") if GROUPED.fullmatch(text) else text
    try:
        value = Decimal(plain.replace("_", "x"))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def records(table: Table, columns: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Row number and the texts of some columns, row by row."""
    yield from enumerate(zip(*(table.texts(c) for c in columns), strict=True)) if columns else ()
