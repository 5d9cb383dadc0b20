"""From text to typed values: each column is profiled once over the whole file, then cast set-based."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

import duckdb

from geartrain.kernel.records import Column, ColumnKind
from geartrain.stores.intake import dates, numbers
from geartrain.stores.intake.words import identifier, literal

MISSING = (
    *("", "-", "--", "–", "—", "n/a", "#n/a", "#na", "null", "<null>", "(null)", "nan", "\\n", "nil"),
    *("#ref!", "#value!", "#div/0!", "#name?", "#num!", "#null!"),
)
LONGEST = max(len(m.encode()) for m in MISSING)
# Characters that surround a value and say nothing: spaces of all kinds, line ends, a byte-order mark.
SPACES = "chr(32) || chr(9) || chr(10) || chr(13) || chr(160) || chr(8239) || chr(65279)"
YES = ("true", "t", "yes", "y", "1", "1.0", "wahr", "ja", "oui", "vrai", "si", "sí", "sim", "x", "on", "✓")
NO = ("false", "f", "no", "n", "0", "0.0", "falsch", "nein", "non", "faux", "nao", "não", "off")
SQL_TYPE = numbers.SQL_TYPE | {
    ColumnKind.text: "VARCHAR",
    ColumnKind.flag: "BOOLEAN",
    ColumnKind.day: "DATE",
    ColumnKind.instant: "TIMESTAMP",
    ColumnKind.json: "VARCHAR",
}
DATES = (ColumnKind.day, ColumnKind.instant)
SAMPLE = 5_000
_macro = count()


@dataclass(frozen=True)
class Origin:
    """Where a target column's text comes from, as SQL over the raw relation, and what the mapping states of it."""

    column: Column
    sql: str
    date_format: str = ""
    may_be_empty: bool = False


@dataclass(frozen=True)
class Ways:
    """What is stated about a file as a whole; empty where it is for us to find out."""

    zone: str
    date_order: str = ""
    decimal: str = ""


@dataclass(frozen=True)
class Profile:
    """How one column is read, and what must be said about that.

    Args:
        value: SQL over the cleaned text `t`.
        number: SQL over `t` that tells a number that is too great from what is no number; empty for other kinds.
        exact: SQL over `t` that reads a number with decimals where whole ones are wanted.
        chosen: `day_first`, `month_first`, `point` or `comma`, where that was to be decided.
        stated: In words, where the file's way is worth saying.
        doubtful: Whether the values allow the other choice as well.
    """

    value: str
    number: str = ""
    exact: str = ""
    chosen: str = ""
    stated: str = ""
    doubtful: bool = False
    other: Profile | None = None  # of a doubtful one: the other way
    typed: bool = False  # the value is over the column `r` as it is, not over its text


def cleaned(sql: str) -> str:
    """Text without outer space; a token that says there is nothing is nothing."""
    tokens = ", ".join(literal(m) for m in MISSING)
    text = f"CAST({sql} AS VARCHAR)"
    # Trimming costs more than all else. Few values have anything but printable ASCII at either end.
    tidy = f"{text} BETWEEN '!' AND '~~' AND reverse({text}) BETWEEN '!' AND '~~'"
    bare = f"(CASE WHEN {tidy} THEN {text} ELSE trim({text}, {SPACES}) END)"
    return f"(CASE WHEN strlen({bare}) <= {LONGEST} AND lower({bare}) IN ({tokens}) THEN NULL ELSE {bare} END)"


def profiles(con: duckdb.DuckDBPyConnection, relation: str, origins: Sequence[Origin], ways: Ways) -> list[Profile]:
    """Decide once over each whole column how its values are written, in one scan and a second for what is not plain.

    Where the values of a column allow two ways, it is read like the other columns of the file; where they do not tell
    either, month-first or the decimal point is taken and `doubtful` says so.
    """
    found = _typed(con, relation, origins, ways)
    tests = [_first_tests(o) if p is None else {} for o, p in zip(origins, found, strict=True)]
    counts = _counted(con, relation, list(zip(origins, tests, strict=True)))
    found = [p or _plain(o, c, ways) for o, c, p in zip(origins, counts, found, strict=True)]
    open_ = [n for n, p in enumerate(found) if p is None]
    if open_:
        more = [(origins[n], _second_tests(con, relation, origins[n])) for n in open_]
        for n, (o, ask), counted in zip(open_, more, _counted(con, relation, more), strict=True):
            known = counts[n] | counted
            found[n] = _decided_date(o, known, ways, ask) if o.column.kind in DATES else _decided_number(o, known)
    return _like_the_others([p for p in found if p is not None])


