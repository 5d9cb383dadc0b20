"""A load into the embedded warehouse: new files beside the old ones, made visible by the next manifest."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import ibis
from ibis.expr import operations as ops

from geartrain.facts import record_type as declared
from geartrain.kernel.errors import Conflict, Invalid
from geartrain.kernel.records import DELETED, RecordType
from geartrain.stores.warehouse import manifest as disk
from geartrain.stores.warehouse.base import CLOCK_SKEW_SECONDS, QUARANTINE, LoadEntry
from geartrain.stores.warehouse.content import Content, next_id, row_hash
from geartrain.stores.warehouse.duck import connect, literal, parquet, row_of, scan
from geartrain.stores.warehouse.embedded import EmbeddedSnapshot, EmbeddedWarehouse
from geartrain.stores.warehouse.history import entry_json
from geartrain.stores.warehouse.manifest import DataFile, Manifest, TypeFiles
from geartrain.stores.warehouse.staged import staged_columns, staged_select

# A file holds about a million rows, so that a new version of one record rewrites no more than that.
ROW_GROUPS_PER_FILE = 8
# Small files of many loads are put together once there are this many, so that a scan opens few files.
SMALL_ROWS, SMALL_FILES = 250_000, 16


class EmbeddedWriter:
    """See `Writer`."""

    def __init__(
        self, warehouse: EmbeddedWarehouse, before: EmbeddedSnapshot, recorded_at: datetime, source: str
    ) -> None:
        base = before.state.manifest
        self._warehouse, self._before, self._base, self._source = warehouse, before, base, source
        self.load_id = f"L{len(base.loads) + 1:06d}"
        self.recorded_at = not_before(base.recorded_at, recorded_at)
        self._nonce = secrets.token_hex(4)
        self._types = dict(base.types)
        self._quarantine = base.quarantine
        self._columns = dict(base.columns)
        self._contents: dict[str, Content] = {}
        self._exports = 0
        self._open = True
        self._duck = connect(warehouse.writer_limits, spill=warehouse.spill("write"), ordered=False)

    def append(self, record_type: RecordType, staged: Path) -> tuple[int, int]:
        """Store what is new; a first load compares nothing and trusts the keys to be unique."""
        self._writing()
        name, files = record_type.name, self._types.get(record_type.name, TypeFiles())
        columns = staged_columns(self._duck, staged, [c.name for c in record_type.columns])
        rows = self._count(parquet([staged]))
        select = staged_select(
            staged,
            columns,
            record_type.schema,
            {"load_source": self._source, "load_id": self.load_id},
            self.recorded_at,
        )
        if files.current:
            select = self._without_known(select, record_type, files)
        fresh = self._export(select, name, record_type.schema)
        stored = sum(f.rows for f in fresh)
        if stored:
            self._contents[name] = self._contents.get(name, Content()).plus(self._content(fresh, record_type.schema))
            files = self._supersede(files, fresh, record_type) if files.current else files
            self._types[name] = TypeFiles((*files.versions, *fresh), (*files.current, *fresh), self.recorded_at)
        return stored, rows - stored

    def remove(self, record_type: RecordType, staged: Path) -> int:
        """Versions without a current row."""
        self._writing()
        name, files = record_type.name, self._types.get(record_type.name, TypeFiles())
        columns = staged_columns(self._duck, staged, [c.name for c in record_type.columns])
        given = {"load_source": DELETED + self._source, "load_id": self.load_id}
        fresh = self._export(
            staged_select(staged, columns, record_type.schema, given, self.recorded_at), name, record_type.schema
        )
        if fresh:
            self._contents[name] = self._contents.get(name, Content()).plus(self._content(fresh, record_type.schema))
            files = self._supersede(files, fresh, record_type) if files.current else files
            self._types[name] = TypeFiles((*files.versions, *fresh), files.current, self.recorded_at)
        return sum(f.rows for f in fresh)

    def reject(self, staged: Path) -> None:
        """Keep rows that were not loaded."""
        self._writing()
        columns = staged_columns(self._duck, staged, [c for c in QUARANTINE if c != "load_id"])
        select = staged_select(staged, columns, QUARANTINE, {"load_id": self.load_id}, self.recorded_at)
        fresh = self._export(select, "_quarantine", QUARANTINE)
        if fresh:
            content = self._contents.get("quarantine", Content())
            self._contents["quarantine"] = content.plus(self._content(fresh, QUARANTINE))
            self._quarantine = (*self._quarantine, *fresh)

    def before(self) -> EmbeddedSnapshot:
        """The state this load builds on."""
        return self._before

    def revised(self, name: str) -> tuple[ibis.Table, ibis.Table]:
        """A type before this load, and what the load has stored of it."""
        own = tuple(f for f in self._types.get(name, TypeFiles()).versions if self._mine(f))
        columns = declared(name).schema
        select = scan(own, columns, folder=self._warehouse.folder, columns=self._columns)
        con = self._before.con
        con.con.execute(f'CREATE OR REPLACE TEMP VIEW "_revised_{name}" AS {select}')
        revised = ops.DatabaseTable(
            f"_revised_{name}", schema=ibis.schema(columns), source=con, namespace=ops.Namespace()
        )
        return self._before.table(name), revised.to_expr()

    def stage(self, expr: ibis.Table, to: Path) -> int:
        """Write an expression to a Parquet file."""
        self._before.con.to_parquet(expr, to)
        return self._count(parquet([to]))

    def commit(self, entry: LoadEntry) -> str:
        """Replace the manifest."""
        self._writing()
        touched = {n for n, t in self._types.items() if t is not self._base.types.get(n)}
        types = {n: self._compacted(t, n) if n in touched else t for n, t in self._types.items()}
        quarantine = self._quarantine
        if quarantine != self._base.quarantine:
            quarantine = self._merged(quarantine, "_quarantine", QUARANTINE)
        load = f"{disk.LOADS}/{self.load_id}-{self._nonce}.json"
        folder = self._warehouse.folder
        kept = replace(entry, load_id=self.load_id, recorded_at=self.recorded_at)
        disk.write_durably(folder / load, entry_json(kept).encode())
        facts = next_id(self._base.id, self.load_id, self.recorded_at, self._source, self._contents)
        manifest = Manifest(
            generation=self._base.generation + 1,
            id=facts,
            recorded_at=self.recorded_at,
            types=types,
            quarantine=quarantine,
            loads=(*self._base.loads, load),
        )
        used = {f.columns for f in manifest.data_files().values()}
        manifest = replace(manifest, columns={k: v for k, v in self._columns.items() if k in used})
        for drawer in {(folder / path).parent for path in manifest.data_files()}:
            disk.sync(drawer)
        disk.publish(folder, manifest)
        self._open = False
        return facts

    def close(self) -> None:
        """Let go of memory. Files of a load that was not committed are left to the next writer's sweep."""
        self._open = False
        self._duck.close()

    def _writing(self) -> None:
        if not self._open:
            raise Conflict("This load has ended.", hint="Open another one.")

    def _mine(self, file: DataFile) -> bool:
        return Path(file.path).name.startswith(f"{self.load_id}-{self._nonce}-")

    def _without_known(self, select: str, record_type: RecordType, files: TypeFiles) -> str:
        """The staged rows that differ from the latest known version, or have none."""
        others = [c.name for c in record_type.columns if c.name not in record_type.key] + ["extra"]
        same = [f'c."{k}" = s."{k}"' for k in record_type.key]
        same += [f'c."{o}" IS NOT DISTINCT FROM s."{o}"' for o in others]
        known = self._scan(files.current, record_type.schema)
        return f"SELECT s.* FROM ({select}) s WHERE NOT EXISTS (SELECT 1 FROM ({known}) c WHERE {' AND '.join(same)})"

    def _supersede(self, files: TypeFiles, fresh: Sequence[DataFile], record_type: RecordType) -> TypeFiles:
        """Take the keys of fresh rows out of the current files, rewriting only those that hold one of them.

        A file of this very load loses them as a version too.
        """
        keys = ", ".join(f'"{k}"' for k in record_type.key)
        paths = {str(self._path(f)): f for f in files.current}
        new = parquet(map(self._path, fresh))
        old = parquet(map(Path, paths), ", filename = true, union_by_name = true")
        holding = f"SELECT DISTINCT o.filename FROM {old} o SEMI JOIN {new} n USING ({keys})"
        versions, current = files.versions, files.current
        hit = [paths[name] for (name,) in self._duck.execute(holding).fetchall()]
        for own in (True, False):
            group = [f for f in hit if self._mine(f) is own]
            if group:
                rest = f"SELECT * FROM ({self._scan(group, record_type.schema)}) ANTI JOIN {new} USING ({keys})"
                rewritten = self._export(rest, record_type.name, record_type.schema)
                current = (*(f for f in current if f not in group), *rewritten)
                versions = (*(f for f in versions if f not in group), *rewritten) if own else versions
        return TypeFiles(versions, current, files.recorded_at)

    def _compacted(self, files: TypeFiles, name: str) -> TypeFiles:
        columns = declared(name).schema
        current = self._merged(files.current, name, columns)
        if set(files.current) == set(files.versions):
            return TypeFiles(current, current, files.recorded_at)
        return TypeFiles(self._merged(files.versions, name, columns), current, files.recorded_at)

    def _merged(self, files: tuple[DataFile, ...], name: str, columns: dict[str, str]) -> tuple[DataFile, ...]:
        """The same rows in fewer files, where many are small."""
        small = [f for f in files if f.rows < SMALL_ROWS]
        if len(small) <= SMALL_FILES:
            return files
        merged = self._export(self._scan(small, columns), name, columns)
        return (*(f for f in files if f.rows >= SMALL_ROWS), *merged)

    def _export(self, select: str, name: str, columns: dict[str, str]) -> list[DataFile]:
        """Write the rows of a query to new files of the load, durably; none for no rows."""
        key = disk.columns_key(columns)
        self._columns[key] = dict(columns)
        self._exports += 1
        folder = self._warehouse.folder / disk.FILES / name
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"{self.load_id}-{self._nonce}-{self._exports}"
        written = self._duck.execute(
            f"COPY ({select}) TO {literal(folder)} (FORMAT parquet, COMPRESSION zstd, OVERWRITE_OR_IGNORE, "
            f"ROW_GROUPS_PER_FILE {ROW_GROUPS_PER_FILE}, FILENAME_PATTERN '{stem}-{{i}}', RETURN_STATS)"
        )
        names = [str(d[0]) for d in written.description]
        files = []
        for row in written.fetchall():
            stats = dict(zip(names, row, strict=True))
            path = Path(stats["filename"])
            if not stats["count"]:
                path.unlink()
                continue
            disk.sync(path)
            relative = path.relative_to(self._warehouse.folder).as_posix()
            files.append(DataFile(relative, stats["count"], path.stat().st_size, disk.digest_of(path), key))
        return sorted(files, key=lambda f: f.path)

    def _content(self, files: Iterable[DataFile], columns: dict[str, str]) -> Content:
        hashed = [c for c in columns if c not in ("load_source", "load_id", "recorded_at")]
        high, low = row_hash(hashed)
        sums = f"SELECT count(*), sum({high}), sum({low}) FROM {parquet(map(self._path, files))}"
        return Content(*map(int, row_of(self._duck, sums)))

    def _scan(self, files: Iterable[DataFile], columns: dict[str, str]) -> str:
        return scan(files, columns, folder=self._warehouse.folder, columns=self._columns)

    def _count(self, table: str) -> int:
        return int(row_of(self._duck, f"SELECT count(*) FROM {table}")[0])

    def _path(self, file: DataFile) -> Path:
        return self._warehouse.folder / file.path


def not_before(known: datetime | None, recorded_at: datetime) -> datetime:
    """When a load is recorded: never before the one it follows.

    Raises:
        Invalid: it is so much earlier that no clock is to blame.
    """
    if known is None or recorded_at >= known:
        return recorded_at
    if known - recorded_at <= timedelta(seconds=CLOCK_SKEW_SECONDS):
        return known
    message = f"A load of {recorded_at.isoformat(' ')} cannot follow the one of {known.isoformat(' ')}."
    raise Invalid(message, hint="Load in the order in which the facts became known, or see the machine's clock.")
