"""Files as relations: delimited text, Parquet and workbooks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from geartrain.facts import record_types
from geartrain.stores.intake import workbook
from geartrain.stores.intake.feed import Raw, Unreadable
from geartrain.stores.intake.sniff import PREAMBLE, NotText, is_header, normal, sniff, unique
from geartrain.stores.intake.text import LINE, BadLine, BadLines, read_text
from geartrain.stores.intake.words import identifier, literal

TEXT, PARQUET, BOOKS = (".csv", ".tsv", ".txt"), (".parquet", ".pq"), (".xlsx", ".xlsm")
READABLE = (*TEXT, *PARQUET, *BOOKS)
BATCH = 20_000
# What a file begins with that only pretends to be text.
SIGNATURES = {
    b"PK\x03\x04": "a zip archive or a workbook",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "packed with gzip",
    b"\xd0\xcf\x11\xe0": "an old or a protected Office file",
    b"%PDF": "a PDF",
}


class Reader:
    """Reads files into one DuckDB, with a scratch folder for what has to be laid out first."""

    def __init__(self, con: duckdb.DuckDBPyConnection, scratch: Path) -> None:
        self.con, self.scratch = con, scratch
        self._made = 0
        self.known = frozenset(c.name for t in record_types().values() for c in t.columns)

    def path(self) -> Path:
        """A new file in the scratch folder."""
        self._made += 1
        return self.scratch / f"raw{self._made}.parquet"

    def any(self, path: Path, *, label: str, sheet: str | None = None, **ways: Any) -> Raw:
        """Whatever the file is by its ending; `ways` as `text` takes them.

        Raises:
            Unreadable: nothing of it can be read.
        """
        end = path.suffix.lower()
        try:
            if end in BOOKS:
                book = {k: v for k, v in ways.items() if k in ("header", "columns", "known")}
                return self.sheet(path, label=label, sheet=sheet, **book)
            return self.parquet(path, label=label) if end in PARQUET else self.text(path, label=label, **ways)
        except OSError as error:
            said = error.strerror or "the file is gone or damaged"
            raise Unreadable(f"{label} cannot be opened: {said}.", hint="Check the file and its rights.") from None

    def text(
        self,
        path: Path,
        *,
        label: str,
        delimiter: str = "",
        encoding: str = "",
        header: bool | None = None,
        columns: Sequence[str] = (),
        known: frozenset[str] = frozenset(),
    ) -> Raw:
        """Delimited text; `known` are names that make a first row a header, beside those of the record types."""
        with path.open("rb") as file:
            begin = file.read(8)
        if not begin.strip():
            raise Unreadable(f"{label} is empty.", hint="Export it again.")
        for signature, what in SIGNATURES.items():
            if begin.startswith(signature):
                raise Unreadable(f"{label} is {what}, not text.", hint="Unpack it, or export it as CSV.")
        tab = "\t" if path.suffix.lower() == ".tsv" else ""
        try:
            shape = sniff(
                path,
                known=self.known | known,
                delimiter=delimiter or tab,
                encoding=encoding,
                header=header,
                columns=columns,
            )
        except NotText:
            raise Unreadable(f"{label} is no text.", hint="Export it as CSV, or give it the right ending.") from None
        except LookupError:
            raise Unreadable(f"There is no encoding '{encoding}'.", hint="Write utf-8, cp1252 or latin-1.") from None
        found = read_text(self.con, path, shape, scratch=self.path())
        stated = [*shape.stated]
        if found.blank:
            stated.append(f"{found.blank:,} blank lines were stepped over")
        bad = found.bad if found.bad is not None and found.bad.count else None
        lines = {"skipped": shape.skip, "blank": found.blank, "continued": found.continued}
        return Raw(label, found.sql, found.headers, bad, stated, has_header=shape.has_header, **lines)

    def parquet(self, path: Path, *, label: str) -> Raw:
        """Parquet; lines are row numbers from 1."""
        source = f"read_parquet({literal(str(path))})"
        try:
            described = self.con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
            # Every page is read once before anything stands on it: a damaged one must not fail half-way.
            self.con.execute(f"SELECT {', '.join(f'max(hash({identifier(n)}))' for n, *_ in described)} FROM {source}")
        except duckdb.Error as error:
            said = str(error).splitlines()[0].replace(str(path), label)[:200]
            raise Unreadable(f"{label} is no Parquet file that can be read: {said}", hint="Export it again.") from None
        nested = ("STRUCT", "MAP", "LIST", "UNION", "VARIANT")
        renamed = unique([n for n, *_ in described])
        columns = ", ".join(
            (f"to_json({identifier(n)})" if t.startswith(nested) or t.endswith("]") else identifier(n))
            + f" AS {identifier(own)}"
            for (n, t, *_), own in zip(described, renamed, strict=True)
        )
        # The row's number costs nothing here, where a window over the file would.
        sql = f"(SELECT {columns}, file_row_number + 1 AS {LINE} FROM {source[:-1]}, file_row_number = true))"
        return Raw(label, sql, renamed)

    def sheets(self, path: Path, *, label: str) -> list[str]:
        """Names of a workbook's sheets."""
        try:
            return workbook.sheet_names(path)
        except workbook.DAMAGED as error:
            raise _no_workbook(label, error) from None

    def sheet(
        self,
        path: Path,
        *,
        label: str,
        sheet: str | None = None,
        header: bool | None = None,
        columns: Sequence[str] = (),
        known: frozenset[str] = frozenset(),
    ) -> Raw:
        """One sheet: titles above the header and empty rows are stepped over."""
        names = self.sheets(path, label=label)
        if sheet is not None and sheet not in names:
            raise Unreadable(f"{label} has no sheet '{sheet}'.", hint=f"It has: {', '.join(names)}.")
        if not names:
            raise Unreadable(f"{label} has no sheet.", hint="Export it again.")
        try:
            rows = workbook.sheet_rows(path, sheet)
            begin = list(islice(rows, 200))
            return self._sheet(enumerate(chain(begin, rows)), begin, label, header, columns, self.known | known)
        except Unreadable:
            raise
        except workbook.DAMAGED as error:
            raise _no_workbook(label, error) from None

    def _sheet(
        self,
        rows: Iterator[tuple[int, workbook.Row]],
        begin: Sequence[workbook.Row],
        label: str,
        header: bool | None,
        columns: Sequence[str],
        known: frozenset[str],
    ) -> Raw:
        stated = []
        at = -1 if header is False or columns else _header_row(begin, known, sure=header is True)
        if at < 0 and not columns:
            stated.append("there is no header row; columns are named by position")
        if at > 0:
            stated.append(f"the header is in row {at + 1}")
        width = max((len(r) for r in begin), default=0)
        given = list(columns) or ([c or "" for c in begin[at]] if at >= 0 else [])
        given += [""] * (width - len(given))
        # An empty column at the edge of the sheet is none.
        while given and not given[-1] and not any(r[len(given) - 1] for r in begin if len(r) >= len(given)):
            given.pop()
        names = unique([n.strip() or f"column_{i}" for i, n in enumerate(given, 1)])
        if not names:
            raise Unreadable(f"{label} is empty.", hint="Export it again.")
        target = self.path()
        bad = _lay_out(rows, at, names, target)
        return Raw(
            label,
            f"read_parquet({literal(str(target))})",
            names,
            bad if bad.count else None,
            stated,
            has_header=at >= 0,
        )


