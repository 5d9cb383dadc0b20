"""What was fetched of a source and is not loaded yet: pages, each whole or not there, that a killed fetch goes on from."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from geartrain.kernel.errors import Conflict

BEGUN, PAGES, TABLES = "begun.json", "pages", "tables"
BATCH = 10_000


class Spool:
    """The folder of one source, held by one process at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be the one who fetches. The kernel ends it with the process.

        Raises:
            Conflict: another process fetches from this source.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        fd = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise Conflict("This source is being loaded already.", hint="Wait until it has ended.") from None
        finally:
            os.close(fd)

    def begin(self, base: Mapping[str, Any]) -> bool:
        """Go on with what was fetched from the same base; otherwise start anew. Returns: whether it goes on."""
        text = json.dumps(base, sort_keys=True)
        begun = self.folder / BEGUN
        if begun.exists() and begun.read_text(encoding="utf-8") == text:
            return True
        self.clear()
        (self.folder / PAGES).mkdir(parents=True, exist_ok=True)
        write_whole(begun, text)
        return False

    def clear(self) -> None:
        """Forget what was fetched."""
        for name in (PAGES, TABLES):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        (self.folder / BEGUN).unlink(missing_ok=True)

    def position(self, table: str) -> tuple[Mapping[str, Any], bool]:
        """Where the fetch of a table stands, and whether it is through; a page that was cut off is dropped."""
        file, position, done, whole = self._file(table), {}, False, 0
        if not file.exists():
            return {}, False
        with file.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                page = json.loads(line)
                position, done = page["position"], page["done"]
        os.truncate(file, whole)
        return position, done

    def add(self, table: str, rows: Sequence[Mapping[str, Any]], position: Mapping[str, Any], *, done: bool) -> None:
        """Keep a page, durably."""
        with self._file(table).open("ab") as out:
            out.write(json.dumps({"position": position, "done": done, "rows": list(rows)}).encode() + b"\n")
            out.flush()
            os.fsync(out.fileno())

    def rows(self, table: str) -> Iterator[Mapping[str, Any]]:
        """Everything that was fetched of a table, in order."""
        if self._file(table).exists():
            with self._file(table).open("rb") as lines:
                for line in lines:
                    yield from json.loads(line)["rows"]

    def last_of_each(self, table: str, key: str) -> Iterator[Mapping[str, Any]]:
        """Each record once, as it was fetched last."""
        last = {row[key]: n for n, row in enumerate(self.rows(table))}
        return (row for n, row in enumerate(self.rows(table)) if last[row[key]] == n)

    def tables(self) -> Path:
        """An empty folder for files of whole tables."""
        folder = self.folder / TABLES
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def _file(self, table: str) -> Path:
        return self.folder / PAGES / f"{table}.jsonl"


def write_table(file: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Rows as a Parquet file of texts, as an export has them; no rows, no file. Returns: how many."""
    count, batch = 0, list[Mapping[str, Any]]()
    writer: pq.ParquetWriter | None = None
    names: list[str] = []

    def flush() -> None:
        nonlocal writer, names
        if writer is None:
            names = sorted({k for row in batch for k in row})
            writer = pq.ParquetWriter(file, pa.schema([(n, pa.string()) for n in names]))
        writer.write_table(pa.table({n: [_text(row.get(n)) for row in batch] for n in names}, schema=writer.schema))
        batch.clear()

    for row in rows:
        batch.append(row)
        count += 1
        if len(batch) >= BATCH:
            flush()
    if batch:
        flush()
    if writer is not None:
        writer.close()
    return count


def write_whole(file: Path, text: str) -> None:
    """Replace a small file, whole or not at all."""
    new = file.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(file)


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, dict | list) else str(value)
