"""DuckDB over immutable Parquet files: connections with limits, and the SQL of a table that lies in files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import ibis
from ibis.backends.sql.datatypes import DuckDBType

from geartrain.stores.warehouse.manifest import DataFile


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process may use: memory as DuckDB spells it (`2GB`; empty for four fifths of the machine), threads."""

    memory: str = ""
    threads: int = 0


def connect(limits: Limits, *, spill: Path, ordered: bool = True) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB that stays offline and spills into a folder of its own.

    Args:
        ordered: Whether rows keep their order where a query states none; without, big copies take less memory.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "temp_directory": str(spill),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": ordered,
    }
    if limits.memory:
        config["memory_limit"] = limits.memory
    if limits.threads:
        config["threads"] = limits.threads
    # Who may only read the folder can still ask what fits in memory.
    with suppress(OSError):
        spill.parent.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(":memory:", config=config)
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET enable_progress_bar = false")
    # Ibis 12 writes `x -> …`, which DuckDB 2 takes only where it is told to.
    con.execute("SET GLOBAL lambda_syntax = 'ENABLE_SINGLE_ARROW'")
    # Files never change under their name, so footers that were read once hold.
    con.execute("SET parquet_metadata_cache = true")
    return con


@cache
def sql_type(ibis_type: str) -> str:
    """DuckDB's name of an Ibis type."""
    return str(DuckDBType.to_string(ibis.dtype(ibis_type)))


def row_of(con: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """The one row of a query that always has one."""
    found = con.execute(query).fetchone()
    assert found is not None
    return found


def literal(text: str | Path) -> str:
    """A text as SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def parquet(paths: Iterable[Path], options: str = "") -> str:
    """A table function over files."""
    return f"read_parquet([{', '.join(map(literal, paths))}]{options})"


def scan(
    files: Iterable[DataFile], wanted: Mapping[str, str], *, folder: Path, columns: Mapping[str, Mapping[str, str]]
) -> str:
    """SELECT of the wanted columns (name to Ibis type) over files, which may be of an older declaration of the type.

    A column that a file does not have is missing in its rows; one whose type has changed is cast. No file is an
    empty table.
    """
    groups: dict[str, list[Path]] = {}
    for file in files:
        groups.setdefault(file.columns, []).append(folder / file.path)
    parts = []
    for key, paths in groups.items():
        held = columns[key]
        chosen = ", ".join(_column(name, kind, held.get(name)) for name, kind in wanted.items())
        parts.append(f"SELECT {chosen} FROM {parquet(paths)}")
    if not parts:
        return f"SELECT {', '.join(_column(n, k, None) for n, k in wanted.items())} WHERE false"
    return " UNION ALL ".join(parts)


def _column(name: str, kind: str, held: str | None) -> str:
    if held == kind:
        return f'"{name}"'
    return f'CAST({"NULL" if held is None else chr(34) + name + chr(34)} AS {sql_type(kind)}) AS "{name}"'
