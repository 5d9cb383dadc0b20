"""A source over the tables of a worked example, with the shipped views: the same class as in service, on DuckDB."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from itertools import count
from typing import Any

import ibis
import pyarrow as pa

from geartrain.facts import record_types
from geartrain.kernel.measure.examples import arrow_rows
from geartrain.kernel.periods import FiscalCalendar
from geartrain.services.policies import shipped_policies
from geartrain.services.records.sources import FactSource, view_policies

NUMBERS = count()
META = {"load_source": pa.string(), "load_id": pa.string(), "recorded_at": pa.timestamp("us"), "derived": pa.bool_()}


class Examples:
    """Makes sources on one connection; tables that an example does not have are empty."""

    def __init__(self) -> None:
        self.con: Any = ibis.duckdb.connect()
        self._empty: dict[str, str] = {}

    def __call__(
        self, tables: Mapping[str, pa.Table], *, as_of: date, calendar: FiscalCalendar, currency: str
    ) -> FactSource:
        names = {name: self._store(name, table) for name, table in tables.items()}

        def table(name: str) -> ibis.Table:
            if name not in names:
                empty = arrow_rows(record_types()[name], [], calendar)
                names[name] = self._empty.setdefault(name, "") or self._remember(name, empty)
            return self.con.table(names[name])

        return FactSource(
            records=table,
            whole=table,
            mine=lambda view, rows: rows,
            run=self.con.to_pyarrow,
            calendar=calendar,
            currency=currency,
            as_of=as_of,
            snapshot=sha256(repr(sorted(names.items())).encode()).hexdigest(),
            policies=view_policies(shipped_policies(), calendar, currency),
        )

    def _remember(self, name: str, empty: pa.Table) -> str:
        self._empty[name] = self._store(name, empty)
        return self._empty[name]

    def _store(self, name: str, table: pa.Table) -> str:
        for column, kind in META.items():
            if column not in table.column_names:  # a lead has a source of its own
                table = table.append_column(column, pa.nulls(table.num_rows, kind))
        stored = f"t{next(NUMBERS)}_{name}"
        self.con.create_table(stored, obj=table)
        return stored
