"""A load: feeds are cast, checked and staged; every row read is loaded, quarantined or a duplicate."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.records import RecordType
from geartrain.stores.intake.cast import Origin, Profile, profile, select
from geartrain.stores.intake.codes import QUARANTINE
from geartrain.stores.intake.feed import Feed
from geartrain.stores.intake.text import identifier, literal

Progress = Callable[..., None]
MEMORY = "1GB"
QUARANTINE_COLUMNS = ("type", "file", "line", "column", "value", "code", "message", "hint", "row")
SAID = {
    "missing_value": "{column} is empty.",
    "not_a_number": "{column} is no number: {value}.",
    "not_whole": "{column} is no whole number: {value}.",
    "out_of_range": "{column} is out of its range: {value}.",
    "not_a_date": "{column} is no date: {value}.",
    "not_yes_or_no": "{column} is neither true nor false: {value}.",
    "excluded": "The source says that this record is deleted or merged.",
}


@dataclass
class Staged:
    """One record type, ready for the warehouse."""

    record_type: RecordType
    file: Path
    read: int = 0
    good: int = 0
    quarantined: int = 0
    duplicates: int = 0
    rejects: list[Path] = field(default_factory=list)


def open_duckdb(scratch: Path) -> duckdb.DuckDBPyConnection:
    """An engine of this load's own, bounded, that spills into the scratch folder."""
    con = duckdb.connect(":memory:", config={"memory_limit": MEMORY, "temp_directory": str(scratch / "spill")})
    con.execute("SET TimeZone = 'UTC'")
    return con


def stage(
    con: duckdb.DuckDBPyConnection,
    feeds: Sequence[Feed],
    scratch: Path,
    *,
    aliases: Mapping[str, Mapping[str, Mapping[str, str]]],
    progress: Progress,
) -> tuple[list[Staged], list[Issue]]:
    """Cast and check everything. `aliases`: type to column to (wrong to right)."""
    issues: list[Issue] = []
    found: dict[str, list[tuple[int, Feed, Path]]] = {}
    staged: dict[str, Staged] = {}
    for n, feed in enumerate(feeds):
        progress("Reading", n, len(feeds))
        name = feed.record_type.name
        one = staged.setdefault(name, Staged(feed.record_type, scratch / f"staged-{name}.parquet"))
        issues += feed.issues
        issues += [
            Issue("read_as", Level.info, f"{feed.raw.label}: {said}.", feed.raw.label) for said in feed.raw.stated
        ]
        cast = scratch / f"cast-{n}.parquet"
        issues += _cast(con, feed, cast, aliases.get(name, {}))
        one.read += _rows(con, cast) + len(feed.raw.bad)
        _reject_bad_lines(feed, one, scratch / f"lines-{n}.parquet")
        _reject_problems(con, feed, cast, one, scratch / f"rejects-{n}.parquet")
        found.setdefault(name, []).append((n, feed, cast))
    for n, (name, parts) in enumerate(found.items()):
        progress("Checking", n, len(found))
        _unite(con, parts, staged[name], scratch)
    progress("Checking", len(found), len(found))
    for one in staged.values():
        issues += _told(one)
    return list(staged.values()), issues


def _cast(
    con: duckdb.DuckDBPyConnection, feed: Feed, target: Path, aliases: Mapping[str, Mapping[str, str]]
) -> list[Issue]:
    """Write every row typed, with what is wrong with it; returns what must be said about how columns were read."""
    origins = [_aliased(o, aliases.get(o.column.name, {})) for o in feed.origins]
    relation = feed.raw.sql
    if feed.keep:
        relation = f"(SELECT * FROM {relation} WHERE {feed.keep})"
    if feed.distinct:
        kept = ", ".join(f"{o.sql} AS {identifier('d_' + o.column.name)}" for o in origins)
        group = ", ".join(str(i) for i in range(1, len(origins) + 1))
        relation = f"(SELECT {kept}, min(__line) AS __line FROM {relation} GROUP BY {group})"
        origins = [Origin(o.column, identifier("d_" + o.column.name), o.date_format, o.may_be_empty) for o in origins]
    profiles = [profile(con, relation, o, feed.ways) for o in origins]
    have = {o.column.name for o in origins}
    absent = [c for c in feed.record_type.columns if c.name not in have]
    sql = select(relation, origins, profiles, key=feed.record_type.key, extra=feed.extra_sql(), absent=absent)
    excluded = "false"
    if feed.excluded:
        sql = sql.replace("SELECT __line, ", f"SELECT __line, coalesce({feed.excluded}, false) AS __excluded, ", 1)
        excluded = "__excluded"
    newest = feed.newest or "NULL"
    if feed.newest:
        sql = sql.replace("SELECT __line, ", f"SELECT __line, {newest} AS __newest, ", 1)
    else:
        sql = f"SELECT *, NULL::VARCHAR AS __newest FROM ({sql})"
    body = f"SELECT * REPLACE (CASE WHEN {excluded} THEN 'excluded' ELSE __problem END AS __problem) FROM ({sql})"
    con.execute(f"COPY ({body}) TO {literal(str(target))} (FORMAT parquet)")
    return [*_stated(feed, origins, profiles), *_empty(con, feed, origins, target)]


