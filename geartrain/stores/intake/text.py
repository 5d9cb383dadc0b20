"""Delimited text as it comes: encodings, delimiters, headers, and every physical line accounted for."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import charset_normalizer
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

csv.field_size_limit(2**31 - 1)

DELIMITERS = ",;\t|"
SAMPLE = 1 << 16
LINE = "__line"
# A quoted field that goes on for more lines than this is an unbalanced quote, not a note.
MOST_LINES = 200
BATCH = 50_000


@dataclass(frozen=True)
class BadLine:
    """A physical line that is no row: where, why, and its text as far as it can be shown."""

    line: int
    code: str
    message: str
    text: str


@dataclass(frozen=True)
class Shape:
    """How a file is written."""

    encoding: str
    delimiter: str
    header_line: int  # 0: none
    headers: tuple[str, ...]
    stated: tuple[str, ...] = ()  # what was decided and should be said


@dataclass
class Delimited:
    """A text file as a DuckDB relation `sql` with a column for each header, and LINE; `bad` are the other lines."""

    sql: str
    headers: tuple[str, ...]
    rows: int
    shape: Shape
    bad: list[BadLine] = field(default_factory=list)


def sniff(
    path: Path,
    *,
    known: frozenset[str] = frozenset(),
    delimiter: str = "",
    encoding: str = "",
    header: bool | None = None,
    columns: Sequence[str] = (),
) -> Shape:
    """How a file is written, from its beginning. `known` are normalised names that make a first row a header."""
    with path.open("rb") as file:
        raw = file.read(SAMPLE)
    stated: list[str] = []
    found = encoding or _encoding(path, raw)
    if not encoding and found not in ("utf-8", "utf-8-sig"):
        stated.append(f"read as {found}")
    text = raw.decode(found, errors="replace")
    lines = text.splitlines()[: 50 if len(raw) < SAMPLE else -1] or [""]
    delimiter = delimiter or _delimiter(lines[:50])
    first_line = next((n for n, line in enumerate(lines) if line.strip(delimiter + ' \t"')), 0)
    first = next(csv.reader([lines[first_line]], delimiter=delimiter), []) if lines else []
    has = (
        header if header is not None else (not columns and _is_header(first, lines[first_line + 1 :], delimiter, known))
    )
    if has:
        headers = unique([h.strip().lstrip("\ufeff") or f"column_{n}" for n, h in enumerate(first, 1)])
        if list(headers) != [h.strip().lstrip("\ufeff") for h in first]:
            stated.append("some headers are empty or stand twice; they were numbered")
        return Shape(found, delimiter, first_line + 1, headers, tuple(stated))
    stated.append("there is no header row; columns are named by position")
    width = max((len(r) for r in csv.reader(lines[:50], delimiter=delimiter)), default=1)
    names = list(columns) + [f"column_{n}" for n in range(len(columns) + 1, width + 1)]
    return Shape(found, delimiter, 0, unique(names), tuple(stated))


def read_text(con: duckdb.DuckDBPyConnection, path: Path, shape: Shape, *, scratch: Path) -> Delimited:
    """The rows of a file. A perfectly regular one is scanned by DuckDB; any other line by line, none lost."""
    if shape.encoding in ("utf-8", "utf-8-sig") and (fast := _scan(con, path, shape)) is not None:
        return fast
    return _careful(path, shape, scratch)


def _scan(con: duckdb.DuckDBPyConnection, path: Path, shape: Shape) -> Delimited | None:
    """DuckDB's strict reader, if every physical line is one row; else None."""
    newlines, last, nul, quotes_cr = _count(path)
    if nul or quotes_cr:
        return None
    lines = newlines + (1 if last else 0)
    expected = lines - shape.header_line
    if expected <= 0 or len(shape.headers) < 2:
        return None
    columns = ", ".join(f"{literal(h)}: 'VARCHAR'" for h in shape.headers)
    source = (
        f"read_csv({literal(str(path))}, header=false, skip={shape.header_line}, delim={literal(shape.delimiter)}, "
        f"quote='\"', escape='\"', columns={{{columns}}}, auto_detect=false, strict_mode=true, null_padding=false, "
        "nullstr='\\0never\\0', max_line_size=4194304)"
    )
    try:
        found = con.execute(f"select count(*), count({identifier(shape.headers[-1])}) from {source}").fetchone()
    except duckdb.Error:
        return None
    if found is None or found[0] != expected:
        return None
    sql = f"(select *, row_number() over () + {shape.header_line} as {LINE} from {source})"
    return Delimited(sql, shape.headers, expected, shape)


def _count(path: Path) -> tuple[int, bool, bool, bool]:
    """Line feeds, whether the last line has none, whether there is a NUL, and whether a lone carriage return ends lines."""
    count, last, nul, lone = 0, b"\n", False, False
    with path.open("rb") as file:
        while block := file.read(1 << 24):
            count += block.count(b"\n")
            nul = nul or b"\0" in block
            lone = lone or block.count(b"\r") > block.count(b"\r\n") + (block.endswith(b"\r"))
            last = block[-1:]
    return count, last != b"\n", nul, lone


def _careful(path: Path, shape: Shape, scratch: Path) -> Delimited:
    bad: list[BadLine] = []
    names = [*shape.headers, LINE]
    schema = pa.schema([(n, pa.int64() if n == LINE else pa.string()) for n in names])
    rows, batch = 0, []
    with pq.ParquetWriter(scratch, schema) as writer:
        for line, values in _rows(path, shape, bad):
            batch.append((*values, line))
            if len(batch) >= BATCH:
                writer.write_table(_table(batch, schema))
                rows += len(batch)
                batch = []
        writer.write_table(_table(batch, schema))
        rows += len(batch)
    return Delimited(f"read_parquet({literal(str(scratch))})", shape.headers, rows, shape, bad)


