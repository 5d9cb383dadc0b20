"""Canonical files, named after their record type; or any files, through a mapping."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from fnmatch import fnmatch
from pathlib import Path

import ibis
import sqlglot
from sqlglot import exp

from geartrain.facts import record_types
from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.records import RecordType
from geartrain.kernel.rules import parse
from geartrain.stores.intake.cast import Origin, Ways, cleaned
from geartrain.stores.intake.feed import Feed, Raw, Unreadable, canonical_feed, with_absent
from geartrain.stores.intake.mapping import ColumnMapping, TypeMapping
from geartrain.stores.intake.readers import BOOKS, PARQUET, READABLE, Reader
from geartrain.stores.intake.sniff import normal
from geartrain.stores.intake.sources import Asked, files_in
from geartrain.stores.intake.tables import unreadable, unsupported
from geartrain.stores.intake.words import identifier, literal


def feeds(read: Reader, asked: Asked) -> tuple[Sequence[Feed], Sequence[Issue]]:
    """Feeds of every file that is understood; what is not is an issue."""
    assert asked.location is not None
    if asked.mapping is not None:
        return mapped_feeds(read, asked)
    found: list[Feed] = []
    issues: list[Issue] = []
    for path in files_in(asked.location):
        label = path.name if asked.location.is_file() else path.relative_to(asked.location).as_posix()
        if path.suffix.lower() not in READABLE:
            issues.append(unsupported(label, path))
            continue
        try:
            found += _file(read, path, label, Ways(asked.zone), issues)
        except Unreadable as error:
            issues.append(unreadable(error, label))
    return found, issues


def _file(read: Reader, path: Path, label: str, ways: Ways, issues: list[Issue]) -> list[Feed]:
    record_type = type_named(path.stem)
    if path.suffix.lower() in BOOKS:
        sheets = read.sheets(path, label=label)
        typed = {s: t for s in sheets if (t := type_named(s)) is not None}
        if not typed and record_type is not None and sheets:
            typed = {sheets[0]: record_type}
        for other in sheets if typed else ():
            if other not in typed:
                issues.append(unknown_file(f"{label}#{other}", other))
        if typed:
            return [canonical_feed(read.any(path, label=f"{label}#{s}", sheet=s), t, ways) for s, t in typed.items()]
    if record_type is None:
        issues.append(unknown_file(label, path.stem))
        return []
    return [canonical_feed(read.any(path, label=label), record_type, ways)]


def type_named(stem: str) -> RecordType | None:
    """The record type a file is named after: singular or plural, in any case, with any separators."""
    name, types = normal(stem), record_types()
    for candidate in (name, name.removesuffix("s"), name.removesuffix("es"), name.removesuffix("ies") + "y"):
        if candidate in types:
            return types[candidate]
    return None


def unknown_file(label: str, stem: str) -> Issue:
    """A file that no record type is named after."""
    hint = "Name it after a record type, or say with a mapping what it holds: geartrain load --guess."
    return Issue("unknown_file", Level.info, f"{label} was not loaded: no record type is called '{stem}'.", label, hint)


def mapped_feeds(read: Reader, asked: Asked) -> tuple[Sequence[Feed], Sequence[Issue]]:
    """Feeds of a mapping, in its order. A file that an entry names and that is not there is an issue."""
    assert asked.mapping is not None
    assert asked.location is not None
    found: list[Feed] = []
    issues: list[Issue] = []
    files = list(files_in(asked.location))
    used: set[Path] = set()
    for entry in asked.mapping.load:
        assert entry.file is not None
        matches = [f for f in files if fnmatch(f.name, entry.file) or fnmatch(_below(f, asked.location), entry.file)]
        used.update(matches)
        if not matches:
            hint = "Correct `file` in the mapping, or put the file there."
            issues.append(Issue("missing_file", Level.error, f"There is no file '{entry.file}'.", entry.file, hint))
        for path in matches:
            label = _below(path, asked.location)
            try:
                raw = read.any(path, label=label, sheet=entry.sheet, **_reading(path, entry))
            except Unreadable as error:
                issues.append(unreadable(error, label))
                continue
            found.append(mapped_feed(raw, entry, zone=entry.zone or asked.mapping.zone or asked.zone))
    issues += [_unmapped(_below(f, asked.location)) for f in files if f not in used]
    return found, issues


def _unmapped(label: str) -> Issue:
    hint = "If it holds records, add an entry for it to the mapping."
    return Issue("unknown_file", Level.info, f"{label} was not loaded: the mapping does not name it.", label, hint)


def _below(path: Path, location: Path) -> str:
    return path.name if location.is_file() else path.relative_to(location).as_posix()


def _reading(path: Path, entry: TypeMapping) -> dict[str, object]:
    if path.suffix.lower() in PARQUET:
        return {}
    wanted = [c.from_ for c in entry.columns.values() if c.from_]
    wanted += [f for c in entry.columns.values() if c.expr for f in parse(c.expr).fields]
    ways: dict[str, object] = {
        "header": False if entry.header_columns else entry.header,
        "columns": entry.header_columns,
        "known": frozenset(normal(w) for w in wanted),
    }
    return ways if path.suffix.lower() in BOOKS else {**ways, "delimiter": entry.delimiter, "encoding": entry.encoding}


def mapped_feed(raw: Raw, entry: TypeMapping, *, zone: str) -> Feed:
    """A relation read through one entry of a mapping."""
    record_type = record_types()[entry.type]
    ways = Ways(zone, entry.date_order or "", entry.decimal or "")
    named = {**raw.named(), **{h: h for h in raw.headers}}
    origins, used, issues = [], set(), []
    for name, column in entry.columns.items():
        try:
            sql, headers = _column(raw, named, column)
        except NoHeader as error:
            issues.append(_no_header(raw, f"{entry.type}.{name}", error.name))
            sql, headers = "CAST(NULL AS VARCHAR)", frozenset()
        except Invalid as error:
            issues.append(_no_value(raw, f"{entry.type}.{name}", error))
            sql, headers = "CAST(NULL AS VARCHAR)", frozenset()
        used |= headers
        origins.append(Origin(record_type[name], sql, column.date_format or "", column.may_be_empty))
    keep = ""
    if entry.where is not None:
        try:
            keep = _rule_sql(raw, named, entry.where)[0]
        except NoHeader as error:
            issues.append(_no_header(raw, f"the where of {entry.type}", error.name))
            keep = "false"
        except Invalid as error:
            issues.append(_no_value(raw, f"the where of {entry.type}", error))
            keep = "false"
    feed = Feed(record_type, raw, origins, frozenset(used), ways, keep=keep, distinct=entry.distinct, issues=issues)
    return with_absent(feed)


class NoHeader(Exception):
    """A mapping names a header that the file does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _no_header(raw: Raw, wanted: str, header: str) -> Issue:
    closest = get_close_matches(normal(header), list(raw.named()), n=1)
    meant = f" Did you mean '{raw.named()[closest[0]]}'?" if closest else ""
    said = f"{raw.label} has no column '{header}', which the mapping wants for {wanted}.{meant}"
    return Issue("missing_header", Level.error, said, raw.label, f"It has: {', '.join(raw.headers[:30])}.")