def _aliased(origin: Origin, aliases: Mapping[str, str]) -> Origin:
    if not aliases:
        return origin
    whens = " ".join(f"WHEN {literal(a)} THEN {literal(b)}" for a, b in sorted(aliases.items()))
    sql = f"CASE trim(CAST({origin.sql} AS VARCHAR)) {whens} ELSE CAST({origin.sql} AS VARCHAR) END"
    return Origin(origin.column, sql, origin.date_format, origin.may_be_empty)


def _stated(feed: Feed, origins: Sequence[Origin], profiles: Sequence[Profile]) -> Iterable[Issue]:
    for o, p in zip(origins, profiles, strict=True):
        if not p.stated:
            continue
        where, said = f"{feed.raw.label}:{o.column.name}", f"{o.column.name} of {feed.raw.label} was read as {p.stated}"
        if p.doubtful:
            hint = "Every value fits both ways. If it is the other way round, say date_order or decimal in a mapping."
            yield Issue("ambiguous_format", Level.warning, f"{said}, which its values do not decide.", where, hint)
        else:
            yield Issue("read_as", Level.info, f"{said}.", where)


def _empty(con: duckdb.DuckDBPyConnection, feed: Feed, origins: Sequence[Origin], target: Path) -> Iterable[Issue]:
    open_ = [o.column.name for o in origins if o.may_be_empty and o.column.required]
    if not open_:
        return
    counts = ", ".join(f"count(*) FILTER ({identifier(n)} IS NULL)" for n in open_)
    row = con.execute(f"SELECT {counts} FROM read_parquet({literal(str(target))})").fetchone() or ()
    for name, count in zip(open_, row, strict=True):
        if count:
            said = (
                f"{count:,} {feed.record_type.name} rows of {feed.raw.label} do not say {name}; the mapping allows it."
            )
            yield Issue("may_be_empty", Level.info, said, f"{feed.raw.label}:{name}")


def _rows(con: duckdb.DuckDBPyConnection, file: Path, where: str = "true") -> int:
    row = con.execute(f"SELECT count(*) FROM read_parquet({literal(str(file))}) WHERE {where}").fetchone()
    return int(row[0]) if row else 0


def _reject_bad_lines(feed: Feed, one: Staged, target: Path) -> None:
    """Physical lines that are no rows."""
    if not feed.raw.bad:
        return
    name = feed.record_type.name
    rows = [
        (
            name,
            feed.raw.label,
            b.line,
            "",
            b.text[:200],
            b.code,
            b.message,
            QUARANTINE[b.code],
            json.dumps({"line": b.text}),
        )
        for b in feed.raw.bad
    ]
    columns = [list(c) for c in zip(*rows, strict=True)]
    types = [pa.int64() if c == "line" else pa.string() for c in QUARANTINE_COLUMNS]
    arrays = [pa.array(c, t) for c, t in zip(columns, types, strict=True)]
    pq.write_table(pa.table(arrays, names=list(QUARANTINE_COLUMNS)), target)
    one.quarantined += len(rows)
    one.rejects.append(target)


def _reject_problems(con: duckdb.DuckDBPyConnection, feed: Feed, cast: Path, one: Staged, target: Path) -> None:
    """Rows with a value that cannot be taken, with the row as the source has it."""
    bad = _rows(con, cast, "__problem IS NOT NULL")
    if not bad:
        return
    raw = ", ".join(f"{literal(h)}, r.{identifier(h)}" for h in feed.raw.headers[:400])
    whole = f"json_object({raw})" if not feed.distinct else "NULL"
    join = f"LEFT JOIN (SELECT * FROM {feed.raw.sql}) r USING (__line)" if not feed.distinct else ""
    message = (
        "CASE __problem "
        + " ".join(f"WHEN {literal(c)} THEN " + _message(said) for c, said in SAID.items())
        + " ELSE __problem END"
    )
    hint = "CASE __problem " + " ".join(f"WHEN {literal(c)} THEN {literal(h)}" for c, h in QUARANTINE.items()) + " END"
    sql = (
        f"SELECT {literal(feed.record_type.name)} AS type, {literal(feed.raw.label)} AS file, __line AS line, "
        f"coalesce(__column, '') AS \"column\", left(__value, 2000) AS value, __problem AS code, {message} AS message, "
        f"{hint} AS hint, CAST({whole} AS VARCHAR) AS row "
        f"FROM (SELECT * FROM read_parquet({literal(str(cast))}) WHERE __problem IS NOT NULL) c {join}"
    )
    con.execute(f"COPY ({sql}) TO {literal(str(target))} (FORMAT parquet)")
    one.quarantined += bad
    one.rejects.append(target)


