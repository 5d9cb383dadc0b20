"""From text to typed values: each column is profiled once over the whole file, then cast set-based."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb

from geartrain.kernel.records import Column, ColumnKind
from geartrain.stores.intake.text import identifier, literal

MISSING = ("", "-", "--", "–", "n/a", "#n/a", "null", "(null)", "nan", "\\n", "#ref!", "#value!", "#div/0!")
# Characters that surround a value and say nothing: spaces of all kinds, line ends, a byte-order mark.
SPACES = "chr(32) || chr(9) || chr(10) || chr(13) || chr(160) || chr(65279)"
YES = ("true", "t", "yes", "y", "1", "1.0", "wahr", "ja", "oui", "vrai", "si", "sí", "sim", "x", "on")
NO = ("false", "f", "no", "n", "0", "0.0", "falsch", "nein", "non", "faux", "nao", "não", "off")
DAY_FIRST = ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y", "%d.%m.%y", "%d-%m-%y")
MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y", "%m/%d/%y", "%m-%d-%y")
NAMED = (
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%b %d, %Y",
    "%b %d %Y",
    "%d %B %Y",
    "%B %d, %Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y%m%d",
)
TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", ", %H:%M:%S", ", %H:%M", "T%H:%M:%S")
MONEY_SIGNS = "[\\s\u00a0\u202f\u2009'’$€£¥₹]|USD|EUR|GBP|CHF|JPY"
SQL_TYPE = {
    ColumnKind.text: "VARCHAR",
    ColumnKind.integer: "BIGINT",
    ColumnKind.number: "DECIMAL(38,9)",
    ColumnKind.money: "DECIMAL(38,4)",
    ColumnKind.flag: "BOOLEAN",
    ColumnKind.day: "DATE",
    ColumnKind.instant: "TIMESTAMP",
    ColumnKind.json: "VARCHAR",
}
REASON = {
    ColumnKind.integer: "not_whole",
    ColumnKind.number: "not_a_number",
    ColumnKind.money: "not_a_number",
    ColumnKind.flag: "not_yes_or_no",
    ColumnKind.day: "not_a_date",
    ColumnKind.instant: "not_a_date",
}


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


@dataclass
class Profile:
    """How one column is read, and what must be said about that."""

    value: str  # SQL over the cleaned text `t`
    stated: str = ""
    doubtful: bool = False


@dataclass
class Casts:
    """Profiles of all columns of a file."""

    profiles: dict[str, Profile] = field(default_factory=dict)


def cleaned(sql: str) -> str:
    """Text without outer space; a token that says there is nothing is nothing."""
    tokens = ", ".join(literal(m) for m in MISSING)
    text = f"trim(CAST({sql} AS VARCHAR), {SPACES})"
    return f"(CASE WHEN lower({text}) IN ({tokens}) THEN NULL ELSE {text} END)"


def profile(con: duckdb.DuckDBPyConnection, relation: str, origin: Origin, ways: Ways) -> Profile:
    """Decide once over the whole column how its values are written."""
    kind = origin.column.kind
    if kind in (ColumnKind.text, ColumnKind.json):
        return Profile("t")
    if kind is ColumnKind.flag:
        yes, no = (", ".join(literal(v) for v in vs) for vs in (YES, NO))
        return Profile(f"CASE WHEN lower(t) IN ({yes}) THEN true WHEN lower(t) IN ({no}) THEN false END")
    if kind in (ColumnKind.day, ColumnKind.instant):
        return _date_profile(con, relation, origin, ways)
    return _number_profile(con, relation, origin, ways)


def _counted(con: duckdb.DuckDBPyConnection, relation: str, origin: Origin, *what: str) -> tuple[int, ...]:
    """Over the column's known values: how many there are, then how many for which each expression is known."""
    counts = ", ".join(f"count({w})" for w in what)
    sql = f"SELECT count(t), {counts} FROM (SELECT {cleaned(origin.sql)} AS t FROM {relation})"
    return tuple(int(n) for n in (con.execute(sql).fetchone() or ()))


