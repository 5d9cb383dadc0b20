"""Staged Parquet files, read with DuckDB on the way into any warehouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from geartrain.kernel.errors import Invalid
from geartrain.stores.warehouse.duck import literal, parquet, sql_type


def staged_columns(duck: duckdb.DuckDBPyConnection, staged: Path, needed: Sequence[str]) -> dict[str, str]:
    """Column names of a staged file with their types as DuckDB spells them.

    Raises:
        Invalid: it cannot be read, or a needed column is not there.
    """
    try:
        found = duck.execute(f"DESCRIBE SELECT * FROM {parquet([staged])}").fetchall()
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        raise Invalid(f"{staged.name} is no Parquet file that can be read: {error}.") from None
    columns = {str(row[0]): str(row[1]) for row in found}
    if missing := [c for c in needed if c not in columns]:
        raise Invalid(f"{staged.name} lacks the columns {', '.join(missing)}.", hint="Stage them with no values.")
    return columns


def staged_select(
    staged: Path, held: Mapping[str, str], wanted: Mapping[str, str], given: Mapping[str, str], recorded_at: datetime
) -> str:
    """SELECT of the wanted columns (name to Ibis type) over a staged file.

    Args:
        held: What the file has.
        given: Columns that stand in every row with this text; `load_id` whatever the file says, others where the file
            has none.
        recorded_at: Stands in every row.
    """
    parts = []
    for name, kind in wanted.items():
        to = sql_type(kind)
        if name == "recorded_at":
            value = f"TIMESTAMP {literal(recorded_at.isoformat(' '))}"
        elif name == "load_id" or (name in given and name not in held):
            value = literal(given[name])
        elif name == "derived":
            value = 'coalesce("derived", false)' if name in held else "false"
        elif name not in held:
            value = f"CAST(NULL AS {to})"
        else:
            value = f'"{name}"' if held[name] == to else f'CAST("{name}" AS {to})'
        parts.append(f'{value} AS "{name}"')
    return f"SELECT {', '.join(parts)} FROM {parquet([staged])}"
