"""What a warehouse is to the services: pinned snapshots to read, one writer at a time, loads that are atomic.

Three implementations, one file each: `embedded.py` (immutable Parquet behind a manifest, read with DuckDB),
`spark.py` (the same files, read with Spark), `postgres.py`. `geartrain.stores.warehouse.open_warehouse` picks by URL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, Self

import ibis
import pyarrow as pa

from geartrain.kernel.errors import GeartrainError
from geartrain.kernel.records import RecordType

# Rows that were not loaded, as `Snapshot.quarantine` has them. A staged file carries all but `load_id`.
QUARANTINE: dict[str, str] = {
    "load_id": "string",
    "type": "string",
    "file": "string",
    "line": "int64",
    "column": "string",
    "value": "string",
    "code": "string",
    "message": "string",
    "hint": "string",
    "row": "string",
}


Params = Mapping[ibis.Scalar, Any]
"""The values of an expression's parameters (`ibis.param`)."""


class Damaged(GeartrainError):
    """What is stored cannot be read as it was written: a file is lost, cut off or changed."""

    code = "damaged"
    status = 500


class Unavailable(GeartrainError):
    """The engine cannot be reached, or lacks something on this machine."""

    code = "unavailable"
    status = 503


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

    `con` is the Ibis backend the tables live on. Close it (or leave the `with`) to let old files go. One snapshot may
    be used by several threads, one after the other; threads that want to run at once open one each (a few ms).
    """

    id: str  # sha256 over the content: same facts, same id, on every engine; see content.py for what is in it
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

    def execute(self, expr: ibis.Expr, params: Params | None = None) -> pa.Table:
        """Run an expression; rows in the order the expression states.

        Args:
            params: The values of its `ibis.param`s. Such an expression is meant to be run again with other values.
        """
        ...

    def keep(self, key: str, expr: ibis.Table) -> ibis.Table:
        """The same rows as an expression, for cheap reading again under the same key in this state.

        The key says everything that the expression depends on besides the state. An engine may work the rows out once
        and keep them, or hand the expression back as it is.
        """
        ...

    def close(self) -> None:
        """Let go of the state; harmless to repeat."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


class Writer(Protocol):
    """An open load. Nothing of it is visible until `commit`; leaving the `with` without it leaves no trace."""

    load_id: str  # L000001, L000002, …: loads are ordered, and the same loads have the same ids on every engine
    recorded_at: datetime  # never earlier than the load before: see `Warehouse.write`

    def append(self, record_type: RecordType, staged: Path) -> tuple[int, int]:
        """Add rows from a Parquet file with the columns of `record_type.columns` plus `extra` (others are added here).

        The staged file has unique keys. A row equal to the latest known version (every column of the type and `extra`,
        a missing value equal to a missing value) is a duplicate and not stored. `derived` and `load_source` may be
        columns of the file; where they are not, rows are not derived and from the load's source. A second append to the
        same type in one load supersedes the rows of the first with the same keys without leaving a version.

        Returns: (stored, duplicates).
        Raises: Invalid: the file lacks a column.
        """
        ...

    def remove(self, record_type: RecordType, staged: Path) -> int:
        """Take records out of the state; earlier versions stay, and a last one says that they are deleted.

        The staged file has them whole, as they were before, with `load_source` beginning with `deleted:`. None of them
        is appended in this load. Returns: its rows.
        """
        ...

    def reject(self, staged: Path) -> None:
        """Add quarantined rows from a Parquet file with the columns of `Snapshot.quarantine` less load_id."""
        ...

    def before(self) -> Snapshot:
        """The state this load builds on."""
        ...

    def revised(self, name: str) -> tuple[ibis.Table, ibis.Table]:
        """For diffs: a type as it was before this load, and the rows this load has stored; on one connection.

        One row per key in each; the first may be cut to the keys of the second.
        """
        ...

    def stage(self, expr: ibis.Table, to: Path) -> int:
        """Write an expression over `revised` or `before` to a Parquet file fit for `append`. Returns its rows."""
        ...

    def commit(self, entry: LoadEntry) -> str:
        """Make the load visible, atomically and durably. Returns the new snapshot's id.

        The entry is kept with the writer's own load_id and recorded_at.
        """
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

    def write(
        self, *, recorded_at: datetime, source: str, wait_seconds: float = 30.0
    ) -> AbstractContextManager[Writer]:
        """Open a load.

        Args:
            recorded_at: When its facts become known (UTC). Clocks of two machines differ: up to five minutes before
                the load before it counts as the same instant.
            source: Stands in every row it stores.

        Raises:
            Conflict: another load is still running after `wait_seconds`.
            Invalid: recorded before what is already known, which would change what was known then.
        """
        ...

    def verify(self) -> list[str]:
        """Read everything that is stored and say what is not as it was written; empty where all is well."""
        ...

    def close(self) -> None:
        """Let go of connections and memory; open snapshots end with it."""
        ...


CLOCK_SKEW_SECONDS = 300


def utc(instant: datetime) -> datetime:
    """An instant as it is stored: naive UTC."""
    return instant if instant.tzinfo is None else instant.astimezone(UTC).replace(tzinfo=None)
