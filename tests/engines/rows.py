"""Small rows of Python values into a warehouse, for tests on any engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.expr import operations as ops

from geartrain.facts import record_type
from geartrain.stores.warehouse import Warehouse
from geartrain.stores.warehouse.base import QUARANTINE, Counts, LoadEntry

FIRST = datetime.fromisoformat("2026-01-01T12:00")
Rows = Iterable[Mapping[str, Any]]


def stage(name: str, rows: Rows, path: Path) -> Path:
    """A staged file of a record type. Columns that a row does not name are missing; decimals may be given as text."""
    declared = record_type(name)
    columns = {c.name: c.ibis_type for c in declared.columns} | {"extra": "string"}
    rows = list(rows)
    if any("derived" in row for row in rows):
        columns["derived"] = "boolean"
    return write_parquet(rows, columns, path)


def write_parquet(rows: Rows, columns: Mapping[str, str], path: Path) -> Path:
    """A Parquet file with these columns (name to Ibis type)."""
    schema = ibis.schema(dict(columns)).to_pyarrow()
    rows = list(rows)
    if unknown := {k for row in rows for k in row} - set(columns):
        raise KeyError(f"no such columns: {sorted(unknown)}")
    arrays = []
    for field in schema:
        values = [row.get(field.name) for row in rows]
        arrays.append(pa.array(list(map(_exact, values)) if pa.types.is_decimal(field.type) else values, field.type))
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path)
    return path


def load(
    warehouse: Warehouse,
    types: Mapping[str, Rows],
    *,
    day: float = 0,
    source: str = "crm",
    quarantined: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Commit one load, recorded so many days after `FIRST`. Returns: the id of the facts."""
    with TemporaryDirectory() as folder, warehouse.write(recorded_at=FIRST + timedelta(day), source=source) as writer:
        counts = {}
        for name, rows in types.items():
            path = stage(name, rows, Path(folder, f"{name}.parquet"))
            stored, duplicates = writer.append(record_type(name), path)
            counts[name] = Counts(stored + duplicates, stored, 0, duplicates)
        if quarantined:
            columns = {k: v for k, v in QUARANTINE.items() if k != "load_id"}
            writer.reject(write_parquet(quarantined, columns, Path(folder, "quarantine.parquet")))
        return writer.commit(LoadEntry(writer.load_id, source, writer.recorded_at, counts))


def read(snapshot: Any, table: ibis.Table, *columns: str) -> list[tuple[Any, ...]]:
    """Rows of these columns, in their order."""
    found = snapshot.execute(table.select(*columns).order_by(list(columns)))
    return list(zip(*found.to_pydict().values(), strict=True))


def put(snapshot: Any, rows: pa.Table) -> ibis.Table:
    """A small table of a question, on the engine of a snapshot; nothing is stored."""
    table = ibis.memtable(rows)
    if snapshot.con.name != "pyspark":
        return table
    # Ibis hands small tables to Spark through pandas, where a missing decimal is an error; Spark itself takes Arrow.
    from ibis.backends.pyspark.datatypes import PySparkSchema

    name, schema = table.get_name(), table.schema()
    frame = snapshot.con._session.createDataFrame(rows, schema=PySparkSchema.from_ibis(schema))
    frame.createOrReplaceTempView(name)
    return ops.DatabaseTable(name, schema=schema, source=snapshot.con, namespace=ops.Namespace()).to_expr()


def wait_until(ready: Callable[[], bool], what: str, *, seconds: float = 60.0) -> None:
    """Wait for a server to come up."""
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, f"{what} did not start in {seconds:.0f} s"
        time.sleep(0.1)


def _exact(value: Any) -> Any:
    return Decimal(str(value)) if value is not None else None