def _table(batch: Sequence[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*batch, strict=True)) if batch else [[] for _ in schema]
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)


def _rows(path: Path, shape: Shape, bad: list[BadLine]) -> Iterator[tuple[int, list[str]]]:
    lines = list(_lines(path, shape.encoding))
    width, at = len(shape.headers), shape.header_line
    while at < len(lines):
        text, taken, problem = _record(lines, at)
        number, at = at + 1, at + taken
        if problem:
            bad.append(BadLine(number, *problem, text=text[:2000]))
            continue
        values = next(csv.reader([text], delimiter=shape.delimiter), [])
        if not any(v.strip() for v in values):
            # A blank line is no row; a row of empty cells would be one if it had cells.
            if len(values) == width > 1:
                bad.append(BadLine(number, "empty_row", "Every cell of this row is empty.", text[:2000]))
            continue
        if len(values) != width:
            message = f"This row has {len(values)} fields; the header has {width}."
            bad.append(BadLine(number, "field_count", message, text[:2000]))
            continue
        yield number, values


def _record(lines: list[str | bytes], at: int) -> tuple[str, int, tuple[str, str] | None]:
    """The record that begins at a line: its text, how many lines it takes, what is wrong with it."""
    first = lines[at]
    if isinstance(first, bytes):
        return repr(first)[2:-1], 1, ("undecodable", "This line is not in the encoding of the file.")
    if "\0" in first:
        return first.replace("\0", "␀"), 1, ("nul_byte", "This line holds a NUL byte.")
    text, taken = first, 1
    while text.count('"') % 2:
        if at + taken >= len(lines) or taken >= MOST_LINES or not isinstance(lines[at + taken], str):
            return first, 1, ("unbalanced_quote", "A quote is opened and never closed.")
        text += "\n" + str(lines[at + taken])
        taken += 1
    return text, taken, None


def _lines(path: Path, encoding: str) -> Iterator[str | bytes]:
    """Physical lines without their ends; bytes where a line cannot be decoded."""
    raw = path.read_bytes()
    if encoding.startswith("utf-16") or encoding.startswith("utf-32"):
        text = raw.decode(encoding, errors="replace").lstrip("\ufeff")
        yield from io.StringIO(text, newline=None).read().removesuffix("\n").split("\n")
        return
    if raw.startswith(codecs.BOM_UTF8):
        raw = raw[3:]
    name = "utf-8" if encoding == "utf-8-sig" else encoding
    body = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for line in body.removesuffix(b"\n").split(b"\n") if body else []:
        try:
            yield line.decode(name)
        except UnicodeDecodeError:
            yield line


def _encoding(path: Path, sample: bytes) -> str:
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if sample.startswith(mark):
            return name
    if sample.count(b"\0") > len(sample) // 4:
        return "utf-16-le" if sample[1::2].count(b"\0") > sample[::2].count(b"\0") else "utf-16-be"
    good = odd = 0
    with path.open("rb") as file:
        for line in file:
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                good += 1
            except UnicodeDecodeError:
                odd += 1
    if not odd or good > 20 * odd:
        return "utf-8"
    if good == 0:
        best = charset_normalizer.from_bytes(sample, cp_isolation=["cp1252", "latin_1", "cp1250", "mac_roman"]).best()
        return best.encoding if best is not None else "latin_1"
    return "utf-8" if good >= odd else "cp1252"


def _delimiter(lines: Sequence[str]) -> str:
    def weight(delimiter: str) -> tuple[int, int]:
        widths = [len(r) for r in csv.reader(list(lines), delimiter=delimiter) if r]
        common = max(set(widths), key=widths.count) if widths else 1
        return (widths.count(common) if common > 1 else 0, common)

    try:
        return max(DELIMITERS, key=weight)
    except csv.Error:
        return ","


def _is_header(first: Sequence[str], rest: Sequence[str], delimiter: str, known: frozenset[str]) -> bool:
    """A first row names the columns unless it looks like what stands below: a number, a gap, or a value that recurs."""
    names = [normal(c) for c in first]
    if any(n in known for n in names):
        return True
    if len(set(names)) < len(names) or any(_numeric(c) or not c.strip() for c in first):
        return False
    rows = list(csv.reader(list(rest[:50]), delimiter=delimiter))
    return not any(first[n] in {r[n] for r in rows if n < len(r)} for n in range(len(first)))


def _numeric(text: str) -> bool:
    bare = text.strip().strip('"')
    return bool(bare) and sum(c.isdigit() for c in bare) > len(bare) / 2


def normal(name: str) -> str:
    """A header as names are compared: `Close Date`, `CloseDate` and `close_date` are one."""
    spaced = "".join(f"_{c}" if c.isupper() and n and name[n - 1].islower() else c for n, c in enumerate(name.strip()))
    return "_".join("".join(c if c.isalnum() else " " for c in spaced.casefold()).split())


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """The names with a number after each that stands there already (compared without case)."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        count = seen[name.casefold()] = seen.get(name.casefold(), 0) + 1
        found.append(name if count == 1 else f"{name}_{count}")
    return tuple(found)


def literal(text: str) -> str:
    """Text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A column's name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'
