"""The embedded warehouse: immutable Parquet files behind a manifest, read with DuckDB in any number of processes."""

from __future__ import annotations

import fcntl
import os
import secrets
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from threading import Lock, RLock
from typing import TYPE_CHECKING, Any, Self

import duckdb
import ibis
import pyarrow as pa
from ibis.expr import operations as ops

from geartrain.facts import record_type
from geartrain.kernel.errors import Conflict
from geartrain.kernel.records import known_at
from geartrain.stores.warehouse import manifest as disk
from geartrain.stores.warehouse.base import QUARANTINE, Damaged, LoadEntry, Params, utc
from geartrain.stores.warehouse.duck import Limits, connect, scan
from geartrain.stores.warehouse.history import read_entry
from geartrain.stores.warehouse.manifest import Manifest, TypeFiles
from geartrain.stores.warehouse.prepared import prepared

if TYPE_CHECKING:
    from geartrain.stores.warehouse.embedded_writer import EmbeddedWriter

WRITER_LIMITS = Limits(memory="1GB")
# Tables that one state keeps at most. A page reads a dozen, of one day.
KEPT = 200


class State:
    """One manifest as this process sees it: the views over its files, and how many snapshots read it now."""

    def __init__(self, folder: Path, manifest: Manifest, digest: str) -> None:
        self.folder, self.manifest, self.digest = folder, manifest, digest
        self.schema = f"g{manifest.generation}_{secrets.token_hex(4)}"
        self.views: set[str] = set()
        self.kept: dict[str, None] = {}  # least recently read first
        self.locks: dict[str, Lock] = {}
        self.guard = Lock()
        self.readers = 0
        self.lock: int | None = None
        self.checked = False

    def hold(self) -> bool:
        """Pin the manifest for one more reader; False if it has been swept meanwhile."""
        if not self.readers and self.manifest.generation:
            self.lock = disk.pin(self.folder, self.manifest.name)
            if self.lock is None:
                return False
        self.readers += 1
        return True

    def release(self) -> None:
        """One reader less; the last one lets the writer have the files."""
        self.readers -= 1
        if not self.readers and self.lock is not None:
            os.close(self.lock)
            self.lock = None

    def check(self) -> None:
        """See once that every file is there in its full length."""
        if not self.checked and (found := disk.damages(self.folder, self.manifest, whole=False)):
            raise Damaged(" ".join(found[:3]), hint=disk.RESTORE)
        self.checked = True

    @contextmanager
    def making(self, name: str) -> Iterator[bool]:
        """Whether a kept table is made already; those who want the same one meanwhile wait for the first."""
        with self.guard:
            lock = self.locks.setdefault(name, Lock())
        with lock:
            yield name in self.kept
            with self.guard:
                self.kept.pop(name, None)
                self.kept[name] = None

    def surplus(self) -> list[str]:
        """Kept tables beyond `KEPT`, which nobody has read for the longest; they are forgotten here."""
        with self.guard:
            found = list(self.kept)[: max(0, len(self.kept) - KEPT)]
            for name in found:
                del self.kept[name]
        return found

    @cached_property
    def history(self) -> list[LoadEntry]:
        """The loads, latest first."""
        return [read_entry(self.folder / name) for name in reversed(self.manifest.loads)]


