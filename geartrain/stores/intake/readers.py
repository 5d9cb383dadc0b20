"""Files as relations: delimited text, Parquet and workbooks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from geartrain.facts import record_types
from geartrain.kernel.errors import Invalid
from geartrain.stores.intake.feed import Raw
from geartrain.stores.intake.text import identifier, literal, normal, read_text, sniff, unique

TEXT, PARQUET, BOOKS = (".csv", ".tsv", ".txt"), (".parquet", ".pq"), (".xlsx", ".xlsm")


class Unreadable(Invalid):
    """A file that cannot be read at all."""

    code = "unreadable_file"


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
        if not begin:
            raise Unreadable(f"{label} is empty.", hint="Export it again.")
        if begin[:4] in (b"PK\x03\x04", b"PAR1", b"\x1f\x8b\x08\x00", b"\xd0\xcf\x11\xe0", b"%PDF"):
            raise Unreadable(f"{label} is no text file.", hint="Give it the ending of what it is, or export it as CSV.")
        try:
            shape = sniff(
                path,
                known=self.known | known,
                delimiter=delimiter or ("\t" if path.suffix == ".tsv" else ""),
                encoding=encoding,
                header=header,
                columns=columns,
            )
        except LookupError:
            raise Unreadable(f"There is no encoding '{encoding}'.", hint="Write utf-8, cp1252 or latin-1.") from None
        found = read_text(self.con, path, shape, scratch=self.path())
        return Raw(label, found.sql, found.headers, found.bad, shape.stated)

    def parquet(self, path: Path, *, label: str) -> Raw:
        """Parquet; lines are row numbers from 1."""
        source = f"read_parquet({literal(str(path))})"
        try:
            described = self.con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        except duckdb.Error as error:
            raise Unreadable(
                f"{label} is no Parquet file that can be read: {str(error).splitlines()[0][:200]}.",
                hint="Export it again.",
            ) from None
        nested = ("STRUCT", "MAP", "LIST")
        columns = ", ".join(
            f"to_json({identifier(n)}) AS {identifier(n)}"
            if t.startswith(nested) or t.endswith("[]")
            else identifier(n)
            for n, t, *_ in described
        )
        # The row's number costs nothing here, where a window over the file would.
        sql = f"(SELECT {columns}, file_row_number + 1 AS __line FROM read_parquet({literal(str(path))}, file_row_number = true))"
        return Raw(label, sql, tuple(n for n, *_ in described))

    def sheets(self, path: Path, *, label: str) -> list[str]:
        """Names of a workbook's sheets."""
        book = self._book(path, label)
        try:
            return list(book.sheetnames)
        finally:
            book.close()

    def sheet(
        self,
        path: Path,
        *,
        label: str,
        sheet: str | None = None,
        header: bool | None = None,
        columns: Sequence[str] = (),
    ) -> Raw:
        """One sheet: titles above the header and empty rows are stepped over."""
        book = self._book(path, label)
        try:
            if sheet is not None and sheet not in book.sheetnames:
                raise Unreadable(f"{label} has no sheet '{sheet}'.", hint=f"It has: {', '.join(book.sheetnames)}.")
            page = book[sheet] if sheet is not None else book.worksheets[0]
            rows = [[_cell(v) for v in row] for row in page.iter_rows(values_only=True)]
        finally:
            book.close()
        at = self._header(rows) if header is not False and not columns else -1
        width = max((len(r) for r in rows), default=0)
        names = list(columns) or (rows[at] if at >= 0 else [])
        names = unique([(n or f"column_{i}").strip() for i, n in enumerate([*names, *[""] * (width - len(names))], 1)])
        held = [(n + 1, r) for n, r in enumerate(rows) if n > at and any(r)]
        table = {
            name: pa.array([r[i] if i < len(r) else None for _, r in held], pa.string()) for i, name in enumerate(names)
        }
        table["__line"] = pa.array([n for n, _ in held], pa.int64())
        target = self.path()
        pq.write_table(pa.table(table), target)
        stated = [f"the header is in row {at + 1}"] if at > 0 else []
        return Raw(label, f"read_parquet({literal(str(target))})", names, (), stated)

    def arrow(self, table: pa.Table, *, label: str) -> Raw:
        """A table in memory, numbered from 1."""
        target = self.path()
        pq.write_table(table.append_column("__line", pa.array(range(1, table.num_rows + 1), pa.int64())), target)
        return Raw(label, f"read_parquet({literal(str(target))})", tuple(table.column_names))

    def any(self, path: Path, *, label: str, sheet: str | None = None, **ways: object) -> Raw:
        """Whatever the file is by its ending."""
        end = path.suffix.lower()
        if end in BOOKS:
            return self.sheet(
                path, label=label, sheet=sheet, header=ways.get("header"), columns=ways.get("columns", ())
            )  # type: ignore[arg-type]
        return self.parquet(path, label=label) if end in PARQUET else self.text(path, label=label, **ways)  # type: ignore[arg-type]

    def _book(self, path: Path, label: str):
        try:
            return load_workbook(path, read_only=True, data_only=True)
        except (BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
            raise Unreadable(
                f"{label} is no workbook that can be read: {str(error)[:200]}.", hint="Save it again as .xlsx."
            ) from None

    def _header(self, rows: list[list[str | None]]) -> int:
        """The row that names the columns: the one of the first twenty with most known names, else the first full one."""
        best, most = -1, 0
        for n, row in enumerate(rows[:20]):
            hits = sum(normal(c or "") in self.known for c in row)
            if hits > most:
                best, most = n, hits
        if best >= 0:
            return best
        widest = max((sum(c is not None for c in r) for r in rows[:20]), default=0)
        return next((n for n, r in enumerate(rows[:20]) if sum(c is not None for c in r) == widest), -1)


def _cell(value: object) -> str | None:
    from datetime import date, datetime

    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ") if value.time().isoformat() != "00:00:00" else value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