def _number_profile(con: duckdb.DuckDBPyConnection, relation: str, origin: Origin, ways: Ways) -> Profile:
    to = SQL_TYPE[origin.column.kind]
    plain = f"TRY_CAST(t AS {'DECIMAL(38,9)' if to == 'BIGINT' else to})"
    whole = f"CASE WHEN {plain} = trunc({plain}) THEN TRY_CAST({plain} AS BIGINT) END"
    simple = whole if to == "BIGINT" else plain
    point, comma = _number(",", ".", to), _number(".", ",", to)
    if ways.decimal:
        return Profile(point if ways.decimal == "point" else comma)
    known, plainly = _counted(con, relation, origin, simple)
    if known == plainly:
        return Profile(simple)
    _, points, commas, either = _counted(
        con, relation, origin, point, comma, f"CASE WHEN {point} <> {comma} THEN 1 END"
    )
    if commas > points:
        return Profile(comma, "decimal comma")
    doubtful = bool(either) and points == commas
    return Profile(f"coalesce({simple}, {point})", "decimal point" if doubtful else "", doubtful)


def _number(thousands: str, decimal: str, to: str) -> str:
    """SQL that reads an amount with these separators, signs of currency, brackets for negative and percent."""
    bare = f"regexp_replace(t, {literal(MONEY_SIGNS)}, '', 'g')"
    bare = f"regexp_replace({bare}, '^\\((.*)\\)$', '-\\1')"
    bare = f"regexp_replace({bare}, '^(.*[0-9])-$', '-\\1')"
    th, de = ("\\" + thousands, "\\" + decimal)
    shape = f"[-+]?(\\d+|\\d{{1,3}}({th}\\d{{3}})+)?({de}\\d+)?([eE][-+]?\\d+)?%?"
    digits = f"replace(replace(replace({bare}, {literal(thousands)}, ''), {literal(decimal)}, '.'), '%', '')"
    wide = "DECIMAL(38,9)" if to == "BIGINT" else to
    value = f"TRY_CAST({digits} AS {wide})"
    value = f"CASE WHEN {bare} LIKE '%!%' ESCAPE '~' THEN NULL WHEN right({bare}, 1) = '%' THEN TRY_CAST({value} / 100 AS {wide}) ELSE {value} END"
    if to == "BIGINT":
        value = f"CASE WHEN ({value}) = trunc({value}) THEN TRY_CAST(({value}) AS BIGINT) END"
    return f"CASE WHEN regexp_full_match({bare}, {literal(shape)}) THEN {value} END"


def _date_profile(con: duckdb.DuckDBPyConnection, relation: str, origin: Origin, ways: Ways) -> Profile:
    kind = origin.column.kind
    if origin.date_format:
        return Profile(_at(f"try_strptime(t, {literal(origin.date_format)})", kind, ways.zone))
    iso = _iso(kind, ways.zone)
    known, isos = _counted(con, relation, origin, iso)
    if known == isos:
        return Profile(iso)
    day, month = (_formats((*first, *NAMED)) for first in (DAY_FIRST, MONTH_FIRST))
    serial = "CASE WHEN regexp_full_match(t, '[2-6]\\d{4}(\\.\\d+)?') THEN TIMESTAMP '1899-12-30' + to_microseconds(CAST(round(CAST(t AS DOUBLE) * 86400, 0) AS BIGINT) * 1000000) END"
    _, days, months, both, serials = _counted(
        con, relation, origin, day, month, f"CASE WHEN {day} <> {month} THEN 1 END", serial
    )
    if serials > max(days, months) and serials > isos:
        return Profile(_at(serial, kind, ways.zone), "spreadsheet day numbers")
    first = ways.date_order or ("day_first" if days > months else "month_first")
    chosen = day if first == "day_first" else month
    doubtful = not ways.date_order and bool(both) and days == months
    stated = first.replace("_", "-") if both or days != months else ""
    return Profile(f"coalesce({iso}, {_at(chosen, kind, ways.zone)})", stated, doubtful)


def _formats(dates: Sequence[str]) -> str:
    listed = ", ".join(literal(d + t) for d in dates for t in TIMES)
    return f"try_strptime(t, [{listed}])"