class EmbeddedWarehouse:
    """Facts in a folder. Open as many as you like, in as many processes; one of them writes at a time.

    Args:
        folder: Made by `migrate`, or by the first load.
        limits: For reading, shared by all threads of this process.
        writer_limits: For loads.
    """

    engine = "duckdb"

    def __init__(self, folder: Path, *, limits: Limits | None = None, writer_limits: Limits | None = None) -> None:
        self.folder = folder.absolute()
        self.limits = limits or Limits()
        self.writer_limits = writer_limits or WRITER_LIMITS
        self._guard = RLock()
        self._latest: State | None = None

    @cached_property
    def duck(self) -> duckdb.DuckDBPyConnection:
        """The DuckDB that every snapshot of this process has a cursor of."""
        return connect(self.limits, spill=self.spill("read"))

    def spill(self, purpose: str) -> Path:
        """A folder that no other engine spills into: DuckDB names its files alike in every process."""
        return self.folder / disk.TMP / f"{purpose}-{os.getpid()}-{secrets.token_hex(4)}"

    def migrate(self) -> None:
        """Make the folder, with no facts in it; harmless where it is made."""
        if disk.read_pointer(self.folder) is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self.writer_lock(wait_seconds=30.0):
                if disk.read_pointer(self.folder) is None:
                    disk.publish(self.folder, Manifest())

    def snapshot(self) -> EmbeddedSnapshot:
        """The latest committed state. Raises: Damaged."""
        return EmbeddedSnapshot(self, self.state())

    def state(self) -> State:
        """The latest state, pinned for one reader."""
        with self._guard:
            while True:
                name, digest = disk.read_pointer(self.folder) or (Manifest().name, "")
                state = self._latest
                if state is None or state.digest != digest:
                    state = State(self.folder, self._read(name, digest), digest)
                # A writer may have replaced and swept the state between the two reads: then there is a newer one.
                if state.manifest.generation != -1 and state.hold():
                    break
            try:
                state.check()
            except Damaged:
                state.release()
                raise
            self._replace(state)
            return state

    def _read(self, name: str, digest: str) -> Manifest:
        if not digest:
            return Manifest()
        try:
            return disk.read_manifest(self.folder, name, digest)
        except Damaged:
            if disk.read_pointer(self.folder) == (name, digest):
                raise
            return Manifest(generation=-1)

    def _replace(self, state: State) -> None:
        before, self._latest = self._latest, state
        if before is not None and before is not state and not before.readers:
            self._drop(before)

    def let_go(self, state: State) -> None:
        """One snapshot of a state was closed."""
        with self._guard:
            state.release()
            if not state.readers and state is not self._latest:
                self._drop(state)

    def _drop(self, state: State) -> None:
        if state.views:
            with self.duck.cursor() as cursor:
                cursor.execute(f"DROP SCHEMA IF EXISTS {state.schema} CASCADE")
            state.views.clear()

    def view(self, state: State, name: str, files: tuple[disk.DataFile, ...], columns: dict[str, str]) -> None:
        """See that a view over these files exists in the state's schema."""
        with self._guard:
            if name in state.views:
                return
            select = scan(files, columns, folder=self.folder, columns=state.manifest.columns)
            with self.duck.cursor() as cursor:
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {state.schema}")
                cursor.execute(f'CREATE VIEW {state.schema}."{name}" AS {select}')
            state.views.add(name)

    @contextmanager
    def writer_lock(self, *, wait_seconds: float) -> Iterator[None]:
        """Be the one writer of the folder, of all processes. The kernel ends it with the process.

        Raises:
            Conflict: another is still writing.
        """
        fd = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            deadline = time.monotonic() + wait_seconds
            while True:
                with suppress(BlockingIOError):
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                if time.monotonic() >= deadline:
                    raise Conflict("Another load is running.", hint="Wait until it has ended, then load again.")
                time.sleep(0.02)
            yield
        finally:
            os.close(fd)

    @contextmanager
    def write(self, *, recorded_at: datetime, source: str, wait_seconds: float = 30.0) -> Iterator[EmbeddedWriter]:
        """Open a load. Raises: Conflict, Invalid."""
        from geartrain.stores.warehouse.embedded_writer import EmbeddedWriter

        self.migrate()
        with self.writer_lock(wait_seconds=wait_seconds):
            before = self.snapshot()
            disk.sweep(self.folder, before.state.manifest)
            self._sweep_spills()
            writer = EmbeddedWriter(self, before, utc(recorded_at), source)
            try:
                yield writer
            finally:
                writer.close()
                before.close()

    def _sweep_spills(self) -> None:
        """Remove what engines of ended processes have spilled."""
        for path in (self.folder / disk.TMP).glob("*-*-*"):
            pid = path.name.split("-")[1]
            if not _alive(int(pid)) if pid.isdigit() else True:
                rmtree(path, ignore_errors=True)

    def verify(self) -> list[str]:
        """Read every byte of the latest state; what is not as it was written, empty where all is well."""
        try:
            state = self.state()
        except Damaged as damage:
            return [damage.message]
        try:
            return disk.damages(self.folder, state.manifest, whole=True)
        finally:
            self.let_go(state)

    def close(self) -> None:
        """Let go of DuckDB's memory."""
        with self._guard:
            if "duck" in self.__dict__:
                self.duck.close()
                del self.__dict__["duck"]
            self._latest = None


