"""A load: feeds are cast, checked and staged; every row read is loaded, quarantined or a duplicate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.records import RecordType
from geartrain.stores.intake.cast import DATES, Origin, Profile, profiles, select
from geartrain.stores.intake.codes import QUARANTINE
from geartrain.stores.intake.feed import Feed
from geartrain.stores.intake.words import identifier, literal

Progress = Callable[..., None]
MEMORY = "1GB"
# What makes a quarantined row the same as another, whichever load it was in.
REJECT_KEY = ("type", "file", "line", "column", "value", "code", "row")
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
        try:
            issues += _cast(con, feed, cast, aliases.get(name, {}))
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
            said = f"{feed.raw.label} could not be worked through: {str(error).splitlines()[0][:200]}"
            raise Invalid(said, hint="Free some disk space below the workspace's data folder.") from None
        one.read += _rows(con, cast) + (feed.raw.bad.count if feed.raw.bad else 0)
        _reject_bad_lines(con, feed, one, scratch / f"lines-{n}.parquet")
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
    relation, issues = feed.raw.sql, list[Issue]()
    if feed.keep:
        issues += _left_out(con, feed)
        relation = f"(SELECT * FROM {relation} WHERE {feed.keep})"
    if feed.distinct:
        kept = ", ".join(f"{o.sql} AS {identifier('d_' + o.column.name)}" for o in origins)
        group = ", ".join(str(i) for i in range(1, len(origins) + 1))
        relation = f"(SELECT {kept}, min(__line) AS __line FROM {relation} GROUP BY {group})"
        origins = [replace(o, sql=identifier("d_" + o.column.name)) for o in origins]
    found = profiles(con, relation, origins, feed.ways)
    have = {o.column.name for o in origins}
    absent = [c for c in feed.record_type.columns if c.name not in have]
    carried = {
        "extra": feed.extra_sql(),
        "__newest": f"CAST({feed.newest or 'NULL'} AS VARCHAR)",
        "__excluded": f"coalesce({feed.excluded or 'false'}, false)",
    }
    sql = select(con, relation, origins, found, key=feed.record_type.key, carried=carried, absent=absent)
    problem = "CASE WHEN __excluded THEN 'excluded' ELSE __problem END AS __problem"
    body = f"SELECT * EXCLUDE (__excluded) REPLACE ({problem}) FROM ({sql})"
    con.execute(f"COPY ({body}) TO {literal(str(target))} (FORMAT parquet)")
    return [*issues, *_stated(feed, origins, found), *_empty(con, feed, origins, target)]


def _left_out(con: duckdb.DuckDBPyConnection, feed: Feed) -> Iterable[Issue]:
    row = con.execute(f"SELECT count(*) FROM {feed.raw.sql} WHERE NOT coalesce({feed.keep}, false)").fetchone()
    if row and row[0]:
        said = f"{row[0]:,} rows of {feed.raw.label} are not meant to be {feed.record_type.name} records and were not read."
        hint = "Nothing to mend where that is so: the mapping's `where`, or the connector, leaves them out."
        yield Issue("left_out", Level.info, said, feed.raw.label, hint)


def _aliased(origin: Origin, aliases: Mapping[str, str]) -> Origin:
    if not aliases:
        return origin
    whens = " ".join(f"WHEN {literal(a)} THEN {literal(b)}" for a, b in sorted(aliases.items()))
    text = f"CAST({origin.sql} AS VARCHAR)"
    return replace(origin, sql=f"CASE trim({text}) {whens} ELSE {text} END")


def _stated(feed: Feed, origins: Sequence[Origin], profiles: Sequence[Profile]) -> Iterable[Issue]:
    for o, p in zip(origins, profiles, strict=True):
        if not p.stated:
            continue
        where, said = f"{feed.raw.label}:{o.column.name}", f"{o.column.name} of {feed.raw.label} was read as {p.stated}"
        if p.doubtful:
            hint = "Every value fits both ways. If it is the other way round, say date_order or decimal in a mapping."
            # A wrong decimal sign is a factor of a thousand.
            level = Level.info if o.column.kind in DATES else Level.warning
            yield Issue("ambiguous_format", level, f"{said}, which its values do not decide.", where, hint)
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


def _reject_bad_lines(con: duckdb.DuckDBPyConnection, feed: Feed, one: Staged, target: Path) -> None:
    """Physical lines that are no rows."""
    if feed.raw.bad is None:
        return
    sql = (
        f"SELECT {literal(feed.record_type.name)} AS type, {literal(feed.raw.label)} AS file, line, '' AS \"column\", "
        f"left(text, 200) AS value, code, message, {_hints('code')} AS hint, CAST(json_object('line', text) AS VARCHAR) AS row "
        f"FROM read_parquet({literal(str(feed.raw.bad.file))})"
    )
    _reject(con, one, sql, target, feed.raw.bad.count)


def _reject(con: duckdb.DuckDBPyConnection, one: Staged, sql: str, target: Path, count: int) -> None:
    row = con.execute(f"COPY ({sql}) TO {literal(str(target))} (FORMAT parquet)").fetchone()
    assert row == (count,), f"{target.name}: {row} rows written, {count} counted"
    one.quarantined += count
    one.rejects.append(target)


def _hints(code: str) -> str:
    whens = " ".join(f"WHEN {literal(c)} THEN {literal(h)}" for c, h in QUARANTINE.items())
    return f"CASE {code} {whens} END"


def _reject_problems(con: duckdb.DuckDBPyConnection, feed: Feed, cast: Path, one: Staged, target: Path) -> None:
    """Rows with a value that cannot be taken, with the row as the source has it."""
    bad = _rows(con, cast, "__problem IS NOT NULL")
    if not bad:
        return
    raw = ", ".join(f"{literal(h)}, r.{identifier(h)}" for h in feed.raw.headers)
    # A connector may make several rows of one line (a state, compared with the one before): any of them shows the line.
    join = f"LEFT JOIN (SELECT DISTINCT ON (__line) * FROM {feed.raw.sql}) r USING (__line)"
    message = "CASE __problem " + " ".join(f"WHEN {literal(c)} THEN {_message(said)}" for c, said in SAID.items())
    sql = (
        f"SELECT {literal(feed.record_type.name)} AS type, {literal(feed.raw.label)} AS file, __line AS line, "
        f"CASE WHEN __problem = 'excluded' THEN '' ELSE coalesce(__column, '') END AS \"column\", "
        f"left(__value, 2000) AS value, __problem AS code, {message} ELSE __problem END AS message, "
        f"{_hints('__problem')} AS hint, CAST(json_object({raw}) AS VARCHAR) AS row "
        f"FROM (SELECT * FROM read_parquet({literal(str(cast))}) WHERE __problem IS NOT NULL) c {join}"
    )
    _reject(con, one, sql, target, bad)


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
        f"first_value(__line) OVER w AS __first, first_value(__feed) OVER w AS __first_feed, "
        f"({_settled(content)}) AS __same "
        f"FROM {good} WHERE hash({key}) IN {repeated} "
        f"WINDOW w AS (PARTITION BY {key} ORDER BY __newest DESC NULLS LAST, __feed, __line)"
    )
    con.execute(
        f"COPY (SELECT {columns} FROM {good} WHERE hash({key}) NOT IN {repeated} "
        f"UNION ALL SELECT {columns} FROM __repeats WHERE __rn = 1) TO {literal(str(one.file))} (FORMAT parquet)"
    )
    sql = "SELECT count(*) FILTER (__same), count(*) FILTER (NOT __same) FROM __repeats WHERE __rn > 1"
    one.duplicates, conflicts = (int(n) for n in con.execute(sql).fetchone() or (0, 0))
    one.good = total - one.duplicates - conflicts
    if conflicts:
        _reject_conflicts(con, parts, one, scratch / f"conflicts-{one.record_type.name}.parquet", conflicts)


def _settled(content: str) -> str:
    """Whether a repeat says nothing new: it is the same row, or the source itself says that it is the older one."""
    same = f"hash({content}) = first_value(hash({content})) OVER w"
    return f"{same} OR coalesce(__newest < first_value(__newest) OVER w, false)"


def _reject_conflicts(
    con: duckdb.DuckDBPyConnection, parts: Sequence[tuple[int, Feed, Path]], one: Staged, target: Path, count: int
) -> None:
    labels = " ".join(f"WHEN {n} THEN {literal(f.raw.label)}" for n, f, _ in parts)
    keys = ", ' / ', ".join(f"CAST({identifier(k)} AS VARCHAR)" for k in one.record_type.key)
    whole = ", ".join(f"{literal(c)}, {identifier(c)}" for c in [*(c.name for c in one.record_type.columns), "extra"])
    place = f"CASE WHEN __feed = __first_feed THEN '' ELSE concat(' of ', CASE __first_feed {labels} END) END"
    sql = (
        f"SELECT {literal(one.record_type.name)} AS type, CASE __feed {labels} END AS file, __line AS line, "
        f"{literal(one.record_type.key[0])} AS \"column\", concat({keys}) AS value, 'conflicting_duplicate' AS code, "
        f"concat('A row with this key stands in line ', __first, {place}, ' already, with other values.') AS message, "
        f"{literal(QUARANTINE['conflicting_duplicate'])} AS hint, CAST(json_object({whole}) AS VARCHAR) AS row "
        f"FROM __repeats WHERE __rn > 1 AND NOT __same"
    )
    _reject(con, one, sql, target, count)


def only_known(staged: Sequence[Staged], known: pa.Table) -> bool:
    """Whether every quarantined row is among those known already (a table of REJECT_KEY)."""
    files = ", ".join(literal(str(p)) for one in staged for p in one.rejects)
    key = ", ".join(identifier(k) for k in REJECT_KEY)
    with duckdb.connect() as con:
        con.register("known", known)
        sql = f"SELECT {key} FROM read_parquet([{files}], union_by_name = true) EXCEPT SELECT {key} FROM known"
        return con.execute(f"SELECT count(*) FROM ({sql})").fetchone() == (0,)


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
