"""The warehouse on a PostgreSQL server: one transaction a load, one REPEATABLE READ transaction a snapshot."""

from __future__ import annotations

import json
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import partial
from threading import Lock, RLock
from typing import TYPE_CHECKING, Any, Self

import ibis
import psycopg
import pyarrow as pa
from ibis.expr import operations as ops
from psycopg import IsolationLevel

from geartrain.facts import record_type, record_types
from geartrain.kernel.errors import Conflict
from geartrain.kernel.records import known_at
from geartrain.stores.warehouse.base import QUARANTINE, LoadEntry, Params, Unavailable, utc
from geartrain.stores.warehouse.history import entry_of
from geartrain.stores.warehouse.postgres_schema import (
    SCHEMA,
    WRITER_LOCK,
    check_server,
    is_ready,
    row_of,
    upgrade,
)

if TYPE_CHECKING:
    from geartrain.stores.warehouse.postgres_writer import PostgresWriter

KEPT_CONNECTIONS = 8
FETCHED_ROWS = 50_000
# Amounts have up to 38 digits; Python's own context would round at 28.
WIDE = Context(prec=76, rounding=ROUND_HALF_UP)


class PostgresWarehouse:
    """Facts in the schema `geartrain` of a database.

    Args:
        url: `postgresql://user:password@host:port/database`, as libpq takes it.
    """

    engine = "postgres"

    def __init__(self, url: str) -> None:
        self.url = url
        self._idle: list[psycopg.Connection] = []
        # Entered again where a snapshot that nobody closed is collected meanwhile.
        self._guard = RLock()
        self._ready = False

    def connect(self) -> psycopg.Connection:
        """A new connection.

        Raises:
            Unavailable: the server cannot be reached, does not let us in, or is too old.
        """
        try:
            con = psycopg.connect(self.url, options="-c TimeZone=UTC", application_name="geartrain")
        except psycopg.OperationalError as error:
            first = str(error).strip().splitlines()[0]
            raise Unavailable(f"PostgreSQL cannot be reached: {first}", hint="See warehouse.url.") from None
        check_server(con)
        return con

    def migrate(self) -> None:
        """Make or upgrade the tables. Raises: Invalid, Unavailable."""
        with self.connect() as con:
            upgrade(con)
        self._ready = True

    def prepare(self) -> None:
        """Once a process: see that the tables are those this version declares, upgrade them where they are not."""
        if not self._ready:
            with self.connect() as con, con.cursor() as cursor:
                self._ready = is_ready(cursor)
            if not self._ready:
                self.migrate()

    def snapshot(self) -> PostgresSnapshot:
        """The latest committed state; a writer's open transaction is not seen and not waited for."""
        self.prepare()
        while True:
            con, fresh = self._take()
            try:
                return PostgresSnapshot(self, con)
            except psycopg.OperationalError:
                con.close()
                # A kept connection may have died of the server's restart; a new one has no such excuse.
                if fresh:
                    raise

    def _take(self) -> tuple[psycopg.Connection, bool]:
        with self._guard:
            if self._idle:
                return self._idle.pop(), False
        con = self.connect()
        # Not READ ONLY: Ibis puts small tables of the question itself into temporary tables.
        con.isolation_level = IsolationLevel.REPEATABLE_READ
        return con, True

    def give_back(self, con: psycopg.Connection) -> None:
        """A snapshot was closed: keep its connection for the next one."""
        with suppress(psycopg.OperationalError):
            con.rollback()
        with self._guard:
            if not con.closed and len(self._idle) < KEPT_CONNECTIONS:
                self._idle.append(con)
                return
        con.close()

    @contextmanager
    def write(self, *, recorded_at: datetime, source: str, wait_seconds: float = 30.0) -> Iterator[PostgresWriter]:
        """Open a load: one transaction, ended by `commit` or given up. Raises: Conflict, Invalid."""
        from geartrain.stores.warehouse.postgres_writer import PostgresWriter

        self.prepare()
        con = self.connect()
        try:
            _be_the_writer(con, wait_seconds)
            writer = PostgresWriter(self, con, utc(recorded_at), source)
            try:
                yield writer
            finally:
                writer.close()
        finally:
            con.close()

    def verify(self) -> list[str]:
        """Whether the latest versions are as many as the records there are versions of."""
        found = []
        with self.snapshot() as snapshot:
            for name, declared in record_types().items():
                distinct = snapshot.versions(name).select(*declared.key).distinct()
                held, records = (
                    snapshot.execute(t.count().name("n").as_table())["n"][0].as_py()
                    for t in (snapshot.table(name), distinct)
                )
                if held != records:
                    found.append(f"{name} holds {held:,} records instead of {records:,}.")
        return found

    def close(self) -> None:
        """End the connections that are kept."""
        with self._guard:
            idle, self._idle = self._idle, []
        for con in idle:
            con.close()


