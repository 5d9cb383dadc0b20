"""How values are written is decided once over a column, said where it matters, and never guessed per cell."""

from datetime import date, datetime
from decimal import Decimal

import duckdb
import pytest

from geartrain.kernel.records import Column, ColumnKind
from geartrain.stores.intake.cast import Origin, Ways, profiles, select

BAD = object()


def read(kind, texts, **ways):
    """(values, how the column was read, whether that was in doubt); BAD for what cannot be read."""
    (one,), (told,) = read_all([(kind, texts)], **ways)
    return one, told.stated, told.doubtful


def read_all(columns, zone="UTC", **ways):
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        names = [f"c{n}" for n in range(len(columns))]
        con.execute(f"CREATE TABLE raw ({', '.join(f'{n} VARCHAR' for n in names)}, __line BIGINT)")
        rows = [(*cells, n) for n, cells in enumerate(zip(*(t for _, t in columns), strict=True), 1)]
        con.executemany(f"INSERT INTO raw VALUES ({', '.join('?' for _ in range(len(columns) + 1))})", rows)
        origins = [Origin(Column(n, kind), n) for n, (kind, _) in zip(names, columns, strict=True)]
        found = profiles(con, "raw", origins, Ways(zone, **ways))
        values = []
        for origin, profile in zip(origins, found, strict=True):
            sql = select(con, "raw", [origin], [profile], key=(), carried={}, absent=())
            wanted = f"SELECT {origin.column.name}, __problem FROM ({sql}) ORDER BY __line"
            values.append([BAD if p else v for v, p in con.execute(wanted).fetchall()])
        return values, found


def code_of(kind, text):
    with duckdb.connect() as con:
        con.execute("CREATE TABLE raw AS SELECT ? AS c, 1 AS __line", [text])
        origin = [Origin(Column("c", kind), "c")]
        sql = select(con, "raw", origin, profiles(con, "raw", origin, Ways("UTC")), key=(), carried={}, absent=())
        return con.execute(f"SELECT __problem FROM ({sql})").fetchone()[0]


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["12.5", "1e3", "-5", "+3", " 7 ", ".5"], ["12.5", "1000", "-5", "3", "7", "0.5"]),
        (["1,234.50", "2"], ["1234.50", "2"]),
        (["1.234,50", "2"], ["1234.50", "2"]),
        (["12.500", "1.234.567"], ["12500", "1234567"]),
        (["$1,234.50", "(1,000)", "5 €", "US$ 5", "USD 10", "10 USD"], ["1234.5", "-1000", "5", "5", "10", "10"]),
        (["1'234.5", "1’234.5", "1 234.5", "1\u00a0234.5", "1\u202f234.5"], ["1234.5"] * 5),
        (["12%", "0.5 %", "1,000-", "−5"], ["0.12", "0.005", "-1000", "-5"]),
        (["12,34,567.8", "R$ 4"], ["1234567.8", "4"]),
    ],
)
def test_reads_amounts_as_people_write_them(texts, numbers):
    assert read(ColumnKind.money, texts)[0] == [Decimal(n) for n in numbers]


@pytest.mark.parametrize("text", ["-", "", "n/a", "N/A", "null", "#N/A", "(null)", " — ", "NaN", "\ufeff"])
def test_takes_a_token_for_nothing_as_missing(text):
    assert read(ColumnKind.money, [text, "1"])[0] == [None, 1]
    assert read(ColumnKind.text, [text])[0] == [None]


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        (ColumnKind.money, "1e300", "out_of_range"),
        (ColumnKind.money, "-1e300", "out_of_range"),
        (ColumnKind.number, "9" * 40, "out_of_range"),
        (ColumnKind.integer, "99999999999999999999", "out_of_range"),
        (ColumnKind.integer, "2.5", "not_whole"),
        (ColumnKind.integer, "two", "not_a_number"),
        (ColumnKind.money, "=1+1", "not_a_number"),
        (ColumnKind.money, "@SUM(A1:A9)", "not_a_number"),
        (ColumnKind.money, "Infinity", "not_a_number"),
        (ColumnKind.money, "1 2", "not_a_number"),
        (ColumnKind.money, "1,23,4", "not_a_number"),
        (ColumnKind.flag, "maybe", "not_yes_or_no"),
        (ColumnKind.day, "2024-02-30", "not_a_date"),
        (ColumnKind.instant, "0024-01-01", "not_a_date"),
        (ColumnKind.instant, "2024-01-02 03:04:05 PM", "not_a_date"),
    ],
)
def test_says_why_a_value_cannot_be_read(kind, text, code):
    assert code_of(kind, text) == code


def test_a_formula_is_text():
    assert read(ColumnKind.text, ["=1+1", "@SUM", "+49 30 1234"])[0] == ["=1+1", "@SUM", "+49 30 1234"]


