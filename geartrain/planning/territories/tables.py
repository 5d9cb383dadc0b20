"""Accounts and sellers as a file holds them, read into the values that rules and measures need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.records import ColumnKind, RecordType

MISSING = frozenset({"", "-", "n/a", "na", "null", "none", "nan"})
FLAGS = {"true": True, "yes": True, "1": True, "t": True, "y": True} | dict.fromkeys(
    ("false", "no", "0", "f", "n"), False
)
NUMBERS = {ColumnKind.integer, ColumnKind.number, ColumnKind.money}
# What a plan adds to the record types: a column is a number, whatever the file shows of it.
MORE = {
    "account": ("workload", "visits", "current_revenue", "open_pipeline"),
    "user": ("latitude", "longitude", "capacity_hours", "ramp"),
}


@dataclass(frozen=True)
class Table:
    """Rows by column name, typed, with the line each of them stands on."""

    where: str
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    lines: tuple[int, ...] = field(default=(), repr=False)

    def at(self, row: int) -> str:
        """File and line of a row."""
        return f"{self.where}:{self.lines[row]}" if self.lines else self.where


def number(text: str) -> Decimal | None:
    """An exact number; 1,234.50 is read, and None where it is none."""
    try:
        value = Decimal(text.replace(",", "") if "." in text or text.count(",") > 1 else text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and "_" not in text else None


def kinds_of(record: RecordType, columns: Sequence[str]) -> dict[str, ColumnKind]:
    """The kind of the columns that the record type, or planning, declares."""
    declared = {c.name: c.kind for c in record.columns if c.name in columns}
    return declared | {c: ColumnKind.number for c in MORE.get(record.name, ()) if c in columns}


def undeclared_numbers(columns: Sequence[str], rows: Sequence[Mapping[str, str]], known: Mapping[str, Any]) -> set[str]:
    """The columns nobody declares in which every value is a number, none written with a leading zero."""

    def counts(text: str) -> bool:
        return number(text) is not None and not (len(text) > 1 and text[0] == "0" and text[1].isdigit())

    found = set()
    for column in columns:
        if column not in known and not column.endswith("_id"):
            texts = [t for row in rows if (t := (row.get(column) or "").strip()).lower() not in MISSING]
            if texts and all(counts(t) for t in texts):
                found.add(column)
    return found


def typed(
    record: RecordType,
    where: str,
    columns: Sequence[str],
    rows: Sequence[Mapping[str, str]],
    lines: Sequence[int],
    *,
    text: frozenset[str] = frozenset(),
) -> tuple[Table, list[Issue]]:
    """The rows with their values as rules read them.

    Args:
        text: Columns that stay text although every value looks like a number.
    Returns:
        The table, and an error for each value that is not what its column holds.
    """
    kinds = kinds_of(record, columns)
    numbers = undeclared_numbers(columns, rows, kinds) - text
    kinds |= dict.fromkeys(numbers, ColumnKind.number)
    issues: list[Issue] = []
    found = []
    for line, row in zip(lines, rows, strict=True):
        values: dict[str, Any] = {}
        for column in columns:
            raw = (row.get(column) or "").strip()
            value, wrong = _value(raw, kinds.get(column, ColumnKind.text))
            if wrong:
                message = f"{column} '{raw}' is not {wrong}."
                issues.append(Issue("territory_value", Level.error, message, f"{where}:{line}", "Correct the cell."))
            values[column] = value
        for column, value in values.items():
            if isinstance(value, str) and ";" in value:  # a list
                values[column] = ";".join(part.strip() for part in value.split(";") if part.strip())
        found.append(values)
    issues += _ids(record.key[0], where, found, lines)
    return Table(where, tuple(columns), tuple(found), tuple(lines)), issues


def _ids(key: str, where: str, rows: Sequence[Mapping[str, Any]], lines: Sequence[int]) -> list[Issue]:
    issues: list[Issue] = []
    seen: dict[Any, int] = {}
    for line, row in zip(lines, rows, strict=True):
        name = row.get(key)
        if name is None:
            issues.append(Issue("territory_id", Level.error, f"{key} is empty.", f"{where}:{line}", "Give it an id."))
        elif name in seen:
            message = f"{key} '{name}' stands on line {seen[name]} already."
            issues.append(Issue("territory_id", Level.error, message, f"{where}:{line}", "Keep one of the rows."))
        seen.setdefault(name, line)
    return issues


def _value(raw: str, kind: ColumnKind) -> tuple[Any, str]:
    if raw.lower() in MISSING:
        return None, ""
    if kind in NUMBERS:
        value = number(raw)
        return value, "" if value is not None else "a number"
    if kind is ColumnKind.flag:
        return FLAGS.get(raw.lower()), "" if raw.lower() in FLAGS else "true or false"
    if kind in (ColumnKind.day, ColumnKind.instant):
        return _moment(raw, kind)
    return raw, ""


def _moment(raw: str, kind: ColumnKind) -> tuple[Any, str]:
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError:
        return None, "a date such as 2026-12-31"
    plain = moment.replace(tzinfo=None)
    return (date(plain.year, plain.month, plain.day) if kind is ColumnKind.day else plain), ""


def refuse(issues: Sequence[Issue]) -> None:
    """Stop at errors in the inputs, the first of them said whole.

    Raises:
        Invalid: there is one.
    """
    errors = [i for i in issues if i.level is Level.error]
    if errors:
        more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
        raise Invalid(f"{errors[0].where}: {errors[0].message}{more}", hint=errors[0].hint)