def _be_the_writer(con: psycopg.Connection, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        if row_of(con, "SELECT pg_try_advisory_xact_lock(%s)", (WRITER_LOCK,))[0]:
            return
        con.rollback()
        if time.monotonic() >= deadline:
            raise Conflict("Another load is running.", hint="Wait until it has ended, then load again.")
        time.sleep(0.05)


class PostgresSnapshot:
    """One state: what its transaction saw first."""

    def __init__(self, warehouse: PostgresWarehouse, con: psycopg.Connection) -> None:
        # This begins the transaction; Ibis nests its own inside it.
        self.id = str(row_of(con, f"SELECT id FROM {SCHEMA}._state")[0])
        self._newest: dict[str, datetime] = dict(con.execute(f"SELECT name, recorded_at FROM {SCHEMA}._types"))
        self._raw, self._running = con, Lock()
        self.con = ibis.postgres.from_connection(con)
        self._close = weakref.finalize(self, warehouse.give_back, con)

    def table(self, name: str, *, known_as_of: datetime | None = None) -> ibis.Table:
        """One row per key, a plain table unless older knowledge is asked for."""
        declared = record_type(name)
        known = utc(known_as_of) if known_as_of is not None else None
        if known is not None and name in self._newest and known < self._newest[name]:
            return known_at(self.versions(name), declared.key, known)
        return table_on(self.con, name, declared.schema)

    def versions(self, name: str) -> ibis.Table:
        """Every version."""
        return table_on(self.con, f"{name}__versions", record_type(name).schema)

    def quarantine(self) -> ibis.Table:
        """Rows that were not loaded."""
        return table_on(self.con, "_quarantine", QUARANTINE)

    def loads(self) -> list[LoadEntry]:
        """History, latest first."""
        with self._running:
            rows = self._raw.execute(f"SELECT entry FROM {SCHEMA}._loads ORDER BY number DESC").fetchall()
        return [entry_of(json.loads(text)) for (text,) in rows]

    def execute(self, expr: ibis.Expr, params: Params | None = None) -> pa.Table:
        """Run an expression."""
        with self._running:
            batches = list(run(self.con, self._raw, expr, params))
        return pa.Table.from_batches(batches, schema=expr.as_table().schema().to_pyarrow())

    def keep(self, key: str, expr: ibis.Table) -> ibis.Table:
        """The expression itself: the engine works it out each time."""
        return expr

    def close(self) -> None:
        """End the transaction."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def table_on(con: Any, name: str, columns: dict[str, str], *, schema: str | None = SCHEMA) -> ibis.Table:
    """A table whose columns are told instead of asked for; of no schema if it is a temporary one."""
    where = ops.Namespace(database=schema)
    return ops.DatabaseTable(name, schema=ibis.schema(columns), source=con, namespace=where).to_expr()


def run(con: Any, raw: psycopg.Connection, expr: ibis.Expr, params: Params | None = None) -> Iterator[pa.RecordBatch]:
    """Run an expression in the open transaction, which a failure leaves usable.

    Fetched at once, not by a server-side cursor: for those PostgreSQL plans without parallel workers.
    """
    table = expr.as_table()
    con._run_pre_execute_hooks(table)
    schema = table.schema()
    target = schema.to_pyarrow()
    readers = [partial(_array, dtype=dtype, to=target.field(name).type) for name, dtype in schema.items()]
    with raw.transaction(), raw.cursor() as cursor:
        cursor.execute(con.compile(table, params=params))
        while rows := cursor.fetchmany(FETCHED_ROWS):
            columns = zip(*rows, strict=True)
            arrays = [read(list(values)) for read, values in zip(readers, columns, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=target)


def _array(values: list[Any], *, dtype: Any, to: pa.DataType) -> pa.Array:
    """Values as PostgreSQL gives them, in the type the expression has: it sums integers to numerics, for one."""
    if dtype.is_decimal():
        unit = Decimal(1).scaleb(-to.scale)
        values = [None if v is None else WIDE.quantize(Decimal(v), unit) for v in values]
    elif dtype.is_integer():
        values = [None if v is None else int(v) for v in values]
    elif dtype.is_floating():
        values = [None if v is None else float(v) for v in values]
    elif dtype.is_timestamp():
        values = [None if v is None else utc(v) for v in values]
    elif dtype.is_struct():
        values = [None if v is None else dict(zip(dtype.names, v, strict=True)) for v in values]
    return pa.array(values, type=to)
