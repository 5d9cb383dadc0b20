"""Delimited text as it comes: every physical line is a row, part of one, or accounted for."""

from __future__ import annotations

import codecs
import csv
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from geartrain.stores.intake.sniff import Shape, normal, sniff, unique
from geartrain.stores.intake.words import identifier, literal

__all__ = ["BadLine", "Delimited", "Shape", "identifier", "literal", "normal", "read_text", "sniff", "unique"]

csv.field_size_limit(2**31 - 1)

LINE = "__line"
# A quoted field that goes on for more lines than this is an unbalanced quote, not a note.
MOST_LINES = 500
BATCH = 20_000
BLOCK = 1 << 20


@dataclass(frozen=True)
class BadLine:
    """A physical line that is no row: where, why, and its text as far as it can be shown."""

    line: int
    code: str
    message: str
    text: str


@dataclass
class BadLines:
    """Physical lines that are no rows, kept in a file: there may be millions."""

    file: Path
    count: int = 0
    _held: list[BadLine] = field(default_factory=list)
    _writer: pq.ParquetWriter | None = None

    SCHEMA = pa.schema([("line", pa.int64()), ("code", pa.string()), ("message", pa.string()), ("text", pa.string())])

    def add(self, line: BadLine) -> None:
        """Keep one more."""
        self.count += 1
        self._held.append(line)
        if len(self._held) >= BATCH:
            self._write()

    def close(self) -> None:
        """Write what is held; none are added after."""
        if self._held:
            self._write()
        if self._writer is not None:
            self._writer.close()

    def _write(self) -> None:
        self._writer = self._writer or pq.ParquetWriter(self.file, self.SCHEMA)
        rows = [(b.line, b.code, b.message, b.text) for b in self._held]
        self._writer.write_table(_table(rows, self.SCHEMA))
        self._held = []


@dataclass
class Delimited:
    """A text file as a DuckDB relation `sql` with a column for each header, and LINE; `bad` are the other lines."""

    sql: str
    headers: tuple[str, ...]
    rows: int
    shape: Shape
    bad: BadLines | None = None
    blank: int = 0  # physical lines with nothing in them, which are no rows
    continued: int = 0  # physical lines that are the rest of a row with line ends in its values


def read_text(con: duckdb.DuckDBPyConnection, path: Path, shape: Shape, *, scratch: Path) -> Delimited:
    """The rows of a file. A perfectly regular one is scanned by DuckDB; any other line by line, none lost."""
    if shape.encoding in ("utf-8", "utf-8-sig") and (fast := scan_strictly(con, path, shape)) is not None:
        return fast
    return read_carefully(path, shape, scratch)


def scan_strictly(con: duckdb.DuckDBPyConnection, path: Path, shape: Shape) -> Delimited | None:
    """DuckDB's strict reader, if every physical line is one row with as many fields as there are headers; else None."""
    lines, odd = _count(path)
    expected = lines - shape.skip
    if odd or expected <= 0 or len(shape.headers) < 2:
        return None
    columns = ", ".join(f"{literal(h)}: 'VARCHAR'" for h in shape.headers)
    source = (
        f"read_csv({literal(str(path))}, header=false, skip={shape.skip}, delim={literal(shape.delimiter)}, "
        f"quote='\"', escape='\"', columns={{{columns}}}, auto_detect=false, strict_mode=true, null_padding=false, "
        "nullstr='\\0never\\0', max_line_size=4194304)"
    )
    # A row of empty cells is set apart by the careful reader, so it must not pass here.
    empty = " AND ".join(f"coalesce({identifier(h)}, '') = ''" for h in shape.headers)
    first = identifier(shape.headers[0])
    check = f"SELECT count(*), count(*) FILTER (coalesce({first}, '') = '' AND {empty}) FROM {source}"
    try:
        found = con.execute(check).fetchone()
    except duckdb.Error:
        return None
    if found != (expected, 0):
        return None
    sql = f"(SELECT *, row_number() OVER () + {shape.skip} AS {LINE} FROM {source})"
    return Delimited(sql, shape.headers, expected, shape)


def _count(path: Path) -> tuple[int, bool]:
    """Physical lines, and whether the file needs care: NULs, or carriage returns that end lines by themselves."""
    count, last, before = 0, b"\n", b""
    with path.open("rb") as file:
        while block := file.read(1 << 24):
            count += block.count(b"\n")
            if b"\0" in block:
                return count, True
            if b"\r" in block or before == b"\r":
                both = before + block
                if both.count(b"\r") - both.endswith(b"\r") != both.count(b"\r\n"):
                    return count, True
            last = before = block[-1:]
    return count + (last != b"\n"), before == b"\r"


