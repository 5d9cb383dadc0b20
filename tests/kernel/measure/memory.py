"""A source that holds small tables in DuckDB, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import count
from typing import Any

import ibis
import pyarrow as pa

from geartrain.kernel.measure import Cut
from geartrain.kernel.measure.examples import arrow_rows
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import RecordType
from tests.kernel.measure.cases import CUTS, TYPES

NUMBERS = count()


@dataclass
class MemorySource:
    """Tables by name on a connection; what is not there is empty."""

    con: Any
    names: Mapping[str, str]
    as_of: date = date(2026, 12, 31)
    calendar: FiscalCalendar = field(default_factory=FiscalCalendar)
    currency: str = "USD"
    snapshot: str = "0" * 64
    types: Mapping[str, RecordType] = field(default_factory=lambda: TYPES)
    cuts: Mapping[str, Cut] = field(default_factory=lambda: CUTS)

    def table(self, name: str) -> ibis.Table:
        return self._tables[name] if name in self._tables else self._empty(name)

    @cached_property
    def _tables(self) -> dict[str, ibis.Table]:
        return {name: self.con.table(stored) for name, stored in self.names.items()}

    def _empty(self, name: str) -> ibis.Table:
        stored = f"t{next(NUMBERS)}_{name}"
        self.con.create_table(stored, obj=arrow_rows(self.types[name], [], self.calendar))
        return self._tables.setdefault(name, self.con.table(stored))

    def currencies(self, name: str) -> frozenset[str]:
        if name not in self._currencies:
            values = self.execute(self.table(name).select("currency").distinct()).to_pydict()["currency"]
            self._currencies[name] = frozenset(v for v in values if v)
        return self._currencies[name]

    @cached_property
    def _currencies(self) -> dict[str, frozenset[str]]:
        return {}

    def execute(self, expr: ibis.Expr, params: Mapping[ibis.Scalar, date | None] | None = None) -> pa.Table:
        return self.con.to_pyarrow(expr, params=params)


def make_source(con: Any, facts: Mapping[str, Any], **settings: Any) -> MemorySource:
    """A source over rows as a file would hold them, or over arrow tables."""
    calendar = settings.get("calendar") or FiscalCalendar()
    names = {}
    for name, rows in facts.items():
        stored = f"t{next(NUMBERS)}_{name}"
        table = rows if isinstance(rows, pa.Table) else arrow_rows(TYPES[name], rows, calendar)
        con.create_table(stored, obj=table)
        names[name] = stored
    return MemorySource(con, names, **settings)