def _typed(
    con: duckdb.DuckDBPyConnection, relation: str, origins: Sequence[Origin], ways: Ways
) -> list[Profile | None]:
    """Profiles of the columns that hold days or instants already."""
    if not origins:
        return []
    columns = ", ".join(f"{o.sql} AS c{n}" for n, o in enumerate(origins))
    types = [str(row[1]) for row in con.execute(f"DESCRIBE SELECT {columns} FROM {relation}").fetchall()]
    reads = [
        dates.typed(t, o.column.kind, ways.zone) if o.column.kind in DATES else None
        for o, t in zip(origins, types, strict=True)
    ]
    return [None if r is None else Profile(r, typed=True) for r in reads]


def readable_share(con: duckdb.DuckDBPyConnection, relation: str, origin: Origin) -> float:
    """Which share of the column's known values is of its kind; 0 where none is known."""
    (found,) = profiles(con, relation, [origin], Ways("UTC"))
    known = f"(SELECT {cleaned(origin.sql)} AS t FROM {relation})"
    if found.typed:
        return 1.0
    row = con.execute(f"SELECT count({_named(con, found.value)}(t)), count(t) FROM {known}").fetchone() or (0, 0)
    return row[0] / row[1] if row[1] else 0.0


def _first_tests(origin: Origin) -> dict[str, str]:
    kind = origin.column.kind
    if kind in numbers.SQL_TYPE:
        return {"plain": numbers.plain(kind), "dotted": numbers.ambiguous(), "parted": numbers.parted()}
    if kind in DATES and not origin.date_format:
        return {"local": dates.is_local(), "zoned": dates.is_zoned(), "midnight": dates.zoned_midnight()}
    return {}


def _plain(origin: Origin, counts: Mapping[str, int], ways: Ways) -> Profile | None:
    """The profile of a column that is written as a program would; None where a second look is needed."""
    kind, known = origin.column.kind, counts.get("known", 0)
    if kind in (ColumnKind.text, ColumnKind.json):
        return Profile("t")
    if kind is ColumnKind.flag:
        yes, no = (", ".join(literal(v) for v in vs) for vs in (YES, NO))
        return Profile(f"CASE WHEN lower(t) IN ({yes}) THEN true WHEN lower(t) IN ({no}) THEN false END")
    if kind in DATES:
        if origin.date_format:
            return Profile(dates.stated(origin.date_format, kind, ways.zone))
        if counts["local"] == known:
            return Profile(dates.local(kind, ways.zone))
        if counts["local"] + counts["zoned"] == known:
            return Profile(_iso(origin, counts, ways))
        return None
    if ways.decimal:
        return _number(kind, ways.decimal)
    # 12.500 is a plain number, and may be meant as twelve thousand five hundred all the same.
    if counts["plain"] == known and (not counts["dotted"] or counts["parted"]):
        simple = _number(kind, "point")
        return replace(simple, value=numbers.plain(kind), chosen="point" if counts["parted"] else "")
    return None


def _number(kind: ColumnKind, decimal: str, stated: str = "") -> Profile:
    thousands, point = (",", ".") if decimal == "point" else (".", ",")
    whole = kind is ColumnKind.integer
    return Profile(
        numbers.written(thousands, point, kind),
        numbers.is_number(thousands, point),
        numbers.written(thousands, point, ColumnKind.number) if whole else "",
        decimal,
        stated,
    )


def _iso(origin: Origin, counts: Mapping[str, int], ways: Ways) -> str:
    dressed = counts["zoned"] > 0 and counts["midnight"] == counts["zoned"]
    return dates.iso(origin.column.kind, ways.zone, days_as_written=dressed)


def _second_tests(con: duckdb.DuckDBPyConnection, relation: str, origin: Origin) -> dict[str, str]:
    kind = origin.column.kind
    if kind in numbers.SQL_TYPE:
        point, comma = numbers.written(",", ".", kind), numbers.written(".", ",", kind)
        both = f"CASE WHEN ({point}) <> ({comma}) THEN 1 END"
        return {"point": point, "comma": comma, "both": both}
    day, month = _walls(con, relation, origin)
    both = f"CASE WHEN ({day}) <> ({month}) THEN 1 END"
    return {
        "day": day,
        "month": month,
        "both": both,
        "any": f"coalesce({day}, {month})",
        "serial": dates.serial(),
        "epoch": dates.epoch(),
    }


def _walls(con: duckdb.DuckDBPyConnection, relation: str, origin: Origin) -> tuple[str, str]:
    """SQL of the wall clock, read day-first and month-first, by the formats that the first values have."""
    iso = f"regexp_full_match(t, {literal(dates.LOCAL)}) OR regexp_full_match(t, {literal(dates.ZONED)})"
    texts = f"(SELECT {cleaned(origin.sql)} AS t FROM {relation})"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE __sample AS FROM (SELECT t FROM {texts} WHERE t IS NOT NULL AND NOT ({iso}) "
        f"LIMIT {SAMPLE})"
    )
    row = con.execute("SELECT count(*) FILTER (regexp_matches(t, '\\pL{3,}')) FROM __sample").fetchone() or (0,)
    text = dates.normalised(words=row[0] > 0)
    con.execute(f"CREATE OR REPLACE TEMP TABLE __sample AS SELECT DISTINCT {text} AS x FROM __sample")
    return _wall(con, text, dates.DAY_FIRST), _wall(con, text, dates.MONTH_FIRST)


