"""Small tables of records in DuckDB: what is not given is unknown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import ibis
import pyarrow as pa
import pytest

from geartrain.facts import record_types, view_modules
from geartrain.facts.transforms import ViewPolicies
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import ColumnKind

META = {
    "extra": "string",
    "load_source": "string",
    "load_id": "string",
    "recorded_at": "timestamp(6)",
    "derived": "boolean",
}
Rows = list[dict[str, Any]]


def _value(kind: ColumnKind, value: Any) -> Any:
    if value is None:
        return None
    if kind is ColumnKind.instant:
        return datetime.fromisoformat(value)
    if kind is ColumnKind.day:
        return date.fromisoformat(value)
    return Decimal(str(value)) if kind in (ColumnKind.money, ColumnKind.number) else value


class Facts:
    """Tables by name, and the views over them, on an engine of its own."""

    def __init__(self, **rows: Rows) -> None:
        self.con = ibis.duckdb.connect()
        self.rows = rows
        self.made: dict[str, ibis.Table] = {}

    def table(self, name: str) -> ibis.Table:
        if name not in self.made:
            declared = record_types()[name]
            schema = ibis.schema({c.name: c.ibis_type for c in declared.columns} | META)
            kinds = {c.name: c.kind for c in declared.columns}
            given = self.rows.get(name, [])
            typed = [{c: _value(kinds.get(c, ColumnKind.text), r.get(c)) for c in schema} for r in given]
            self.made[name] = self.con.create_table(name, pa.Table.from_pylist(typed, schema=schema.to_pyarrow()))
        return self.made[name]

    def view(
        self,
        name: str,
        as_of: str,
        *,
        calendar: FiscalCalendar = FiscalCalendar(),
        policies: ViewPolicies = ViewPolicies(),
    ) -> Rows:
        module = view_modules()[name]
        built = module.build(self.table, as_of=date.fromisoformat(as_of), calendar=calendar, policies=policies)
        return self.con.to_pyarrow(built.order_by(list(module.VIEW.key))).to_pylist()


@pytest.fixture
def facts() -> Callable[..., Facts]:
    return Facts
