"""Workbooks: one sheet as rows of text, with titles above the header and merged cells as people make them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError

from openpyxl import load_workbook
from openpyxl.utils import range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

# What a damaged workbook makes of its reader, which trusts what it reads.
DAMAGED = (
    BadZipFile,
    InvalidFileException,
    ParseError,
    ZlibError,
    OSError,
    EOFError,
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    NotImplementedError,
    RuntimeError,
)
Row = tuple[str | None, ...]


def sheet_names(path: Path) -> list[str]:
    """Names of the sheets that hold cells, in order."""
    book = load_workbook(path, read_only=True)
    try:
        return [s.title for s in book.worksheets]
    finally:
        book.close()


def sheet_rows(path: Path, sheet: str | None) -> Iterator[Row]:
    """Rows from the first, as text; every cell of a merged range has the range's value.

    A formula is never worked out here: its cell has the result that was saved with it, and the formula's own text where
    none was.

    Raises:
        KeyError: there is no such sheet. DAMAGED: see there.
    """
    book = load_workbook(path, read_only=True, data_only=True)
    formulas = None
    try:
        page = book[sheet] if sheet is not None else book.worksheets[0]
        part = str(page._worksheet_path).lstrip("/")
        with ZipFile(path) as zipped:
            has_formulas, merged = _marks(zipped, part)
        if has_formulas:
            formulas = load_workbook(path, read_only=True)
            plain = formulas[page.title].iter_rows(values_only=True)
            rows: Iterator[Sequence[Any]] = (
                [f if v is None else v for v, f in zip(one, other, strict=False)]
                for one, other in zip(page.iter_rows(values_only=True), plain, strict=False)
            )
        else:
            rows = page.iter_rows(values_only=True)
        yield from _unmerged((tuple(text_of(v) for v in row) for row in rows), merged)
    finally:
        book.close()
        if formulas is not None:
            formulas.close()


def _marks(zipped: ZipFile, part: str) -> tuple[bool, list[tuple[int, int, int, int]]]:
    """Whether a sheet has formulas, and its merged ranges as (first column, first row, last column, last row)."""
    merged, has_formulas, rest = list[tuple[int, int, int, int]](), False, b""
    with zipped.open(part) as xml:
        while block := xml.read(1 << 20):
            text = rest + block
            has_formulas = has_formulas or re.search(rb"<f[ >]", text) is not None
            cut = text.rfind(b"<")
            found, rest = (text[:cut], text[cut:]) if cut >= 0 else (text, b"")
            merged += [range_boundaries(m.decode()) for m in re.findall(rb'<mergeCell ref="([A-Z0-9:]+)"', found)]
    return has_formulas, merged


def _unmerged(rows: Iterator[Row], merged: Sequence[tuple[int, int, int, int]]) -> Iterator[Row]:
    """Ranges of one row (titles over several columns) stay as they are; those of several rows are filled down."""
    tall = [m for m in merged if m[3] > m[1]]
    if not tall:
        yield from rows
        return
    values: dict[tuple[int, int, int, int], str | None] = {}
    for number, row in enumerate(rows, 1):
        cells = list(row)
        for span in tall:
            left, top, right, bottom = span
            if not top <= number <= bottom:
                continue
            if number == top:
                values[span] = cells[left - 1] if left <= len(cells) else None
            cells += [None] * (right - len(cells))
            for column in range(left - 1, right):
                cells[column] = values[span]
        yield tuple(cells)


def text_of(value: object) -> str | None:
    """A value of a workbook or a database as a file would hold it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        bare = value.tzinfo is None and value.time() == time()
        return value.date().isoformat() if bare else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, timedelta):
        return str(value.total_seconds())
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