def _message(said: str) -> str:
    parts = []
    for piece in said.replace("{column}", "\0c\0").replace("{value}", "\0v\0").split("\0"):
        parts.append(
            {"c": "coalesce(__column, '')", "v": "coalesce(left(__value, 200), '')"}.get(piece, literal(piece))
        )
    return "concat(" + ", ".join(parts) + ")"


def _unite(con: duckdb.DuckDBPyConnection, parts: Sequence[tuple[int, Feed, Path]], one: Staged, scratch: Path) -> None:
    """The good rows of all files of a type, each key once."""
    names = [c.name for c in one.record_type.columns]
    columns = ", ".join(identifier(c) for c in [*names, "extra"])
    selects = [
        f"SELECT {columns}, __line, __newest, {n} AS __feed FROM read_parquet({literal(str(p))}) WHERE __problem IS NULL"
        for n, _, p in parts
    ]
    union = " UNION ALL BY NAME ".join(selects)
    key = ", ".join(identifier(k) for k in one.record_type.key)
    good = f"({union})"
    row = con.execute(f"SELECT count(*), count(DISTINCT hash({key})) FROM {good}").fetchone() or (0, 0)
    total, distinct = int(row[0]), int(row[1])
    if total == distinct:
        con.execute(f"COPY (SELECT {columns} FROM {good}) TO {literal(str(one.file))} (FORMAT parquet)")
        one.good = total
        return
    repeated = f"(SELECT hash({key}) AS h FROM {good} GROUP BY 1 HAVING count(*) > 1)"
    content = ", ".join(identifier(c) for c in [*names, "extra"])
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE __repeats AS SELECT *, row_number() OVER w AS __rn, "
        f"first_value(__line) OVER w AS __first, hash({content}) AS __hash, first_value(hash({content})) OVER w AS __first_hash "
        f"FROM {good} WHERE hash({key}) IN {repeated} "
        f"WINDOW w AS (PARTITION BY {key} ORDER BY __newest DESC NULLS LAST, __feed, __line)"
    )
    con.execute(
        f"COPY (SELECT {columns} FROM {good} WHERE hash({key}) NOT IN {repeated} "
        f"UNION ALL SELECT {columns} FROM __repeats WHERE __rn = 1) TO {literal(str(one.file))} (FORMAT parquet)"
    )
    ordered = any(f.newest for _, f, _ in parts)
    same = "true" if ordered else "__hash = __first_hash"
    counts = con.execute(
        f"SELECT count(*) FILTER ({same}), count(*) FILTER (NOT ({same})) FROM __repeats WHERE __rn > 1"
    )
    one.duplicates, conflicts = (int(n) for n in counts.fetchone() or (0, 0))
    one.good = total - one.duplicates - conflicts
    if conflicts:
        _reject_conflicts(con, parts, one, scratch / f"conflicts-{one.record_type.name}.parquet", conflicts)


def _reject_conflicts(
    con: duckdb.DuckDBPyConnection, parts: Sequence[tuple[int, Feed, Path]], one: Staged, target: Path, count: int
) -> None:
    labels = " ".join(f"WHEN {n} THEN {literal(f.raw.label)}" for n, f, _ in parts)
    keys = ", ' / ', ".join(f"CAST({identifier(k)} AS VARCHAR)" for k in one.record_type.key)
    rest = ", ".join(f"{literal(c.name)}, {identifier(c.name)}" for c in one.record_type.columns)
    sql = (
        f"SELECT {literal(one.record_type.name)} AS type, CASE __feed {labels} END AS file, __line AS line, "
        f"{literal(one.record_type.key[0])} AS \"column\", concat({keys}) AS value, 'conflicting_duplicate' AS code, "
        f"concat('A row with this key stands in line ', __first, ' already, with other values.') AS message, "
        f"{literal(QUARANTINE['conflicting_duplicate'])} AS hint, CAST(json_object({rest}) AS VARCHAR) AS row "
        f"FROM __repeats WHERE __rn > 1 AND __hash <> __first_hash"
    )
    con.execute(f"COPY ({sql}) TO {literal(str(target))} (FORMAT parquet)")
    one.quarantined += count
    one.rejects.append(target)


def _told(one: Staged) -> Iterable[Issue]:
    """One issue for each reason of quarantine, with an example; each row stands in the quarantine itself."""
    if not one.rejects:
        return
    files = ", ".join(literal(str(p)) for p in one.rejects)
    sql = (
        f'SELECT code, "column", file, count(*), min(line), arg_min(message, line), min(hint) '
        f"FROM read_parquet([{files}], union_by_name = true) GROUP BY 1, 2, 3 ORDER BY 4 DESC, 3, 1, 2"
    )
    with duckdb.connect() as con:
        rows = con.execute(sql).fetchall()
    for code, column, file, count, line, message, hint in rows:
        level = Level.info if code == "excluded" else Level.error
        said = (
            f"{count:,} {one.record_type.name} rows were not loaded: {message}"
            if count > 1
            else f"One {one.record_type.name} row was not loaded: {message}"
        )
        where = f"{file}:{line}" + (f":{column}" if column else "")
        yield Issue(code, level, said, where, hint)