@pytest.mark.parametrize("texts", [["12.500", "8.000"], ["1,234", "5,678"]])
def test_says_that_a_separator_may_be_either(texts):
    assert read(ColumnKind.money, texts)[1:] == ("decimal point", True)


def test_reads_a_column_in_doubt_like_the_others_of_its_file():
    amounts, told = read_all([(ColumnKind.money, ["12.500", "8.000"]), (ColumnKind.money, ["1,5", "2,25"])])
    assert amounts[0] == [12500, 8000]
    assert not told[0].doubtful
    days, told = read_all([(ColumnKind.day, ["1/2/2024", "3/4/2024"]), (ColumnKind.day, ["31/1/2024", "1/2/2024"])])
    assert days[0] == [date(2024, 2, 1), date(2024, 4, 3)]
    assert not told[0].doubtful


@pytest.mark.parametrize(
    ("texts", "days", "order"),
    [
        (["10/20/2016", "3/1/2017"], [date(2016, 10, 20), date(2017, 3, 1)], "month-first"),
        (["20/10/2016", "1/3/2017"], [date(2016, 10, 20), date(2017, 3, 1)], "day-first"),
        (["20.10.16", "1.3.17"], [date(2016, 10, 20), date(2017, 3, 1)], "day-first"),
        (["10/20/16", "3/1/17"], [date(2016, 10, 20), date(2017, 3, 1)], "month-first"),
        (["2016-10-20", "2017-3-1"], [date(2016, 10, 20), date(2017, 3, 1)], ""),
        (["20161020", "20170301"], [date(2016, 10, 20), date(2017, 3, 1)], ""),
        (["20-Oct-16", "01-MAR-2017"], [date(2016, 10, 20), date(2017, 3, 1)], ""),
        (["20. Oktober 2016", "1 mars 2017"], [date(2016, 10, 20), date(2017, 3, 1)], ""),
        (["Oct 20, 2016", "Wed, 1 March 2017"], [date(2016, 10, 20), date(2017, 3, 1)], ""),
        (["42663", "42795"], [date(2016, 10, 20), date(2017, 3, 1)], "spreadsheet day numbers"),
    ],
)
def test_reads_days_in_the_order_of_the_whole_column(texts, days, order):
    assert read(ColumnKind.day, texts) == (days, order, False)


def test_one_value_out_of_order_does_not_turn_the_column():
    values, order, _ = read(ColumnKind.day, ["20/10/2016", "21/10/2016", "10/22/2016"])
    assert (values, order) == ([date(2016, 10, 20), date(2016, 10, 21), BAD], "day-first")


def test_says_that_an_order_may_be_either_and_obeys_what_is_stated():
    assert read(ColumnKind.day, ["1/2/2024"]) == ([date(2024, 1, 2)], "month-first", True)
    assert read(ColumnKind.day, ["1/2/2024"], date_order="day_first") == ([date(2024, 2, 1)], "day-first", False)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-01-02T03:04:05.000+0000", datetime(2024, 1, 2, 3, 4, 5)),
        ("2024-01-02 03:04:05 +01:00", datetime(2024, 1, 2, 2, 4, 5)),
        ("2024-01-02T03:04Z", datetime(2024, 1, 2, 3, 4)),
        ("2024-01-02 03:04:05 UTC", datetime(2024, 1, 2, 3, 4, 5)),
        ("2024-01-02", datetime(2024, 1, 2, 5)),
        ("2024-07-02", datetime(2024, 7, 2, 4)),
        ("1/2/2024 3:04 p.m.", datetime(2024, 1, 2, 20, 4)),
        ("1704164645000", datetime(2024, 1, 2, 3, 4, 5)),
    ],
)
def test_keeps_instants_in_utc_and_takes_a_bare_date_for_midnight_in_the_zone(text, instant):
    assert read(ColumnKind.instant, [text], zone="America/New_York")[0] == [instant]


def test_a_day_dressed_up_as_midnight_stays_that_day():
    dressed = ["2024-03-01T00:00:00Z", "2024-03-02T00:00:00Z"]
    assert read(ColumnKind.day, dressed, zone="America/New_York")[0] == [date(2024, 3, 1), date(2024, 3, 2)]
    meant = ["2024-03-01T00:00:00Z", "2024-03-02T03:00:00Z"]
    assert read(ColumnKind.day, meant, zone="America/New_York")[0] == [date(2024, 2, 29), date(2024, 3, 1)]


def test_reads_yes_and_no_in_several_languages():
    texts = ["yes", "Nein", "1", "FALSE", "oui", "sí", "x"]
    assert read(ColumnKind.flag, texts)[0] == [True, False, True, False, True, True, True]
