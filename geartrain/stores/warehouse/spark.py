"""The embedded files, read with Spark: for companies that have outgrown one machine. Loads are written as embedded."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import weakref
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cached_property, reduce
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl

import ibis
import pyarrow as pa
from ibis.expr import operations as ops

from geartrain.facts import record_type
from geartrain.kernel.errors import Conflict, Invalid
from geartrain.kernel.records import known_at
from geartrain.stores.warehouse.base import QUARANTINE, LoadEntry, Params, Unavailable, Writer, utc
from geartrain.stores.warehouse.embedded import EmbeddedWarehouse, State
from geartrain.stores.warehouse.manifest import DataFile, TypeFiles

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

CONFIG = {
    "spark.app.name": "geartrain",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    # As DuckDB and PostgreSQL have it: an overflow or a cast that cannot be is an error, never a silent NULL.
    "spark.sql.ansi.enabled": "true",
    # Products keep the decimals that Ibis and the other engines give them.
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    # Instants are stored without a zone. Read as Spark's TIMESTAMP in a UTC session they are what Ibis' literals are.
    "spark.sql.parquet.inferTimestampNTZ.enabled": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.log.level": "ERROR",
}
LOOPBACK = ("spark://127.", "spark://localhost", "spark://[::1]", "local")
HINT = "Install a JDK 17 or 21 (apt-get install openjdk-17-jre-headless) and pip install 'geartrain[spark]'."


class SparkWarehouse:
    """See `EmbeddedWarehouse`; the folder must be one that every worker of the cluster sees under the same path.

    Args:
        url: The master; `?spark.executor.memory=4g&…` sets Spark's own options.
        folder: Of the embedded files.
    """

    engine = "spark"

    def __init__(self, url: str, folder: Path) -> None:
        self.master, _, query = url.partition("?")
        self.options = dict(parse_qsl(query))
        if unknown := [k for k in self.options if not k.startswith("spark.")]:
            raise Invalid(f"warehouse.url knows no {unknown[0]} for Spark.", hint="Only options that begin with spark.")
        self.files = EmbeddedWarehouse(folder)
        self._views: dict[str, tuple[State, set[str]]] = {}
        self._guard = Lock()

    @cached_property
    def session(self) -> SparkSession:
        """The session that every snapshot of this process shares; it starts a JVM. Raises: Unavailable, Conflict."""
        return start_session(self.master, self.options | {"spark.sql.warehouse.dir": str(self.files.spill("spark"))})

    def migrate(self) -> None:
        """Make the folder."""
        self.files.migrate()

    def snapshot(self) -> SparkSnapshot:
        """The latest committed state."""
        session = self.session
        return SparkSnapshot(self, session, self.files.state())

    def write(
        self, *, recorded_at: datetime, source: str, wait_seconds: float = 30.0
    ) -> AbstractContextManager[Writer]:
        """Open a load; it runs on DuckDB in this process."""
        return self.files.write(recorded_at=recorded_at, source=source, wait_seconds=wait_seconds)

    def verify(self) -> list[str]:
        """See `EmbeddedWarehouse.verify`."""
        return self.files.verify()

    def close(self) -> None:
        """Let go of what this warehouse holds. The session stays, for others of this process may use it."""
        self.files.close()

    def view(self, state: State, name: str, files: tuple[DataFile, ...], columns: dict[str, str]) -> str:
        """The name of a temporary view over these files."""
        view = f"{state.schema}_{name}"
        with self._guard:
            _, made = self._views.setdefault(state.schema, (state, set()))
            if view not in made:
                frame = read_files(self.session, files, columns, folder=self.files.folder, held=state.manifest.columns)
                frame.createOrReplaceTempView(view)
                made.add(view)
                self._forget_others(state)
        return view

    def _forget_others(self, state: State) -> None:
        for schema, (other, made) in list(self._views.items()):
            if other is not state and not other.readers:
                for view in made:
                    self.session.catalog.dropTempView(view)
                del self._views[schema]


class SparkSnapshot:
    """One state, whose manifest the driver holds until it is closed."""

    def __init__(self, warehouse: SparkWarehouse, session: SparkSession, state: State) -> None:
        self.warehouse, self.state, self.id = warehouse, state, state.manifest.id
        self.con = ibis.pyspark.connect(session)
        self._close = weakref.finalize(self, warehouse.files.let_go, state)

    def table(self, name: str, *, known_as_of: datetime | None = None) -> ibis.Table:
        """One row per key, a plain scan of files unless older knowledge is asked for."""
        declared, files = record_type(name), self._files(name)
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
        """Run an expression; the answer comes as Arrow, so that no decimal passes through pandas."""
        table = expr.as_table()
        self.con._run_pre_execute_hooks(table)
        found = self.warehouse.session.sql(self.con.compile(table, params=params)).toArrow()
        return found.cast(table.schema().to_pyarrow())

    def keep(self, key: str, expr: ibis.Table) -> ibis.Table:
        """The expression itself: the engine works it out each time."""
        return expr

    def close(self) -> None:
        """Let go of the state."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _files(self, name: str) -> TypeFiles:
        return self.state.manifest.types.get(name, TypeFiles())

    def _view(self, name: str, files: tuple[DataFile, ...], columns: dict[str, str]) -> ibis.Table:
        view = self.warehouse.view(self.state, name, files, columns)
        schema = ibis.schema(columns)
        return ops.DatabaseTable(view, schema=schema, source=self.con, namespace=ops.Namespace()).to_expr()