def _wall(con: duckdb.DuckDBPyConnection, text: str, order: str) -> str:
    formats = dates.FORMATS[order]
    counts = ", ".join(f"count({dates.parsed([f])})" for f in formats)
    hits = con.execute(f"SELECT {counts} FROM __sample").fetchone() or ()
    likely = [f for f, n in zip(formats, hits, strict=True) if n]
    return _on(dates.parsed(likely), text, con) if likely else "CAST(NULL AS TIMESTAMP)"


def _on(sql: str, text: str, con: duckdb.DuckDBPyConnection) -> str:
    """SQL over `x`, put over a text."""
    return f"{_named(con, sql, 'x')}({text})"


def _named(con: duckdb.DuckDBPyConnection, sql: str, parameter: str = "t") -> str:
    """A macro of the expression: its parameter is a name and not a place in a text."""
    name = f"__read_{next(_macro)}"
    con.execute(f"CREATE OR REPLACE TEMP MACRO {name}({parameter}) AS {sql}")
    return name


def _counted(
    con: duckdb.DuckDBPyConnection, relation: str, asked: Sequence[tuple[Origin, Mapping[str, str]]]
) -> list[dict[str, int]]:
    """For each column its known values, and those for which each test is known: one scan for all of them."""
    wanted = [(n, o, tests) for n, (o, tests) in enumerate(asked) if tests]
    found: list[dict[str, int]] = [{} for _ in asked]
    if not wanted:
        return found
    columns = ", ".join(f"{cleaned(o.sql)} AS v{n}" for n, o, _ in wanted)
    counts, places = [], []
    for n, _, tests in wanted:
        counts.append(f"count(v{n})")
        places.append((n, "known"))
        for name, sql in tests.items():
            counts.append(f"count({_named(con, sql)}(v{n}))")
            places.append((n, name))
    row = con.execute(f"SELECT {', '.join(counts)} FROM (SELECT {columns} FROM {relation})").fetchone() or ()
    for (n, name), value in zip(places, row, strict=True):
        found[n][name] = int(value)
    return found


def _decided_number(origin: Origin, counts: Mapping[str, int]) -> Profile:
    kind, points, commas = origin.column.kind, counts["point"], counts["comma"]
    if commas > points:
        return _number(kind, "comma", "decimal comma")
    if not counts["both"] or points > commas:
        return _number(kind, "point")
    comma = _number(kind, "comma", "decimal comma, like the file's other columns")
    return replace(_number(kind, "point", "decimal point"), doubtful=True, other=comma)


def _decided_date(origin: Origin, counts: Mapping[str, int], ways: Ways, walls: Mapping[str, str]) -> Profile:
    kind, isos = origin.column.kind, counts["local"] + counts["zoned"]
    days, months = counts["day"], counts["month"]
    if counts["serial"] > max(days, months, isos):
        return Profile(dates.at(dates.serial(), kind, ways.zone), stated="spreadsheet day numbers")
    if counts["epoch"] > max(days, months, isos):
        return Profile(dates.from_utc(dates.epoch(), kind, ways.zone), stated="seconds or milliseconds since 1970")
    iso = _iso(origin, counts, ways)
    if not max(days, months):
        return Profile(iso)

    def read(order: str, stated: str) -> Profile:
        likely = walls["day" if order == dates.DAY_FIRST else "month"]
        # A format that the first values do not have is tried where all else fails.
        rare = dates.parsed(dates.FORMATS[order]).replace("(x,", f"({dates.normalised(words=True)},")
        wall = dates.at(f"coalesce({likely}, {rare})", kind, ways.zone)
        return Profile(f"coalesce({iso}, {wall})", chosen=order if stated else "", stated=stated)

    if not counts["both"] and days == months == counts["any"]:
        return read(dates.MONTH_FIRST, "")  # named months, or years first: there is nothing to choose
    order = ways.date_order or (dates.DAY_FIRST if days > months else dates.MONTH_FIRST)
    if ways.date_order or days != months:
        return read(order, order.replace("_", "-"))
    day = read(dates.DAY_FIRST, "day-first, like the file's other columns")
    return replace(read(dates.MONTH_FIRST, "month-first"), doubtful=True, other=day)


