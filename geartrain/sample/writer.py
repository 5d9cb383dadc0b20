"""Tables as files of a canonical folder: the file's name is the record type, its headers are the columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from geartrain.facts import record_type
from geartrain.kernel.records import ColumnKind
from geartrain.sample.tables import Table
from geartrain.sample.world import MISSING, Array

# Types that may be written as Parquet: those grow with the company and hold no cell that cannot be read.
BIG = ("lead", "opportunity_change", "quote_line", "tool_use", "touch")


def write_table(folder: Path, table: Table, *, format: str) -> int:
    """Write a table; returns the rows written, repeated ones included."""
    parquet = format == "parquet" and table.name in BIG and not table.broken
    kinds = {c.name: c.kind for c in record_type(table.name).columns}
    cells = {name: _cells(table, name, kind, typed=parquet) for name, kind in kinds.items()}
    rows = pa.table(cells)
    if table.repeated:
        rows = pa.concat_tables([rows, rows.take(pa.array(table.repeated))])
    write_rows(rows, folder / f"{table.name}.{'parquet' if parquet else 'csv'}")
    return int(rows.num_rows)


def write_rows(rows: pa.Table, to: Path) -> None:
    """One file, CSV or Parquet by its name; empty cells are empty."""
    if to.suffix == ".parquet":
        pq.write_table(rows, to, compression="zstd", store_schema=False)
        return
    # Arrow quotes every text or none, unless a cell needs it: so a folder stays small and reads alike.
    pcsv.write_csv(rows, to, pcsv.WriteOptions(include_header=True, quoting_style="needed", quoting_header="none"))


def write_json(value: object, to: Path) -> None:
    """One JSON file, indented, keys as given."""
    to.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _cells(table: Table, name: str, kind: ColumnKind, *, typed: bool) -> pa.Array:
    values = table[name]
    if kind in (ColumnKind.text, ColumnKind.json):
        return pa.array(values, pa.string())
    if kind is ColumnKind.flag:
        empty = values == -1 if values.dtype != bool else np.zeros(len(values), dtype=bool)
        flags = pa.array(values.astype(bool), pa.bool_(), mask=empty)
        return flags if typed else _mended(table, name, flags.cast(pa.string()))
    empty = values == MISSING
    whole = np.where(empty, 0, values)
    if kind is ColumnKind.instant:
        return (
            pa.array(whole, pa.int64(), mask=empty).cast(pa.timestamp("s", "UTC"))
            if typed
            else _mended(table, name, _texts(whole.astype("datetime64[s]"), empty, suffix="Z"))
        )
    if kind is ColumnKind.day:
        days = pa.array(whole, pa.int64(), mask=empty)
        return (
            days.cast(pa.int32()).cast(pa.date32())
            if typed
            else _mended(table, name, _texts(whole.astype("datetime64[D]"), empty))
        )
    digits = 0 if kind is ColumnKind.integer else 2 if kind is ColumnKind.money else table.digits[name]
    text = decimal_texts(pa.array(whole, pa.int64(), mask=empty), digits)
    if not typed:
        return _mended(table, name, text)
    return text.cast(pa.int64()) if kind is ColumnKind.integer else pc.cast(text, pa.decimal128(38, max(digits, 2)))


def _texts(values: Array, empty: Array, *, suffix: str = "") -> pa.Array:
    found = pa.array(np.datetime_as_string(values), pa.string(), mask=empty)
    return pc.binary_join_element_wise(found, suffix, "") if suffix else found


def decimal_texts(units: pa.Array, digits: int) -> pa.Array:
    """Whole numbers in units of 10^-digits as text: 1234 with 2 digits is 12.34."""
    if digits == 0:
        return units.cast(pa.string())
    sign = pc.if_else(pc.less(units, 0), "-", "")
    size = pc.abs(units)
    whole = pc.divide(size, 10**digits)
    rest = pc.subtract(size, pc.multiply(whole, 10**digits))
    part = pc.utf8_lpad(rest.cast(pa.string()), digits, "0")
    return pc.binary_join_element_wise(pc.binary_join_element_wise(sign, whole.cast(pa.string()), ""), part, ".")


def _mended(table: Table, name: str, cells: pa.Array) -> pa.Array:
    """The cells with the broken ones put in."""
    broken = table.broken.get(name)
    if not broken:
        return cells
    listed: Sequence[str | None] = cells.to_pylist()
    return pa.array([broken.get(n, cell) for n, cell in enumerate(listed)], pa.string())
