"""How a delimited file is written: encoding, delimiter, where its header is; from its beginning."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import charset_normalizer

DELIMITERS = ",;\t|"
SAMPLE = 1 << 16
# Lines of a report's title that may stand above the header.
PREAMBLE = 20
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Encodings of exports, in the order in which a tie is decided.
LIKELY = ["cp1252", "latin_1", "cp1250", "mac_roman", "cp1251", "shift_jis", "gb18030"]

# Letters beyond ASCII from which on their statistics say more than the likeliest encoding does.
ENOUGH = 200


class NotText(ValueError):
    """The file holds no text."""


@dataclass(frozen=True)
class Shape:
    """How a file is written.

    Args:
        skip: Physical lines before the first row of data: titles above the header, and the header.
        stated: What was decided and should be said.
    """

    encoding: str
    delimiter: str
    skip: int
    headers: tuple[str, ...]
    stated: tuple[str, ...] = ()
    has_header: bool = True


def sniff(
    path: Path,
    *,
    known: frozenset[str] = frozenset(),
    delimiter: str = "",
    encoding: str = "",
    header: bool | None = None,
    columns: Sequence[str] = (),
) -> Shape:
    """How a file is written. `known` are normalised names that make a row a header.

    Raises:
        NotText: it is no text in any encoding.
        LookupError: there is no encoding of the name given.
    """
    with path.open("rb") as file:
        raw = file.read(SAMPLE)
    found = encoding or encoding_of(path, raw)
    codecs.lookup(found)
    if not encoding and not found.startswith("utf-16") and _is_binary(raw):
        raise NotText
    stated = [f"read as {found}"] if not encoding and found not in ("utf-8", "utf-8-sig") else []
    text = raw.decode(found, errors="replace").lstrip("\ufeff")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines = lines[:-1] if len(lines) > 1 and (len(raw) == SAMPLE or not lines[-1]) else lines
    first = 0
    if lines[0].lower().startswith("sep=") and len(lines[0].strip()) <= 5:
        delimiter, first = delimiter or (lines[0][4:5] or ","), 1
    delimiter = delimiter or _delimiter(lines[first : first + 200])
    return _shape(lines, first, found, delimiter, known, header, columns, stated)


def _shape(
    lines: Sequence[str],
    first: int,
    encoding: str,
    delimiter: str,
    known: frozenset[str],
    header: bool | None,
    columns: Sequence[str],
    stated: list[str],
) -> Shape:
    rows = list(_rows(lines[first : first + 200], delimiter))
    at = _header_at(rows, known)
    has = header if header is not None else not columns and is_header(rows[at], rows[at + 1 :], known)
    if has:
        own = [h.strip() for h in rows[at]]
        headers = unique([h or f"column_{n}" for n, h in enumerate(own, 1)])
        if list(headers) != own:
            stated.append("some headers are empty or stand twice; they were numbered")
        if at:
            stated.append(f"the header is in line {first + at + 1}")
        return Shape(encoding, delimiter, first + at + 1, headers, tuple(stated))
    if not columns:
        stated.append("there is no header row; columns are named by position")
    widths = [len(r) for r in rows if r]
    width = max(widths, key=widths.count, default=1)
    names = list(columns) + [f"column_{n}" for n in range(len(columns) + 1, width + 1)]
    return Shape(encoding, delimiter, first, unique(names), tuple(stated), False)


def _rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """A row for each physical line, in the plainest reading: good enough to tell a header by."""
    return [next(csv.reader([line.replace("\0", "")], delimiter=delimiter), []) for line in lines] or [[]]


def _header_at(rows: Sequence[Sequence[str]], known: frozenset[str]) -> int:
    """Which row names the columns: the first of mostly known names, else the first that is as wide as most rows."""
    begin = rows[:PREAMBLE]
    for n, row in enumerate(begin):
        if len(row) > 1 and sum(normal(c) in known for c in row) * 2 >= len(row):
            return n
    widths = [len(r) for r in rows if len(r) > 1]
    usual = max(widths, key=widths.count, default=1)
    return next((n for n, r in enumerate(begin) if len(r) >= usual and any(c.strip() for c in r)), 0)


def is_header(first: Sequence[str], rest: Sequence[Sequence[str]], known: frozenset[str]) -> bool:
    """Whether a row names the columns: half of it are known names, or it does not look like what stands below.

    One known name is not enough: `email` is a column, and a kind of touch.
    """
    names = [normal(c) for c in first]
    hits = sum(n in known for n in names)
    if hits * 2 >= len(names) and hits:
        return True
    if any(_valued(c) for c in first):
        return False
    recurring = sum(bool(cell) and cell in {r[n] for r in rest if n < len(r)} for n, cell in enumerate(first))
    if hits > 1:
        return recurring * 10 < len(names)
    if not hits and (len(set(names)) < len(names) or any(not c.strip() for c in first)):
        return False
    return not recurring


def _valued(text: str) -> bool:
    """Whether it looks like a number, a date or an address, and not like a name."""
    bare = text.strip()
    return bool(bare) and ("@" in bare or (not bare[0].isalpha() and sum(c.isdigit() for c in bare) > len(bare) / 2))


def encoding_of(path: Path, sample: bytes) -> str:
    """The encoding of a file. UTF-8 if it is that but for a few damaged lines; else what its letters make likely."""
    for mark, name in MARKS:
        if sample.startswith(mark):
            return name
    if sample.count(b"\0") > len(sample) // 4:
        even, odd = sample[::2].count(b"\0"), sample[1::2].count(b"\0")
        if max(even, odd) < 4 * min(even, odd) + 1:
            raise NotText
        return "utf-16-le" if odd > even else "utf-16-be"
    good, odd_lines = _utf8_lines(path)
    if not odd_lines or good > 20 * len(odd_lines):
        return "utf-8"
    if good and good >= len(odd_lines):
        return "utf-8"
    return _single_byte(b"\n".join(odd_lines))


def _single_byte(text: bytes) -> str:
    """Western Europe, unless there is enough text of another kind to be sure of it.

    Letters beyond ASCII stand alone in Western words; in Cyrillic or Asian text they stand side by side.
    """
    high = re.findall(rb"[\x80-\xff]+", text)
    alone = sum(len(run) == 1 for run in high)
    if alone * 2 > len(high) and len(high) < ENOUGH:
        return "cp1252"
    best = charset_normalizer.from_bytes(text, cp_isolation=LIKELY).best()
    return "cp1252" if best is None or best.encoding in ("latin_1", "cp1252", "ascii") else best.encoding


def _utf8_lines(path: Path) -> tuple[int, list[bytes]]:
    """How many lines with letters beyond ASCII are UTF-8, and those (up to a thousand) that are not."""
    good, odd = 0, list[bytes]()
    with path.open("rb") as file:
        rest = b""
        while block := file.read(1 << 22):
            if block.isascii() and rest.isascii():
                rest = b""
                continue
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                good += _tell(line, odd)
        good += _tell(rest, odd)
    return good, odd


def _tell(line: bytes, odd: list[bytes]) -> bool:
    if line.isascii():
        return False
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        if len(odd) < 1_000:
            odd.append(line)
        return False
    return True


def _is_binary(sample: bytes) -> bool:
    """More than one byte in ten is a control character that no text has."""
    odd = sum(sample.count(bytes([c])) for c in range(32) if c not in (0, 9, 10, 12, 13, 27))
    return odd * 10 > len(sample)


def _delimiter(lines: Sequence[str]) -> str:
    """The one by which most lines have the same number of fields, and most of those."""

    def weight(delimiter: str) -> tuple[int, int]:
        widths = [len(r) for r in _rows(lines, delimiter) if r]
        common = max(set(widths), key=lambda w: (widths.count(w), w)) if widths else 1
        return (widths.count(common) if common > 1 else 0, common)

    try:
        return max(DELIMITERS, key=weight)
    except csv.Error:
        return ","


def normal(name: str) -> str:
    """A header as names are compared: `Close Date`, `CloseDate` and `close_date` are one."""
    spaced = "".join(f"_{c}" if c.isupper() and n and name[n - 1].islower() else c for n, c in enumerate(name.strip()))
    return "_".join("".join(c if c.isalnum() else " " for c in spaced.casefold()).split())


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """The names, each with a number after it that makes it the only one of its kind (compared without case)."""
    seen: set[str] = {"__line"}
    found = []
    for name in names:
        own, number = name, 1
        while own.casefold() in seen:
            number += 1
            own = f"{name}_{number}"
        seen.add(own.casefold())
        found.append(own)
    return tuple(found)