def _like_the_others(found: Sequence[Profile]) -> list[Profile]:
    """A column whose values allow two ways is read like those of its file that allow one."""
    sure = {p.chosen for p in found if p.chosen and not p.doubtful}

    def settled(profile: Profile) -> Profile:
        if not profile.doubtful or profile.other is None:
            return profile
        same, others = profile.chosen in sure, profile.other.chosen in sure
        if same == others:
            return profile
        return profile.other if others else replace(profile, doubtful=False, other=None)

    return [settled(p) for p in found]


def select(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    origins: Sequence[Origin],
    found: Sequence[Profile],
    *,
    key: Sequence[str],
    carried: Mapping[str, str],
    absent: Sequence[Column],
) -> str:
    """SELECT of the typed columns and `__line`, with what is wrong with a row: __problem, __column, __value.

    Args:
        carried: Further columns as SQL over the relation, `extra` among them.
        absent: Columns of the type that the file does not have.
    """
    text = [
        f"CAST({o.sql} AS VARCHAR) AS {_text(o)}, {o.sql} AS {_typed_name(o)}"
        if p.typed
        else f"{cleaned(o.sql)} AS {_text(o)}"
        for o, p in zip(origins, found, strict=True)
    ]
    more = [f"{sql} AS {identifier(name)}" for name, sql in carried.items()]
    first = f"SELECT {', '.join(['__line', *text, *more])} FROM {relation}"
    values = [_value(con, o, p) for o, p in zip(origins, found, strict=True)]
    values += [f"CAST({_default(c)} AS {SQL_TYPE[c.kind]}) AS {identifier(c.name)}" for c in absent]
    second = f"SELECT *, {', '.join(values)} FROM ({first})"
    problems = [w for o, p in zip(origins, found, strict=True) for w in _problems(con, o, p, key)]
    chosen = [_case([(when, said[n]) for when, *said in problems]) for n in range(3)]
    drop = ", ".join([*map(_text, origins), *(_typed_name(o) for o, p in zip(origins, found, strict=True) if p.typed)])
    named = ", ".join(
        f"{sql} AS {name}" for sql, name in zip(chosen, ("__problem", "__column", "__value"), strict=True)
    )
    return f"SELECT * EXCLUDE ({drop}), {named} FROM ({second})"


def _text(origin: Origin) -> str:
    return identifier("t_" + origin.column.name)


def _typed_name(origin: Origin) -> str:
    return identifier("r_" + origin.column.name)


def _default(column: Column) -> str:
    return "NULL" if column.default is None else literal(column.default)


def _value(con: duckdb.DuckDBPyConnection, origin: Origin, profile: Profile) -> str:
    column, to = origin.column, SQL_TYPE[origin.column.kind]
    cast = (
        f"{_named(con, profile.value, 'r')}({_typed_name(origin)})"
        if profile.typed
        else f"{_named(con, profile.value)}({_text(origin)})"
    )
    if column.default is not None:
        cast = f"CASE WHEN {_text(origin)} IS NULL THEN CAST({literal(column.default)} AS {to}) ELSE {cast} END"
    return f"CAST({cast} AS {to}) AS {identifier(column.name)}"


def _problems(
    con: duckdb.DuckDBPyConnection, origin: Origin, profile: Profile, key: Sequence[str]
) -> list[tuple[str, str, str, str]]:
    """What may be wrong with a cell: when (SQL), the code (SQL), the column (SQL) and its text (SQL)."""
    column, text = origin.column, _text(origin)
    value, name = identifier(column.name), literal(column.name)
    found = []
    if column.name in key or (column.required and not origin.may_be_empty and column.default is None):
        found.append((f"{text} IS NULL", "'missing_value'", name, text))
    if code := _unreadable(con, column, profile, text):
        found.append((f"{text} IS NOT NULL AND {value} IS NULL", code, name, text))
    for bound, sign in ((column.low, "<"), (column.high, ">")):
        if bound is not None:
            found.append((f"{value} {sign} {bound}", "'out_of_range'", name, text))
    return found


def _unreadable(con: duckdb.DuckDBPyConnection, column: Column, profile: Profile, text: str) -> str:
    """SQL of the code for a text that is no value of the column's kind."""
    if column.kind in DATES:
        return "'not_a_date'"
    if column.kind is ColumnKind.flag:
        return "'not_yes_or_no'"
    if column.kind not in numbers.SQL_TYPE:
        return ""
    number = f"{_named(con, profile.number)}({text})"
    exact = f"{_named(con, profile.exact)}({text})" if profile.exact else "NULL"
    return f"CASE WHEN NOT coalesce({number}, false) THEN 'not_a_number' WHEN {exact} <> trunc({exact}) THEN 'not_whole' ELSE 'out_of_range' END"


def _case(whens: Sequence[tuple[str, str]]) -> str:
    return f"CASE {' '.join(f'WHEN {when} THEN {then}' for when, then in whens)} END" if whens else "NULL::VARCHAR"