def start_session(master: str, options: dict[str, str]) -> SparkSession:
    """The process's Spark session on this master.

    Raises:
        Unavailable: Java or pyspark is not there, or the cluster cannot be reached.
        Conflict: the process is on another cluster already.
    """
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise Unavailable("Spark needs Java, which is not there.", hint=HINT)
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise Unavailable("Spark needs the package pyspark, which is not there.", hint=HINT) from None
    active = SparkSession.getActiveSession()
    if active is not None and active.sparkContext.master != master:
        raise Conflict(f"This process computes on {active.sparkContext.master} already.", hint="Use another process.")
    builder = SparkSession.builder.master(master).config(map={**CONFIG, "spark.pyspark.python": sys.executable})
    if master.startswith(LOOPBACK):
        builder = builder.config(map={"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"})
    session = builder.config(map=dict(options)).getOrCreate()
    # Before the JVM goes: otherwise each of its executors complains.
    atexit.register(session.stop)
    if "spark.sql.shuffle.partitions" not in options:
        # Spark's 200 are for hundreds of cores; adaptive execution joins small ones together.
        session.conf.set("spark.sql.shuffle.partitions", str(max(4, 2 * session.sparkContext.defaultParallelism)))
    return session


def read_files(
    session: SparkSession,
    files: tuple[DataFile, ...],
    wanted: dict[str, str],
    *,
    folder: Path,
    held: dict[str, dict[str, str]],
) -> DataFrame:
    """A frame of the wanted columns over files, which may be of an older declaration of the type."""
    groups: dict[str, list[str]] = {}
    for file in files:
        groups.setdefault(file.columns, []).append(str(folder / file.path))
    frames = []
    for key, paths in groups.items():
        frame = session.read.schema(_struct(held[key])).parquet(*paths)
        frames.append(frame.selectExpr(*[_column(n, kind, held[key]) for n, kind in wanted.items()]))
    if not frames:
        return session.sql(f"SELECT {', '.join(_column(n, kind, {}) for n, kind in wanted.items())} WHERE false")
    return reduce(lambda a, b: a.unionAll(b), frames)


def _column(name: str, kind: str, held: dict[str, str]) -> str:
    if held.get(name) == kind:
        return f"`{name}`"
    value = f"`{name}`" if name in held else "NULL"
    return f"CAST({value} AS {_spark_type(kind).simpleString()}) AS `{name}`"


def _spark_type(kind: str) -> Any:
    from ibis.backends.pyspark.datatypes import PySparkType

    return PySparkType.from_ibis(ibis.dtype(kind))


def _struct(columns: dict[str, str]) -> Any:
    from pyspark.sql.types import StructField, StructType

    return StructType([StructField(name, _spark_type(kind)) for name, kind in columns.items()])