def read_carefully(path: Path, shape: Shape, scratch: Path) -> Delimited:
    """Line by line, in bounded memory."""
    bad = BadLines(scratch.with_suffix(".bad.parquet"))
    told = Delimited(f"read_parquet({literal(str(scratch))})", shape.headers, 0, shape, bad)
    names = [*shape.headers, LINE]
    schema = pa.schema([(n, pa.int64() if n == LINE else pa.string()) for n in names])
    batch: list[tuple[object, ...]] = []
    with pq.ParquetWriter(scratch, schema) as writer:
        for line, values in _records(path, shape, told, bad):
            batch.append((*values, line))
            if len(batch) >= BATCH:
                writer.write_table(_table(batch, schema))
                told.rows += len(batch)
                batch = []
        writer.write_table(_table(batch, schema))
        told.rows += len(batch)
    bad.close()
    return told


def _table(batch: Sequence[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*batch, strict=True)) if batch else [[] for _ in schema]
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)


def _records(path: Path, shape: Shape, told: Delimited, bad: BadLines) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line each begins in; what is none is told.

    A quote that is opened and not closed in its line goes on in the next ones only if that gives a whole row: a stray
    quote costs its own line, and none of those after it.
    """
    lines = _lines(path, shape.encoding)
    ahead: deque[str | bytes] = deque()
    for _ in range(shape.skip):
        next(lines, None)
    number, width = shape.skip, len(shape.headers)
    while (line := ahead.popleft() if ahead else next(lines, None)) is not None:
        number += 1
        if problem := _spoilt(line):
            bad.add(BadLine(number, *problem))
            continue
        assert isinstance(line, str)
        if not line.strip(" "):
            told.blank += 1
            continue
        values, taken, problem = _row(line, lines, ahead, shape, width)
        if problem:
            bad.add(BadLine(number, *problem, line[:2000]))
        elif not any(v.strip() for v in values):
            bad.add(BadLine(number, "empty_row", "Every cell of this row is empty.", line[:2000]))
        else:
            yield number, values
            for _ in range(taken):
                ahead.popleft()
            told.continued += taken
            number += taken


def _spoilt(line: str | bytes) -> tuple[str, str, str] | None:
    if isinstance(line, bytes):
        return "undecodable", "This line is not in the encoding of the file.", repr(line[:1000])[2:-1]
    if "\0" in line:
        return "nul_byte", "This line holds a NUL byte.", line.replace("\0", "␀")[:2000]
    return None


def _row(
    line: str, lines: Iterator[str | bytes], ahead: deque[str | bytes], shape: Shape, width: int
) -> tuple[list[str], int, tuple[str, str] | None]:
    """The values of the row that begins with a line, how many of the lines ahead belong to it, and what is wrong."""
    text, taken = line, 0
    while True:
        try:
            values = next(csv.reader([text], delimiter=shape.delimiter, strict=True))
            break
        except csv.Error as error:
            if "unexpected end" not in str(error):
                return [], 0, ("unbalanced_quote", "A quote stands in the middle of a quoted value.")
        quotes = 1
        while quotes % 2:  # a whole row has an even number of quotes
            more = _look(taken, lines, ahead)
            if taken >= MOST_LINES or not isinstance(more, str) or "\0" in more:
                return [], 0, ("unbalanced_quote", "A quote is opened and never closed.")
            text, taken, quotes = f"{text}\n{more}", taken + 1, quotes + more.count('"')
    if len(values) > width and not any(v.strip() for v in values[width:]):
        values = values[:width]  # delimiters at the end of the line, with nothing between them
    if len(values) == width:
        return values, taken, None
    if taken:
        return [], 0, ("unbalanced_quote", "A quote is opened and not closed within the row.")
    return [], 0, ("field_count", f"This row has {len(values)} fields; the header has {width}.")


def _look(number: int, lines: Iterator[str | bytes], ahead: deque[str | bytes]) -> str | bytes | None:
    """A line ahead, without taking it."""
    while len(ahead) <= number:
        more = next(lines, None)
        if more is None:
            return None
        ahead.append(more)
    return ahead[number]


def _lines(path: Path, encoding: str) -> Iterator[str | bytes]:
    """Physical lines without their ends (LF, CR LF or CR); bytes where a line cannot be decoded."""
    wide = encoding.startswith(("utf-16", "utf-32"))
    if wide:
        with path.open(encoding=encoding, errors="replace", newline=None) as text:
            for number, line in enumerate(text):
                whole = line.removesuffix("\n")
                whole = whole.lstrip("\ufeff") if not number else whole
                yield whole.encode("utf-8", "replace") if "\ufffd" in whole else whole
        return
    name = "utf-8" if encoding == "utf-8-sig" else encoding
    for line in _byte_lines(path):
        try:
            yield line.decode(name)
        except UnicodeDecodeError:
            yield line


def _byte_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        rest = file.read(3)
        rest = b"" if rest == codecs.BOM_UTF8 else rest
        while block := file.read(BLOCK):
            block = rest + block
            # A carriage return at the end of a block may be half of a line's end.
            held = b"\r" if block.endswith(b"\r") else b""
            block = block.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            *lines, rest = block.split(b"\n")
            yield from lines
            rest += held
        rest = rest.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if rest:
            yield from rest.removesuffix(b"\n").split(b"\n")
