"""A load into PostgreSQL: staged through COPY into temporary tables, compared and stored by set-based statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import ibis
import psycopg
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from geartrain.facts import record_type as declared
from geartrain.kernel.errors import Conflict, Invalid
from geartrain.kernel.records import RecordType
from geartrain.stores.warehouse.base import QUARANTINE, LoadEntry
from geartrain.stores.warehouse.content import Content, next_id, row_hash
from geartrain.stores.warehouse.duck import Limits, connect
from geartrain.stores.warehouse.embedded_writer import not_before
from geartrain.stores.warehouse.history import entry_json
from geartrain.stores.warehouse.postgres import PostgresSnapshot, PostgresWarehouse, run, table_on
from geartrain.stores.warehouse.postgres_schema import SCHEMA, definitions, quoted, row_of, table_of
from geartrain.stores.warehouse.staged import staged_columns, staged_select

BATCH_ROWS = 50_000
# The planner knows nothing of rows that came a moment ago.
ANALYSE_ROWS = 1_000
HASHES = {"_high": "int64", "_low": "int64"}


class PostgresWriter:
    """See `Writer`. Holds the writer's lock of the database until its transaction ends."""

    def __init__(
        self, warehouse: PostgresWarehouse, con: psycopg.Connection, recorded_at: datetime, source: str
    ) -> None:
        self._warehouse, self._con, self._source = warehouse, con, source
        state = row_of(con, f"SELECT id, recorded_at, loads FROM {SCHEMA}._state")
        self._base_id, known, self._number = str(state[0]), state[1], int(state[2]) + 1
        self.load_id = f"L{self._number:06d}"
        self.recorded_at = not_before(known, recorded_at)
        self._contents: dict[str, Content] = {}
        self._before: PostgresSnapshot | None = None
        self._open = True
        self._spill = TemporaryDirectory(prefix="geartrain-")
        self._duck = connect(Limits(memory="1GB"), spill=Path(self._spill.name) / "duckdb", ordered=False)
        self._ibis = ibis.postgres.from_connection(con)

    def append(self, record_type: RecordType, staged: Path) -> tuple[int, int]:
        """Store what is new."""
        self._writing()
        name, columns = record_type.name, record_type.schema
        rows = self._stage_rows("_staged", staged, columns, [c.name for c in record_type.columns])
        anything = bool(row_of(self._con, f"SELECT EXISTS (SELECT 1 FROM {table_of(name)})")[0])
        fresh = "_staged"
        if anything:
            self._keep_fresh(record_type)
            self._keep_replaced(record_type)
            fresh = "_fresh"
        content = self._content(fresh)
        if content.rows:
            self._store(record_type, fresh, replaces=anything)
            self._contents[name] = self._contents.get(name, Content()).plus(content)
        self._con.execute(f"DROP TABLE IF EXISTS {quoted('_staged')}, {quoted('_fresh')}")
        return content.rows, rows - content.rows

    def remove(self, record_type: RecordType, staged: Path) -> int:
        """Versions without a current row."""
        self._writing()
        name, keys, names = record_type.name, quoted(*record_type.key), quoted(*record_type.schema)
        needed = [*(c.name for c in record_type.columns), "load_source"]
        rows = self._stage_rows("_staged", staged, record_type.schema, needed)
        if rows:
            self._contents[name] = self._contents.get(name, Content()).plus(self._content("_staged"))
            self._con.execute(f"DELETE FROM {table_of(name)} WHERE ({keys}) IN (SELECT {keys} FROM _staged)")
            self._con.execute(f"INSERT INTO {table_of(f'{name}__versions')} ({names}) SELECT {names} FROM _staged")
        self._con.execute("DROP TABLE _staged")
        return rows

    def reject(self, staged: Path) -> None:
        """Keep rows that were not loaded."""
        self._writing()
        rows = self._stage_rows("_staged", staged, QUARANTINE, [c for c in QUARANTINE if c != "load_id"])
        if rows:
            content = self._contents.get("quarantine", Content())
            self._contents["quarantine"] = content.plus(self._content("_staged"))
            names = quoted(*QUARANTINE)
            self._con.execute(f"INSERT INTO {SCHEMA}._quarantine ({names}) SELECT {names} FROM _staged")
        self._con.execute("DROP TABLE _staged")

    def before(self) -> PostgresSnapshot:
        """The state this load builds on: nobody else can commit while it is open."""
        if self._before is None:
            self._before = self._warehouse.snapshot()
        return self._before

    def revised(self, name: str) -> tuple[ibis.Table, ibis.Table]:
        """The versions that this load replaced, and those it has stored."""
        record_type = declared(name)
        self._replaced_table(record_type)
        replaced = table_on(self._ibis, f"_replaced_{name}", record_type.schema, schema=None)
        own = table_on(self._ibis, f"{name}__versions", record_type.schema)
        return replaced, own.filter(own.load_id == self.load_id)

    def stage(self, expr: ibis.Table, to: Path) -> int:
        """Write an expression to a Parquet file."""
        con, rows = expr.get_backend(), 0
        with pa.parquet.ParquetWriter(to, expr.schema().to_pyarrow()) as out:
            for batch in run(con, con.con, expr):
                out.write_batch(batch)
                rows += batch.num_rows
        return rows

    def commit(self, entry: LoadEntry) -> str:
        """End the transaction."""
        self._writing()
        facts = next_id(self._base_id, self.load_id, self.recorded_at, self._source, self._contents)
        kept = replace(entry, load_id=self.load_id, recorded_at=self.recorded_at)
        with self._con.cursor() as cursor:
            cursor.execute(
                f"UPDATE {SCHEMA}._state SET id = %s, recorded_at = %s, loads = %s",
                (facts, self.recorded_at, self._number),
            )
            cursor.execute(f"INSERT INTO {SCHEMA}._loads VALUES (%s, %s)", (self._number, entry_json(kept)))
            for name, content in self._contents.items():
                if name != "quarantine":
                    cursor.execute(
                        f"INSERT INTO {SCHEMA}._types VALUES (%s, %s) "
                        "ON CONFLICT (name) DO UPDATE SET recorded_at = excluded.recorded_at",
                        (name, self.recorded_at),
                    )
                    if content.rows >= ANALYSE_ROWS:
                        cursor.execute(f"ANALYZE {table_of(name)}, {table_of(name + '__versions')}")
        self._con.commit()
        self._open = False
        return facts

    def close(self) -> None:
        """Give up what was not committed."""
        self._open = False
        if not self._con.closed:
            self._con.rollback()
        if self._before is not None:
            self._before.close()
        self._duck.close()
        self._spill.cleanup()

    def _writing(self) -> None:
        if not self._open:
            raise Conflict("This load has ended.", hint="Open another one.")

    def _stage_rows(self, table: str, staged: Path, columns: dict[str, str], needed: Sequence[str]) -> int:
        """Fill a temporary table from a staged file, each row with its hash. Returns: its rows."""
        held = staged_columns(self._duck, staged, needed)
        given = {"load_source": self._source, "load_id": self.load_id}
        select = staged_select(staged, held, columns, given, self.recorded_at)
        high, low = row_hash([c for c in columns if c not in ("load_source", "load_id", "recorded_at")])
        self._con.execute(f"CREATE TEMP TABLE {table} ({definitions(columns | HASHES)}) ON COMMIT DROP")
        query = f"SELECT *, {high} AS _high, {low} AS _low FROM ({select})"
        rows = 0
        copy = f"COPY {table} ({quoted(*columns, *HASHES)}) FROM STDIN (FORMAT csv)"
        try:
            with self._con.cursor() as cursor, cursor.copy(copy) as into:
                for batch in self._duck.sql(query).to_arrow_reader(BATCH_ROWS):
                    into.write(_csv(batch))
                    rows += batch.num_rows
        except psycopg.errors.CharacterNotInRepertoire:
            message = f"{staged.name} holds a text with a NUL character, which PostgreSQL cannot store."
            raise Invalid(message, hint="Remove it at the source, or in the mapping.") from None
        return rows

    def _keep_fresh(self, record_type: RecordType) -> None:
        """The staged rows that differ from the latest known version, or have none."""
        others = [c.name for c in record_type.columns if c.name not in record_type.key] + ["extra"]
        same = [f"c.{quoted(k)} = s.{quoted(k)}" for k in record_type.key]
        same += [f"c.{quoted(o)} IS NOT DISTINCT FROM s.{quoted(o)}" for o in others]
        self._con.execute("ANALYZE _staged")
        self._con.execute(
            f"CREATE TEMP TABLE _fresh ON COMMIT DROP AS SELECT s.* FROM _staged s "
            f"WHERE NOT EXISTS (SELECT 1 FROM {table_of(record_type.name)} c WHERE {' AND '.join(same)})"
        )

    def _replaced_table(self, record_type: RecordType) -> None:
        table = quoted(f"_replaced_{record_type.name}")
        columns = definitions(record_type.schema)
        self._con.execute(f"CREATE TEMP TABLE IF NOT EXISTS {table} ({columns}) ON COMMIT DROP")

    def _keep_replaced(self, record_type: RecordType) -> None:
        """Remember the versions of earlier loads that fresh rows are about to replace."""
        self._replaced_table(record_type)
        names, keys = quoted(*record_type.schema), quoted(*record_type.key)
        self._con.execute(
            f"INSERT INTO {quoted('_replaced_' + record_type.name)} ({names}) SELECT {names} "
            f"FROM {table_of(record_type.name)} WHERE ({keys}) IN (SELECT {keys} FROM _fresh) AND load_id <> %s",
            (self.load_id,),
        )

    def _store(self, record_type: RecordType, fresh: str, *, replaces: bool) -> None:
        name, keys = record_type.name, quoted(*record_type.key)
        names = quoted(*record_type.schema)
        current, versions = table_of(name), table_of(f"{name}__versions")
        upsert = ""
        if replaces:
            # Rows of this very load leave no version when a later part of it replaces them.
            self._con.execute(
                f"DELETE FROM {versions} WHERE load_id = %s AND ({keys}) IN (SELECT {keys} FROM {fresh})",
                (self.load_id,),
            )
            changed = [c for c in record_type.schema if c not in record_type.key]
            upsert = f"ON CONFLICT ({keys}) DO UPDATE SET " + ", ".join(
                f"{quoted(c)} = excluded.{quoted(c)}" for c in changed
            )
        self._con.execute(f"INSERT INTO {versions} ({names}) SELECT {names} FROM {fresh}")
        self._con.execute(f"INSERT INTO {current} ({names}) SELECT {names} FROM {fresh} {upsert}")

    def _content(self, table: str) -> Content:
        sums = f"SELECT count(*), coalesce(sum(_high), 0), coalesce(sum(_low), 0) FROM {table}"
        return Content(*map(int, row_of(self._con, sums)))


def _csv(batch: pa.RecordBatch) -> bytes:
    """Rows as CSV that parts a missing value (nothing) from an empty text (quotes)."""
    out = BytesIO()
    options = pa.csv.WriteOptions(include_header=False, quoting_style="all_valid")
    pa.csv.write_csv(pa.Table.from_batches([batch]), out, options)
    return out.getvalue()
