"""What a snapshot's id stands for: a hash over the facts themselves, the same on every engine.

Each load adds one link to a chain of SHA-256: the id before it, its load id, when it was recorded, from which source,
and for every record type (and the quarantine) how many rows it stored and two sums over a hash of each row's columns
(126 bits of MD5 over their text, `extra` and `derived` included). Sums do not depend on the order of rows or on how
they lie in files, and the rows of a load are hashed once, when they are written: nothing is read again.

So the same loads in the same order, recorded at the same instants, have the same id on DuckDB, PostgreSQL and Spark; a
load that stores nothing new keeps the id. The instants are in it because they decide what `known_as_of` answers. The
row hash is a check against change by accident, not against a forger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

EMPTY_ID = sha256(b"geartrain facts, format 1").hexdigest()


class Content(NamedTuple):
    """Rows and the two sums over their hashes; contents of two sets of rows add up."""

    rows: int = 0
    high: int = 0
    low: int = 0

    def plus(self, other: Content) -> Content:
        """Of both together."""
        return Content(self.rows + other.rows, self.high + other.high, self.low + other.low)


def row_hash(columns: Iterable[str]) -> tuple[str, str]:
    """DuckDB expressions for the two halves of a row's hash, both BIGINT and not negative.

    A missing value is the record separator, columns are parted by the unit separator, so that missing and empty differ.
    """
    texts = ", ".join(f"""coalesce("{c}"::VARCHAR, chr(30))""" for c in columns)
    whole = f"md5_number(concat_ws(chr(31), {texts}))"
    return f"({whole} >> 65)::BIGINT", f"({whole} & 9223372036854775807::UHUGEINT)::BIGINT"


def next_id(previous: str, load_id: str, recorded_at: datetime, source: str, contents: Mapping[str, Content]) -> str:
    """The id after a load that stored these contents, by record type."""
    stored = [(name, *content) for name, content in sorted(contents.items()) if content.rows]
    if not stored:
        return previous
    link = repr((previous, load_id, recorded_at.isoformat(timespec="microseconds"), source, stored))
    return sha256(link.encode()).hexdigest()
