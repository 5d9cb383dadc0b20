"""What a source hands over: rows of one file on their way to one record type."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.records import RecordType
from geartrain.stores.intake.cast import Origin, Ways
from geartrain.stores.intake.sniff import normal, unique
from geartrain.stores.intake.text import BadLines
from geartrain.stores.intake.words import identifier, literal


class Unreadable(Invalid):
    """A file that cannot be read at all."""

    code = "unreadable_file"


class Headers(dict[str, str]):
    """Normalised header to the header itself; asking for one that is not there says so to the user."""

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label = label

    def __missing__(self, name: str) -> str:
        hint = f"It has: {', '.join(list(self)[:30])}."
        raise Unreadable(f"{self.label} has no column '{name}', and says nothing without it.", hint=hint)


@dataclass
class Raw:
    """A file, sheet or table as a DuckDB relation: `sql` has a column per header, and __line. All else is stated."""

    label: str
    sql: str
    headers: tuple[str, ...]
    bad: BadLines | None = None
    stated: Sequence[str] = ()
    has_header: bool = True
    skipped: int = 0  # physical lines of titles and the header
    blank: int = 0  # physical lines with nothing in them
    continued: int = 0  # physical lines that are the rest of the row before

    def named(self) -> Headers:
        """Normalised header to the header itself; the first of two that normalise alike."""
        found = Headers(self.label)
        for header in self.headers:
            found.setdefault(normal(header), header)
        return found


@dataclass
class Feed:
    """Rows of one relation that become records of one type.

    Args:
        origins: Target columns with the SQL of their text over the relation.
        used: Headers that are mapped; the others go into `extra`.
        excluded: SQL condition of rows that the source says are deleted or merged.
        keep: SQL condition of rows that are meant at all; others are not read.
        newest: SQL order (best first) that decides which of two rows with one key is meant; empty: none is newer.
        derived: Whether the rows are worked out rather than recorded.
    """

    record_type: RecordType
    raw: Raw
    origins: Sequence[Origin]
    used: frozenset[str]
    ways: Ways
    excluded: str = ""
    keep: str = ""
    distinct: bool = False
    newest: str = ""
    absent_required: Sequence[str] = ()
    issues: Sequence[Issue] = field(default_factory=tuple)

    def extra_sql(self) -> str:
        """One JSON object of everything that is not mapped and not missing, under normalised names; NULL for none."""
        rest = [h for h in self.raw.headers if h not in self.used]
        if not rest or self.distinct:
            return "CAST(NULL AS VARCHAR)"
        # A merge patch drops what is null. Files of some hundred columns are usual here, so each costs one function.
        names = unique([normal(h) or h for h in rest])
        pairs = zip(names, rest, strict=True)
        entries = ", ".join(f"{literal(n)}, nullif(CAST({identifier(h)} AS VARCHAR), '')" for n, h in pairs)
        return f"nullif(CAST(json_merge_patch('{{}}', json_object({entries})) AS VARCHAR), '{{}}')"


def canonical_feed(raw: Raw, record_type: RecordType, ways: Ways) -> Feed:
    """A relation whose headers are the type's own columns, in any case and order."""
    named = raw.named()
    origins = [Origin(c, identifier(named[c.name])) for c in record_type.columns if c.name in named]
    used = frozenset(named[o.column.name] for o in origins)
    feed = Feed(record_type, raw, origins, used, ways)
    return with_absent(feed)


def with_absent(feed: Feed, may_be_empty: frozenset[str] = frozenset()) -> Feed:
    """Say which required columns are not there: every row is then quarantined for the first of them."""
    have = {o.column.name for o in feed.origins}
    key = set(feed.record_type.key)
    lost = [
        c
        for c in feed.record_type.columns
        if c.name not in have and c.default is None and (c.required or c.name in key) and c.name not in may_be_empty
    ]
    if not lost:
        return feed
    names = ", ".join(c.name for c in lost)
    issue = Issue(
        "missing_column",
        Level.error,
        f"{feed.raw.label} has no column for {feed.record_type.name}.{names}, so none of its rows can be loaded.",
        feed.raw.label,
        "Add the column, or map another one to it with a mapping file; see geartrain load --guess.",
    )
    origins = [*feed.origins, *(Origin(c, "NULL") for c in lost)]
    return replace(feed, origins=origins, absent_required=tuple(c.name for c in lost), issues=(*feed.issues, issue))


def filled(template: str, named: Mapping[str, str]) -> tuple[str, frozenset[str]]:
    """SQL with every `{name}` replaced by the header of that name, NULL where there is none; and the headers used."""
    used: set[str] = set()

    def put(match: re.Match[str]) -> str:
        header = named.get(match[1])
        if header is None:
            return "CAST(NULL AS VARCHAR)"
        used.add(header)
        return f"nullif(trim(CAST({identifier(header)} AS VARCHAR)), '')"

    return re.sub(r"\{(\w+)\}", put, template), frozenset(used)