class EmbeddedSnapshot:
    """One state, read through a DuckDB cursor of its own."""

    def __init__(self, warehouse: EmbeddedWarehouse, state: State) -> None:
        self.warehouse, self.state, self.id = warehouse, state, state.manifest.id
        self._running, self._opening = Lock(), Lock()
        self._con: Any = None
        self._cursors: list[duckdb.DuckDBPyConnection] = []
        self._close = weakref.finalize(self, _close, warehouse, state, self._cursors)

    @property
    def con(self) -> Any:
        """Opened by the first question: most snapshots are asked only which state they are."""
        with self._opening:
            if self._con is None:
                self._cursors.append(cursor := self.warehouse.duck.cursor())
                self._con = ibis.duckdb.from_connection(cursor)
            return self._con

    def table(self, name: str, *, known_as_of: datetime | None = None) -> ibis.Table:
        """One row per key, a plain scan of files unless older knowledge is asked for."""
        declared = record_type(name)
        files = self._files(name)
        known = utc(known_as_of) if known_as_of is not None else None
        if known is not None and files.recorded_at is not None and known < files.recorded_at:
            return known_at(self.versions(name), declared.key, known)
        return self._view(name, files.current, declared.schema)

    def versions(self, name: str) -> ibis.Table:
        """Every version."""
        return self._view(f"{name}__versions", self._files(name).versions, record_type(name).schema)

    def quarantine(self) -> ibis.Table:
        """Rows that were not loaded."""
        return self._view("_quarantine", self.state.manifest.quarantine, QUARANTINE)

    def loads(self) -> list[LoadEntry]:
        """History, latest first."""
        return list(self.state.history)

    def execute(self, expr: ibis.Expr, params: Params | None = None) -> pa.Table:
        """Run an expression."""
        table = expr.as_table()
        if not params:
            with self._running:
                # What to_pyarrow of the engine does, without the second of importing pandas for nothing.
                found = self.con._to_duckdb_relation(table).to_arrow_table()
            return table.__pyarrow_result__(found)
        statement, values = prepared(table, params)
        with self._running:
            self.con._run_pre_execute_hooks(table)  # tables in memory that it reads
            found = self.con.con.sql(statement, params=values).to_arrow_table()
        return table.__pyarrow_result__(found)

    def keep(self, key: str, expr: ibis.Table) -> ibis.Table:
        """The rows of an expression, worked out once for this state and read by every thread of the process."""
        name, schema = f"kept_{sha256(key.encode()).hexdigest()[:32]}", expr.schema()
        with self.state.making(name) as made:
            if not made:
                with self._running:
                    self.con._run_pre_execute_hooks(expr)  # tables in memory that it reads
                    select = str(self.con.compile(expr))
                    self.con.con.execute(f'CREATE OR REPLACE TABLE memory."{self.state.schema}"."{name}" AS {select}')
                    for old in self.state.surplus():
                        self.con.con.execute(f'DROP TABLE IF EXISTS memory."{self.state.schema}"."{old}"')
        where = ops.Namespace(catalog="memory", database=self.state.schema)
        return ops.DatabaseTable(name, schema=schema, source=self.con, namespace=where).to_expr()

    def close(self) -> None:
        """Let go of the state."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _files(self, name: str) -> TypeFiles:
        return self.state.manifest.types.get(name, TypeFiles())

    def _view(self, name: str, files: tuple[disk.DataFile, ...], columns: dict[str, str]) -> ibis.Table:
        self.warehouse.view(self.state, name, files, columns)
        where = ops.Namespace(catalog="memory", database=self.state.schema)
        # Told, not asked: looking the columns up would cost a query each.
        return ops.DatabaseTable(name, schema=ibis.schema(columns), source=self.con, namespace=where).to_expr()


def _close(warehouse: EmbeddedWarehouse, state: State, cursors: list[duckdb.DuckDBPyConnection]) -> None:
    for cursor in cursors:
        cursor.close()
    warehouse.let_go(state)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