def _no_value(raw: Raw, wanted: str, error: Invalid) -> Issue:
    hint = error.hint or "Everything a file holds is text: to_number and to_date read it."
    return Issue("bad_expression", Level.error, f"The expression of {wanted}: {error.message}", raw.label, hint)


def _column(raw: Raw, named: dict[str, str], column: ColumnMapping) -> tuple[str, frozenset[str]]:
    if column.constant is not None:
        sql, used = literal(_text(column.constant)), frozenset[str]()
    elif column.expr is not None:
        sql, used = _rule_sql(raw, named, column.expr)
    else:
        header = _header(named, column.from_ or "")
        sql, used = identifier(header), frozenset({header})
    if column.values is not None:
        whens = " ".join(
            f"WHEN {literal(k.strip().casefold())} THEN {'NULL' if v is None else literal(_text(v))}"
            for k, v in column.values.items()
        )
        base = f"lower(coalesce(trim(CAST({sql} AS VARCHAR)), ''))"
        other = literal(_text(column.default)) if column.default is not None else f"CAST({sql} AS VARCHAR)"
        return f"CASE {base} {whens} ELSE {other} END", used
    if column.default is not None:
        return f"coalesce({cleaned(sql)}, {literal(_text(column.default))})", used
    return sql, used


def _header(named: dict[str, str], name: str) -> str:
    found = named.get(name) or named.get(normal(name))
    if found is None:
        raise NoHeader(name)
    return found


def _rule_sql(raw: Raw, named: dict[str, str], text: str) -> tuple[str, frozenset[str]]:
    """An expression over headers as SQL; its columns are text without outer space, missing where a token says so."""
    table = ibis.table(dict.fromkeys(raw.headers, "string"), name="__raw")
    used: set[str] = set()

    def resolve(path: str) -> ibis.Value:
        header = _header(named, path)
        used.add(header)
        return table[header]

    value = parse(text, where="mapping").column(resolve)
    sql = ibis.to_sql(table.select(value=value), dialect="duckdb")
    return _inlined(str(sql)), frozenset(used)


def _inlined(sql: str) -> str:
    """The one selected expression of a SELECT, over unqualified and cleaned columns."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    value = tree.expressions[0].unalias()

    def cleaner(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Column):
            return sqlglot.parse_one(cleaned(identifier(node.name)), dialect="duckdb")
        return node

    return value.transform(cleaner).sql(dialect="duckdb")


def _text(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