def _lay_out(rows: Iterator[tuple[int, workbook.Row]], at: int, names: Sequence[str], target: Path) -> BadLines:
    """Rows below the header as a file; a row with more cells than there are columns is told."""
    bad = BadLines(target.with_suffix(".bad.parquet"))
    schema = pa.schema([*((n, pa.string()) for n in names), (LINE, pa.int64())])
    with pq.ParquetWriter(target, schema) as writer:
        while batch := list(islice(rows, BATCH)):
            held = []
            for at_row, cells in batch:
                if at_row <= at or not any(c is not None and c.strip() for c in cells):
                    continue
                if any(c for c in cells[len(names) :]):
                    said = f"This row has {len(cells)} cells; the header has {len(names)}."
                    bad.add(BadLine(at_row + 1, "field_count", said, ", ".join(c or "" for c in cells)[:2000]))
                else:
                    held.append((*cells[: len(names)], *[None] * (len(names) - len(cells)), at_row + 1))
            columns = list(zip(*held, strict=True)) if held else [[] for _ in schema]
            arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
            writer.write_table(pa.table(arrays, schema=schema))
    bad.close()
    return bad


def _header_row(begin: Sequence[workbook.Row], known: frozenset[str], *, sure: bool) -> int:
    """The row that names the columns: the first of mostly known names, else the first as full as most; -1 for none."""
    rows = [[c or "" for c in r] for r in begin]
    for n, row in enumerate(rows[:PREAMBLE]):
        filled = [c for c in row if c.strip()]
        if len(filled) > 1 and sum(normal(c) in known for c in filled) * 2 >= len(filled):
            return n
    full = [sum(bool(c.strip()) for c in r) for r in rows]
    usual = max((f for f in full if f > 1), key=full.count, default=1)
    at = next((n for n, f in enumerate(full[:PREAMBLE]) if f >= usual), 0)
    return at if rows and (sure or is_header([c for c in rows[at] if c], rows[at + 1 :], known)) else -1


def _no_workbook(label: str, error: BaseException) -> Unreadable:
    said = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return Unreadable(f"{label} is no workbook that can be read: {said}.", hint="Save it again as .xlsx, unprotected.")
