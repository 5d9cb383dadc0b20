"""What a warehouse is to the services: pinned snapshots to read, one writer at a time, loads that are atomic.

Three implementations, one file each: `embedded.py` (immutable Parquet behind a manifest, read with DuckDB),
`spark.py` (the same files, read with Spark), `postgres.py`. `geartrain.stores.warehouse.open_warehouse` picks by URL.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import ibis
import pyarrow as pa

from geartrain.kernel.records import RecordType


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows of one record type in one load. read = loaded + quarantined + duplicates.

    `loaded` rows are new records or new versions; `duplicates` repeat what is already known, byte for byte.
    """

    read: int
    loaded: int
    quarantined: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class LoadEntry:
    """One committed load, as it stands in the history. `issues` are `Issue.as_json()` values."""

    load_id: str
    source: str
    recorded_at: datetime
    counts: dict[str, Counts]
    issues: Sequence[dict[str, str]] = ()
    meta: dict[str, Any] = field(default_factory=dict)  # location, mapping sha256, actor, column formats, zones


class Snapshot(Protocol):
    """One state of the warehouse, pinned: every table read through it belongs to the same committed load.

    `con` is the Ibis backend the tables live on. Close it (or leave the `with`) to let old files go.
    """

    id: str  # sha256 over the content: same facts, same id, on every engine
    con: Any

    def table(self, name: str, *, known_as_of: datetime | None = None) -> ibis.Table:
        """One row per key: the latest version (known at that instant, UTC). Columns: `RecordType.schema`.

        A type never loaded is an empty table with that schema.
        """
        ...

    def versions(self, name: str) -> ibis.Table:
        """Every version of every record: one row per key and recorded_at."""
        ...

    def quarantine(self) -> ibis.Table:
        """Rows that were not loaded: load_id, type, file, line, column, value, code, message, hint, row (JSON text)."""
        ...

    def loads(self) -> list[LoadEntry]:
        """History, latest first."""
        ...

    def execute(self, expr: ibis.Expr) -> pa.Table:
        """Run an expression; rows in the order the expression states."""
        ...

    def close(self) -> None: ...


class Writer(Protocol):
    """An open load. Nothing of it is visible until `commit`; leaving the `with` without it leaves no trace."""

    load_id: str

    def append(self, record_type: RecordType, staged: Path) -> tuple[int, int]:
        """Add rows from a Parquet file with the columns of `record_type.columns` plus `extra` (others are added here).

        The staged file has unique keys. A row equal to the latest known version is a duplicate and not stored.
        `derived` may be a column of the file; where it is not, rows are not derived.
        Returns: (stored, duplicates).
        """
        ...

    def reject(self, staged: Path) -> None:
        """Add quarantined rows from a Parquet file with the columns of `Snapshot.quarantine` less load_id."""
        ...

    def before(self) -> Snapshot:
        """The state this load builds on, for diffs."""
        ...

    def commit(self, entry: LoadEntry) -> str:
        """Make the load visible, atomically and durably. Returns the new snapshot's id."""
        ...


class Warehouse(Protocol):
    """Facts and computed results."""

    engine: str  # "duckdb" | "postgres" | "spark"

    def migrate(self) -> None:
        """Create or upgrade what is stored; safe to repeat."""
        ...

    def snapshot(self) -> Snapshot:
        """The latest committed state; never waits for a writer."""
        ...

    def write(self, *, recorded_at: datetime, wait_seconds: float = 30.0) -> AbstractContextManager[Writer]:
        """Open a load.

        Raises:
            Conflict: another load is still running after `wait_seconds`.
        """
        ...
