"""Addresses of records, and how their columns are shown in tables; shared by the pages that list records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from geartrain.facts import record_types
from geartrain.kernel.records import ColumnKind, RecordType
from geartrain.web.tables import Col

UNITS = {ColumnKind.money: "money", ColumnKind.integer: "count", ColumnKind.number: "number"}
HOUSEKEEPING = ("extra", "load_source", "load_id", "recorded_at", "derived")


def record_url(record_type: str, *key: Any) -> str:
    """Where one record stands. Keys may hold any character, so they travel as parameters."""
    return f"{reverse('record', args=[record_type])}?{urlencode([('key', k) for k in key])}"


def described(record_type: RecordType) -> dict[str, Any]:
    """A type for templates, which would take its own subscript (a column) before its attributes."""
    t = record_type
    return {"name": t.name, "doc": t.doc, "grain": t.grain, "key": t.key, "columns": t.columns}


def record_columns(record_type: RecordType, rows: Sequence[Mapping[str, Any]], *, sortable: bool = False) -> list[Col]:
    """The columns that at least one of these rows fills, keys first, references as links."""
    filled = [
        c for c in record_type.columns if c.name in record_type.key or any(r.get(c.name) is not None for r in rows)
    ]
    return [
        Col(
            c.name,
            c.name.replace("_", " "),
            unit=UNITS.get(c.kind, "") if c.kind is ColumnKind.money else "",
            href=_link(record_type, c.name),
            help=c.doc,
            sortable=sortable,
        )
        for c in filled
    ]


def _link(record_type: RecordType, column: str) -> Callable[[Mapping[str, Any]], str] | None:
    target = record_types().get(record_type[column].ref or "")
    if target is not None and len(target.key) == 1:
        return lambda row: record_url(target.name, row[column]) if row.get(column) is not None else ""
    if column == record_type.key[0]:
        return lambda row: record_url(record_type.name, *(_text(row[k]) for k in record_type.key))
    return None


def _text(value: Any) -> str:
    """A key as the warehouse writes it as text."""
    return value if isinstance(value, str) else str(value)