def _iso(kind: ColumnKind, zone: str) -> str:
    """ISO 8601; with an offset it is an instant, without one it is the zone's wall clock."""
    offset = "regexp_matches(t, '\\d{2}:\\d{2}.*(Z|z|[-+]\\d{2}(:?\\d{2})?)$')"
    zoned = "TRY_CAST(t AS TIMESTAMPTZ)"
    there = f"timezone({literal(zone)}, {zoned})" if kind is ColumnKind.day else f"timezone('UTC', {zoned})"
    local = "CASE WHEN regexp_matches(t, '^\\d{4}-\\d{1,2}-\\d{1,2}') THEN TRY_CAST(t AS TIMESTAMP) END"
    to = "DATE" if kind is ColumnKind.day else "TIMESTAMP"
    return f"CASE WHEN {offset} THEN TRY_CAST({there} AS {to}) ELSE {_at(local, kind, zone)} END"


def _at(local: str, kind: ColumnKind, zone: str) -> str:
    """A wall-clock time as it is stored: a day as it is, an instant in UTC; years far from ours are none."""
    sane = f"CASE WHEN year({local}) BETWEEN 1900 AND 2200 THEN {local} END"
    if kind is ColumnKind.day:
        return f"CAST({sane} AS DATE)"
    return sane if zone == "UTC" else f"timezone('UTC', timezone({literal(zone)}, {sane}))"


def select(
    relation: str,
    origins: Sequence[Origin],
    profiles: Sequence[Profile],
    *,
    key: Sequence[str],
    extra: str,
    absent: Sequence[Column],
) -> str:
    """SELECT of the typed columns, `extra`, the line, and what is wrong with a row: __problem, __column, __value."""
    text = ", ".join(f"{cleaned(o.sql)} AS {identifier('t_' + o.column.name)}" for o in origins)
    first = f"SELECT __line, {text}, {extra} AS extra FROM {relation}"
    values, problems = [], []
    for o, p in zip(origins, profiles, strict=True):
        name, t = o.column.name, identifier("t_" + o.column.name)
        value = p.value.replace("\0", "")
        default = o.column.default
        cast = _over(value, t)
        if default is not None:
            cast = f"CASE WHEN {t} IS NULL THEN CAST({literal(default)} AS {SQL_TYPE[o.column.kind]}) ELSE {cast} END"
        values.append(f"CAST({cast} AS {SQL_TYPE[o.column.kind]}) AS {identifier(name)}")
        v = identifier(name)
        if (o.column.required and not o.may_be_empty) or name in key:
            if default is None:
                problems.append((f"{t} IS NULL", "missing_value", name, t))
        if o.column.kind in REASON:
            problems.append((f"{t} IS NOT NULL AND {v} IS NULL", REASON[o.column.kind], name, t))
        for bound, sign in ((o.column.low, "<"), (o.column.high, ">")):
            if bound is not None:
                problems.append((f"{v} {sign} {bound}", "out_of_range", name, t))
    for column in absent:
        values.append(
            f"CAST({literal(column.default) if column.default else 'NULL'} AS {SQL_TYPE[column.kind]}) AS {identifier(column.name)}"
        )
    second = f"SELECT * REPLACE (nullif(CAST(extra AS VARCHAR), '{{}}') AS extra), {', '.join(values)} FROM ({first})"

    def chosen(place: int) -> str:
        whens = " ".join(f"WHEN {p[0]} THEN {p[place] if place == 3 else literal(str(p[place]))}" for p in problems)
        return f"CASE {whens} END" if whens else "NULL"

    drop = ", ".join(identifier("t_" + o.column.name) for o in origins)
    return f"SELECT * EXCLUDE ({drop}), {chosen(1)} AS __problem, {chosen(2)} AS __column, {chosen(3)} AS __value FROM ({second})"


def _over(value: str, column: str) -> str:
    """The expression with `t` standing for a column."""
    import re

    parts = re.split(r"('(?:[^']|'')*')", value)
    return "".join(p if p.startswith("'") else re.sub(r"\bt\b", column.replace("\\", "\\\\"), p) for p in parts)
