# ruff: noqa: E501
"""The cases every engine has to answer alike: rows, expressions, and what each gives for each row.

`wrong_results` runs them on any backend that can hold a table (tests/engines); `differences` compares the column evaluator with the
record evaluator over any expressions, for laws on random ones. No hypothesis here: the list is fixed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal as D
from typing import Any

import ibis
import pyarrow as pa

from geartrain.kernel.rules import parse

SCHEMA = {
    "k": "int64",
    "amount": "decimal(38, 4)",
    "rate": "decimal(38, 9)",
    "n": "int64",
    "name": "string",
    "region": "string",
    "won": "boolean",
    "day": "date",
    "at": "timestamp(6)",
    "extra": "string",
}
_ARROW = {
    "int64": pa.int64(),
    "string": pa.string(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp(6)": pa.timestamp("us"),
    "decimal(38, 4)": pa.decimal128(38, 4),
    "decimal(38, 9)": pa.decimal128(38, 9),
}


def row(k: int, *values: Any) -> dict[str, Any]:
    """A record; what is left out is unknown."""
    return dict(zip(SCHEMA, (k, *values, *[None] * (len(SCHEMA) - 1 - len(values))), strict=True))


ROWS = [
    row(0, D("12000"), D("0.25"), 3, "Acme Corp", "EMEA", True, date(2026, 1, 31), datetime(2026, 1, 31, 17, 30), '{"x": "5", "a b": "y"}'),
    row(1, D("-10.5"), D("0.000000007"), 0, "  ÄRGER_% ", "emea", False, date(2024, 2, 29), datetime(1999, 12, 31, 23, 59, 59, 999999), '{"x": "1e3", "n": 5}'),
    row(2),
    row(3, D("0"), D("-3"), -7, "", "APAC", None, date(1, 1, 1), datetime(1969, 12, 31, 23, 59, 59, 500000), "{}"),
    row(4, D("1e12"), D("123456789.123456789"), 86400, "line\nbreak", None, True, date(9999, 12, 31), datetime(2026, 1, 31), '{"x": null}'),
    row(5, D("1e30"), D("1e17"), 9_000_000_000_000_000_000, "naïve ßtraße", "EMEA", False, date(2026, 1, 31), None, '{"x": " 5"}'),
    row(6, D("999999999999999999.9999"), D("999999999999999999.999999999"), 1, "a\\b", "x", True, date(2025, 12, 29), datetime(2026, 2, 1), None),
    row(7, D("0.0001"), D("0.000000001"), 2, "O'Brien", "APAC", False, date(2026, 2, 28), datetime(2026, 1, 31, 0, 0, 0, 1), '{"x": "-12.5"}'),
]  # fmt: skip

T, F, U = True, False, None

# Expression, and its result for rows 0 to 7.
EXPECTED: list[tuple[str, Sequence[Any]]] = [
    # three-valued logic
    ("won", [T, F, U, U, T, F, T, F]),
    ("not won", [F, T, U, U, F, T, F, T]),
    ("won and amount > 0", [T, F, U, F, T, F, T, F]),
    ("won or amount > 0", [T, F, U, U, T, T, T, T]),
    ("won and null", [U, F, U, U, U, F, U, F]),
    ("won or null", [T, U, U, U, T, U, T, U]),
    ("not null", [U] * 8),
    ("won = true", [T, F, U, U, T, F, T, F]),
    ("won is true", [T, F, F, F, T, F, T, F]),
    ("won is false", [F, T, F, F, F, T, F, T]),
    ("won is not true", [F, T, T, T, F, T, F, T]),
    ("won is null", [F, F, T, T, F, F, F, F]),
    ("won is not null", [T, T, F, F, T, T, T, T]),
    ("true", [T] * 8),
    ("null is null", [T] * 8),
    # comparison of numbers: exact at any size
    ("amount > 10000", [T, F, U, F, T, T, T, F]),
    ("amount >= 12000.0000", [T, F, U, F, T, T, T, F]),
    ("amount = 12000", [T, F, U, F, F, F, F, F]),
    ("amount <> 12000", [F, T, U, T, T, T, T, T]),
    ("amount < 0.00005", [F, T, U, T, F, F, F, F]),
    ("amount > 0.00005", [T, F, U, F, T, T, T, T]),
    ("amount > rate", [T, F, U, T, T, T, F, T]),
    ("rate >= amount", [F, T, U, F, F, F, T, F]),
    ("amount > n", [T, F, U, T, T, T, T, F]),
    ("n > 2", [T, F, U, F, T, T, F, F]),
    ("n > 2.5", [T, F, U, F, T, T, F, F]),
    ("n = -7", [F, F, U, T, F, F, F, F]),
    ("rate = 0.000000007", [F, T, U, F, F, F, F, F]),
    ("amount = null", [U] * 8),
    ("10000 < amount", [T, F, U, F, T, T, T, F]),
    ("amount between -10.5 and 12000", [T, T, U, T, F, F, F, T]),
    ("amount not between 0 and 12000", [F, T, U, F, T, T, T, F]),
    ("amount between null and 0", [F, U, U, U, F, F, F, F]),
    # in
    ("amount in (12000, 0)", [T, F, U, T, F, F, F, F]),
    ("amount in (0.00005, 0.0001)", [F, F, U, F, F, F, F, T]),
    ("amount not in (12000, 0)", [F, T, U, F, T, T, T, T]),
    ("amount in (12000, null)", [T, U, U, U, U, U, U, U]),
    ("region in ('EMEA', 'APAC')", [T, F, U, T, U, T, F, T]),
    ("region in ('EMEA', null)", [T, U, U, U, U, T, U, U]),
    ("region not in ('EMEA', null)", [F, U, U, U, U, F, U, U]),
    ("region in (null)", [U] * 8),
    ("n in (amount, 0, 3)", [T, T, U, F, F, F, F, F]),
    ("day in (date '2026-01-31', date '2024-02-29')", [T, T, U, F, F, T, F, F]),
    # text is compared code point by code point
    ("region = 'EMEA'", [T, F, U, F, U, T, F, F]),
    ("region <> 'EMEA'", [F, T, U, T, U, F, T, T]),
    ("name = ''", [F, F, U, T, F, F, F, F]),
    ("name = 'O''Brien'", [F, F, U, F, F, F, F, T]),
    ("name like 'A%'", [T, F, U, F, F, F, F, F]),
    ("name like '%r%r%'", [F, F, U, F, F, F, F, F]),
    ("name like '%e%_orp'", [T, F, U, F, F, F, F, F]),
    ("name like '%'", [T, T, U, T, T, T, T, T]),
    ("name like '_%'", [T, T, U, F, T, T, T, T]),
    ("name like 'line_break'", [F, F, U, F, T, F, F, F]),
    ("name like 'na_ve%'", [F, F, U, F, F, T, F, F]),
    ("name not like '%e%'", [F, T, U, T, F, F, T, F]),
    ("name like ''", [F, F, U, T, F, F, F, F]),
    # arithmetic: exact, 12 decimals, unknown where it cannot be
    ("amount + 1", [D("12001"), D("-9.5"), U, D(1), D("1000000000001"), U, D("1000000000000000000.9999"), D("1.0001")]),
    ("amount - rate", [D("11999.75"), D("-10.500000007"), U, D(3), D("999876543210.876543211"), U, D("-0.000099999"), D("0.000099999")]),
    ("amount * 0.1", [D(1200), D("-1.05"), U, D(0), D("1e11"), U, D("99999999999999999.99999"), D("0.00001")]),
    ("amount * rate", [D(3000), D("-7.35e-8"), U, D(0), U, U, U, D(0)]),
    ("rate * rate", [D("0.0625"), D(0), U, D(9), D("15241578780673678.51562262075"), U, U, D(0)]),
    ("n * n", [D(9), D(0), U, D(49), D(7464960000), U, D(1), D(4)]),
    ("n + n", [D(6), D(0), U, D(-14), D(172800), U, D(2), D(4)]),
    ("-amount", [D(-12000), D("10.5"), U, D(0), D("-1e12"), U, D("-999999999999999999.9999"), D("-0.0001")]),
    ("- -n", [D(3), D(0), U, D(-7), D(86400), U, D(1), D(2)]),
    ("1 - 2 - 3", [D(-4)] * 8),
    ("2 + 3 * 4", [D(14)] * 8),
    ("(2 + 3) * 4", [D(20)] * 8),
    ("amount + null", [U] * 8),
    # division: one rounding at 12 decimals, half away from zero; by zero unknown
    ("amount / 7", [D("1714.285714285714"), D("-1.5"), U, D(0), D("142857142857.142857142857"), U, U, D("0.000014285714")]),
    ("n / 3", [D(1), D(0), U, D("-2.333333333333"), D(28800), U, D("0.333333333333"), D("0.666666666667")]),
    ("amount / n", [D(4000), U, U, D(0), D("11574074.074074074074"), U, U, D("0.00005")]),
    ("1 / rate", [D(4), D("142857142.857142857143"), U, D("-0.333333333333"), D("0.00000000810"), D(0), D(0), D("1e9")]),
    ("1 / 0", [U] * 8),
    ("amount / (n - n)", [U] * 8),
    ("1 / 2000000000000 = 0.000000001 / 2000", [T] * 8),
    ("rate / 2000", [D("0.000125"), D("4e-12"), U, D("-0.0015"), D("61728.394561728395"), D("5e13"), D("5e14"), D("1e-12")]),
    ("rate / -2000", [D("-0.000125"), D("-4e-12"), U, D("0.0015"), D("-61728.394561728395"), D("-5e13"), D("-5e14"), D("-1e-12")]),
    ("2 / 3 * 3", [D("2.000000000001")] * 8),
    ("amount / n / 2", [D(2000), U, U, D(0), D("5787037.037037037037"), U, U, D("0.000025")]),
    ("amount / rate > 1000", [T, F, U, F, T, U, U, T]),
    # functions on numbers
    ("abs(amount)", [D(12000), D("10.5"), U, D(0), D("1e12"), U, D("999999999999999999.9999"), D("0.0001")]),
    ("round(amount, 0)", [D(12000), D(-11), U, D(0), D("1e12"), U, D("1e18"), D(0)]),
    ("round(-2.345, 2)", [D("-2.35")] * 8),
    ("round(rate * n, 3)", [D("0.75"), D(0), U, D(21), D("10666666580266.667"), U, D("1e18"), D(0)]),
    ("floor(amount)", [D(12000), D(-11), U, D(0), D("1e12"), U, D("999999999999999999"), D(0)]),
    ("ceil(amount)", [D(12000), D(-10), U, D(0), D("1e12"), U, D("1e18"), D(1)]),
    ("floor(n / 2)", [D(1), D(0), U, D(-4), D(43200), U, D(0), D(1)]),
    ("greatest(amount, n)", [D(12000), D(0), U, D(0), D("1e12"), U, D("999999999999999999.9999"), D(2)]),
    ("least(amount, n, rate)", [D("0.25"), D("-10.5"), U, D(-7), D(86400), U, D(1), D("0.000000001")]),
    ("greatest(1, null)", [U] * 8),
    ("to_number(extra.x)", [D(5), U, U, U, U, U, U, D("-12.5")]),
    ("to_number('12,5')", [U] * 8),
    ("to_number('1234567890123456789')", [U] * 8),
    ("to_number('+0012.500')", [D("12.5")] * 8),
    # functions on text
    ("lower(name)", ["acme corp", "  ärger_% ", U, "", "line\nbreak", "naïve ßtraße", "a\\b", "o'brien"]),
    ("upper(name)", ["ACME CORP", "  ÄRGER_% ", U, "", "LINE\nBREAK", "NAÏVE ßTRAßE", "A\\B", "O'BRIEN"]),
    ("lower('ΑΒΣ ЖЫ ŁÓDŹ')", ["αβσ жы łódź"] * 8),
    ("trim(name)", ["Acme Corp", "ÄRGER_%", U, "", "line\nbreak", "naïve ßtraße", "a\\b", "O'Brien"]),
    ("trim('\t\nvv f\n')", ["vv f"] * 8),
    ("length(name)", [D(9), D(10), U, D(0), D(10), D(12), D(3), D(7)]),
    ("length('👍🏽é')", [D(3)] * 8),
    ("starts_with(name, 'A')", [T, F, U, F, F, F, F, F]),
    ("starts_with(name, '')", [T, T, U, T, T, T, T, T]),
    ("ends_with(name, 'e')", [F, F, U, F, F, T, F, F]),
    ("ends_with(name, '')", [T, T, U, T, T, T, T, T]),
    ("contains(name, '_%')", [F, T, U, F, F, F, F, F]),
    ("contains(name, '')", [T, T, U, T, T, T, T, T]),
    ("contains(name, '\\')", [F, F, U, F, F, F, T, F]),
    ("concat(name, '/', region)", ["Acme Corp/EMEA", "  ÄRGER_% /emea", U, "/APAC", U, "naïve ßtraße/EMEA", "a\\b/x", "O'Brien/APAC"]),
    ("substr(name, 1, 2)", ["Ac", "  ", U, "", "li", "na", "a\\", "O'"]),
    ("substr(name, 6, 100)", ["Corp", "ER_% ", U, "", "break", " ßtraße", "", "en"]),
    ("substr(name, 2, 0)", ["", "", U, "", "", "", "", ""]),
    ("replace(name, 'e', '')", ["Acm Corp", "  ÄRGER_% ", U, "", "lin\nbrak", "naïv ßtraß", "a\\b", "O'Brin"]),
    ("replace(region, '', 'x')", ["EMEA", "emea", U, "APAC", U, "EMEA", "x", "APAC"]),
    ("trim(lower(name)) in ('acme corp', 'n/a')", [T, F, U, F, F, F, F, F]),
    # choices
    ("coalesce(region, 'none')", ["EMEA", "emea", "none", "APAC", "none", "EMEA", "x", "APAC"]),
    ("coalesce(amount, n, -1)", [D(12000), D("-10.5"), D(-1), D(0), D("1e12"), D(-1), D("999999999999999999.9999"), D("0.0001")]),
    ("coalesce(null, null) is null", [T] * 8),
    ("nullif(region, 'EMEA')", [U, "emea", U, "APAC", U, U, "x", "APAC"]),
    ("nullif(n, 0)", [D(3), U, U, D(-7), D(86400), U, D(1), D(2)]),
    ("nullif(region, null)", ["EMEA", "emea", U, "APAC", U, "EMEA", "x", "APAC"]),
    ("if(won, 'yes', 'no')", ["yes", "no", "no", "no", "yes", "no", "yes", "no"]),
    ("if(won, amount, n)", [D(12000), D(0), U, D(-7), D("1e12"), U, D("999999999999999999.9999"), D(2)]),
    ("case when amount > 10000 then 'A' when amount > 0 then 'B' end", ["A", U, U, U, "A", "A", "A", "B"]),
    ("case region when 'EMEA' then 1 when 'APAC' then 2 else 0.5 end", [D(1), D("0.5"), D("0.5"), D(2), D("0.5"), D(1), D("0.5"), D(2)]),
    ("case when won then null else false end", [U, F, F, F, U, F, U, F]),
    # days and instants
    ("day = date '2026-01-31'", [T, F, U, F, F, T, F, F]),
    ("day < date '2026-01-31'", [F, T, U, T, F, F, T, F]),
    ("at >= date '2026-01-31'", [T, F, U, F, T, U, T, T]),
    ("at = day", [F, F, U, F, F, U, F, F]),
    ("at < timestamp '2026-01-31 17:30:00'", [F, T, U, T, T, U, F, T]),
    ("at = timestamp '2026-01-31T18:30:00+01:00'", [T, F, U, F, F, U, F, F]),
    ("day between date '2026-01-01' and date '2026-01-31'", [T, F, U, F, F, T, F, F]),
    ("date_diff(day, date '2026-03-01')", [D(29), D(731), U, D(739675), D(-2912383), D(29), D(62), D(1)]),
    ("date_diff(at, day)", [D(0), D(8826), U, D(-719161), D(2912412), U, D(-34), D(28)]),
    ("days_between(at, date '2026-02-01')", [D("0.270833333"), D("9528.000011574"), U, D("20485.000011574"), D(1), U, D(0), D(1)]),
    ("days_between(date '2026-02-01', at)", [D("-0.270833333"), D("-9528.000011574"), U, D("-20485.000011574"), D(-1), U, D(0), D(-1)]),
    ("days_between(day, date '2026-02-01')", [D(1), D(703), U, D(739647), D(-2912411), D(1), D(34), D(-27)]),
    ("date_add(day, 1)", [date(2026, 2, 1), date(2024, 3, 1), U, date(1, 1, 2), U, date(2026, 2, 1), date(2025, 12, 30), date(2026, 3, 1)]),
    ("date_add(day, -1) = date '2026-01-30'", [T, F, U, U, F, T, F, F]),
    ("date_add(day, n)", [date(2026, 2, 3), date(2024, 2, 29), U, U, U, U, date(2025, 12, 30), date(2026, 3, 2)]),
    ("date_add(day, rate)", [U, U, U, U, U, U, U, U]),
    ("at < date_add(day, 1)", [T, T, U, F, U, U, F, T]),
    ("date_add(at, 2) = timestamp '2026-02-02 17:30:00'", [T, F, U, F, F, U, F, F]),
    ("to_date('2024-02-29')", [date(2024, 2, 29)] * 8),
    ("to_date('2023-02-29')", [U] * 8),
    ("to_date('1900-02-29')", [U] * 8),
    ("to_date('2000-02-29')", [date(2000, 2, 29)] * 8),
    ("to_date(name)", [U] * 8),
    ("to_date('0000-01-01')", [U] * 8),
    ("day_of(at)", [date(2026, 1, 31), date(1999, 12, 31), U, date(1969, 12, 31), date(2026, 1, 31), U, date(2026, 2, 1), date(2026, 1, 31)]),
    ("year(day)", [D(2026), D(2024), U, D(1), D(9999), D(2026), D(2025), D(2026)]),
    ("quarter(at)", [D(1), D(4), U, D(4), D(1), U, D(1), D(1)]),
    ("month(at)", [D(1), D(12), U, D(12), D(1), U, D(2), D(1)]),
    ("day(day)", [D(31), D(29), U, D(1), D(31), D(31), D(29), D(28)]),
    ("day_of_week(day)", [D(6), D(4), U, D(1), D(5), D(6), D(1), D(6)]),
    ("coalesce(day_of(at), day)", [date(2026, 1, 31), date(1999, 12, 31), U, date(1969, 12, 31), date(2026, 1, 31), date(2026, 1, 31), date(2026, 2, 1), date(2026, 1, 31)]),
    # extra
    ("extra.x", ["5", "1e3", U, U, U, " 5", U, "-12.5"]),
    ("extra.x = '5'", [T, F, U, U, U, F, U, F]),
    ("extra.n", [U] * 8),
    ("extra.\"a b\" = 'y'", [T, U, U, U, U, U, U, U]),
    ("extra.missing is null", [T] * 8),
]  # fmt: skip

# More expressions, for which the two evaluators have to agree; built from parts so that they meet in many ways.
_NUMBERS = ["amount", "rate", "n", "abs(amount)", "amount * 0.5", "n / 4", "coalesce(rate, 0)", "if(won, amount, rate)"]
_FLAGS = ["won", "amount > 100", "region = 'EMEA'", "extra.x is null", "day < date '2026-01-31'", "name like '%e%'"]
AGREE = [
    "amount = (0 + null)",
    "n <> -null",
    "n in (0 * null, 3)",
    *[
        f"{one} {op} {other}"
        for op in "+-*/"
        for one in _NUMBERS[:6]
        for other in ("rate", "n", "7", "-0.003")
        if not (op == "/" and "/" in one)
    ],
    *[
        f"{one} {op} {other}"
        for op in ("<", "=", ">=")
        for one in _NUMBERS
        for other in ("amount", "rate", "0.000000007")
    ],
    *[f"({one}) {op} not ({other})" for op in ("and", "or") for one in _FLAGS for other in _FLAGS if one != other],
    *[f"round({one}, {places})" for one in _NUMBERS for places in (0, 2, 12)],
    *[f"{name}({one})" for name in ("floor", "ceil") for one in _NUMBERS],
    *[f"date_add(day, {one}) > at" for one in ("n", "1000000", "-500", "n / 3", "abs(n)")],
]


def create(con: Any, name: str = "rule_cases", rows: Iterable[dict[str, Any]] = ROWS) -> ibis.Table:
    """The rows as a table on that backend."""
    schema = pa.schema([(column, _ARROW[kind]) for column, kind in SCHEMA.items()])
    table = pa.Table.from_pylist(list(rows), schema=schema)
    return con.create_table(name, table, schema=ibis.schema(SCHEMA), overwrite=True)


def columns(con: Any, table: ibis.Table, texts: Sequence[str], *, batch: int = 40) -> list[list[Any]]:
    """What the column evaluator gives: for each expression its values in the order of `k`."""
    found: list[list[Any]] = []
    for start in range(0, len(texts), batch):
        values = {f"v{i}": parse(text).on(table) for i, text in enumerate(texts[start : start + batch])}
        answer = con.to_pyarrow(table.select("k", **values).order_by("k"))
        found += [[plain(v) for v in answer[name].to_pylist()] for name in values]
    return found


def plain(value: Any) -> Any:
    """Numbers as Decimal, whatever integer type an engine gave; instants without zone."""
    if isinstance(value, bool):
        return value
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return D(value) if isinstance(value, int) else value


def differences(con: Any, table: ibis.Table, texts: Sequence[str], rows: Sequence[dict[str, Any]]) -> list[str]:
    """Where the column evaluator and the record evaluator give different results, in words."""
    found = []
    for text, column in zip(texts, columns(con, table, texts), strict=True):
        for record, value in zip(rows, column, strict=True):
            expected = parse(text).evaluate(record)
            if not same(expected, value):
                found.append(f"{text} on row {record['k']}: the record gives {expected!r}, the column {value!r}")
    return found


def same(one: Any, other: Any) -> bool:
    """Equal, and of one kind: true is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def wrong_results(con: Any, table: ibis.Table, cases: Sequence[tuple[str, Sequence[Any]]]) -> list[str]:
    """Where the column evaluator does not give what is stated, in words."""
    texts = [text for text, _ in cases]
    return [
        f"{text} on row {k}: expected {want!r}, got {got!r}"
        for (text, wanted), column in zip(cases, columns(con, table, texts), strict=True)
        for k, (want, got) in enumerate(zip(wanted, column, strict=True))
        if not same(want, got)
    ]
