"""Every physical line of a text file is a row, part of one, or told; and both readers tell the same."""

import csv
import io
import random

import duckdb
import pytest

from geartrain.stores.intake.sniff import normal, sniff, unique
from geartrain.stores.intake.text import read_carefully, read_text, scan_strictly

HEADER = "user_id,name,is_active"


def read(tmp_path, content, **ways):
    """(rows with their lines, told lines as (line, code), shape)"""
    path = tmp_path / "file.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    shape = sniff(path, known=frozenset({"user_id", "name", "is_active"}), **ways)
    with duckdb.connect() as con:
        return told(con, read_text(con, path, shape, scratch=tmp_path / "raw.parquet"))


def told(con, found):
    rows = con.execute(f"SELECT * FROM {found.sql} ORDER BY __line").fetchall()
    bad = []
    if found.bad is not None and found.bad.count:
        bad = con.execute(f"SELECT line, code FROM '{found.bad.file}' ORDER BY line").fetchall()
        assert len(bad) == found.bad.count
    assert len(rows) == found.rows
    return [(r[-1], *r[:-1]) for r in rows], bad, found


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_finds_encoding_delimiter_and_line_ends(tmp_path, delimiter, encoding, end):
    lines = [HEADER, "U1,Zoë Müller,yes", "U2,Ann Ångström,no", "U3,Bob,yes"]
    content = end.join(line.replace(",", delimiter) for line in lines) + end
    rows, bad, _ = read(tmp_path, content.encode(encoding))
    assert rows == [(2, "U1", "Zoë Müller", "yes"), (3, "U2", "Ann Ångström", "no"), (4, "U3", "Bob", "yes")]
    assert bad == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("U2,Bob", "field_count"),
        ("U2,Bob,yes,more", "field_count"),
        ('U2,"Bob,yes', "unbalanced_quote"),
        ('U2,"Bob"by,yes', "unbalanced_quote"),
        ("U2,B\0b,yes", "nul_byte"),
        (",,", "empty_row"),
    ],
)
def test_a_line_that_is_no_row_costs_itself_only(tmp_path, line, code):
    rows, bad, _ = read(tmp_path, f"{HEADER}\nU1,Ann,yes\n{line}\nU3,Cleo,no\n")
    assert [r[:2] for r in rows] == [(2, "U1"), (4, "U3")]
    assert bad == [(3, code)]


def test_a_line_in_another_encoding_costs_itself_only(tmp_path):
    good = "".join(f"U{n},Zoë,yes\n" for n in range(1, 41)).encode()
    rows, bad, found = read(tmp_path, HEADER.encode() + b"\n" + good + "U41,Zoë,yes\n".encode("cp1252"))
    assert (len(rows), bad, found.shape.encoding) == (40, [(42, "undecodable")], "utf-8")


def test_a_stray_quote_does_not_swallow_the_lines_after_it(tmp_path):
    lines = [f'U{n},"{n} inch,yes' if n % 7 == 0 else f"U{n},Ann,yes" for n in range(1, 101)]
    rows, bad, _ = read(tmp_path, "\n".join([HEADER, *lines]))
    assert (len(rows), len(bad)) == (86, 14)
    assert {line for line, _ in bad} == {n + 1 for n in range(7, 101, 7)}


def test_a_value_may_go_on_over_lines_and_the_next_row_has_its_own_line(tmp_path):
    rows, bad, found = read(tmp_path, f'{HEADER}\nU1,"Ann\nB, the ""first""\n\nof all",yes\n\nU2,Bob,no\n')
    assert rows == [(2, "U1", 'Ann\nB, the "first"\n\nof all', "yes"), (7, "U2", "Bob", "no")]
    assert (bad, found.continued, found.blank) == ([], 3, 1)


def test_delimiters_at_the_end_of_a_line_say_nothing(tmp_path):
    rows, bad, _ = read(tmp_path, f"{HEADER}\nU1,Ann,yes,,\nU2,Bob,no\n")
    assert (len(rows), bad) == (2, [])


@pytest.mark.parametrize(
    ("content", "skip", "headers"),
    [
        ("User ID;Name;Is Active\n1;Ann;1\n", 1, ("User ID", "Name", "Is Active")),
        ("sep=;\nuser_id;name;is_active\nU1;Ann;1\n", 2, ("user_id", "name", "is_active")),
        ("Sellers of the year\n\nuser_id,name,is_active\nU1,Ann,1\n", 3, ("user_id", "name", "is_active")),
        ("user_id,name,Name,\nU1,Ann,A,1\n", 1, ("user_id", "name", "Name_2", "column_4")),
        ("U1,Ann,2024-01-01\nU2,Bob,2024-01-02\n", 0, ("column_1", "column_2", "column_3")),
        ("U1,email,Ann\nU2,email,Bob\n", 0, ("column_1", "column_2", "column_3")),
        ("Verkäufer,Gebiet,Größe\nAnn,Nord,3\n", 1, ("Verkäufer", "Gebiet", "Größe")),
    ],
)
def test_finds_the_header_or_that_there_is_none(tmp_path, content, skip, headers):
    shape = read(tmp_path, content)[2].shape
    assert (shape.skip, shape.headers) == (skip, headers)
    assert any("no header" in s for s in shape.stated) == (skip == 0)


def test_a_header_that_stands_in_the_file_is_no_row(tmp_path):
    rows, _, _ = read(tmp_path, "U1,Ann,1\nU2,Bob,0\n", columns=("user_id", "name", "is_active"))
    assert [r[1] for r in rows] == ["U1", "U2"]


def test_names_are_compared_without_case_spaces_and_signs():
    assert {normal(n) for n in ("Close Date", "CloseDate", "close_date", " CLOSE-DATE ")} == {"close_date"}
    assert unique(["a", "A", "a", "a_2"]) == ("a", "A_2", "a_3", "a_2_2")


CELLS = ["", "a", "two words", "1,5", "Zoë", 'say "hi"', " lead", "trail ", "x;y", "5'", "=1+1", "-", "\\", "#", "''"]


@pytest.mark.parametrize("seed", range(150))
def test_both_readers_agree_on_every_regular_file(tmp_path, seed):
    dice = random.Random(seed)
    rows = [[f"U{n}", dice.choice(CELLS), dice.choice(CELLS)] for n in range(dice.randint(1, 30))]
    text = io.StringIO()
    quoting = dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    end = dice.choice(["\n", "\r\n"])
    csv.writer(text, quoting=quoting, lineterminator=end).writerows([HEADER.split(","), *rows])
    content = text.getvalue() if dice.random() < 0.7 else text.getvalue().removesuffix(end)
    path = tmp_path / "file.csv"
    path.write_bytes((b"\xef\xbb\xbf" if dice.random() < 0.2 else b"") + content.encode())
    shape = sniff(path, known=frozenset(HEADER.split(",")), delimiter=",")
    with duckdb.connect() as con:
        fast = scan_strictly(con, path, shape)
        assert fast is not None
        quick, slow = told(con, fast), told(con, read_carefully(path, shape, tmp_path / "raw.parquet"))
    assert [tuple(c or None for c in r) for r in quick[0]] == [tuple(c or None for c in r) for r in slow[0]]
    assert [r[1:] for r in slow[0]] == [tuple(r) for r in rows]
    assert slow[1] == []


@pytest.mark.parametrize("seed", range(150))
def test_the_fast_reader_takes_no_file_that_the_careful_one_reads_otherwise(tmp_path, seed):
    dice = random.Random(seed)
    content = bytearray(f"{HEADER}\n" + "".join(f'U{n},"A, {n}",yes\n' for n in range(20)), "utf-8")
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(HEADER) + 1, len(content))
        content[at : at + dice.randint(0, 2)] = dice.choice(
            [b'"', b",", b"\n", b"\r", b"\0", b" ", b'""', b"\xff", b""]
        )
    path = tmp_path / "file.csv"
    path.write_bytes(bytes(content))
    shape = sniff(path, known=frozenset(HEADER.split(",")), delimiter=",", encoding="utf-8")
    with duckdb.connect() as con:
        slow = told(con, read_carefully(path, shape, tmp_path / "raw.parquet"))
        if (found := scan_strictly(con, path, shape)) is not None:
            fast = told(con, found)
            assert [tuple(c or None for c in r) for r in fast[0]] == [tuple(c or None for c in r) for r in slow[0]]
            assert slow[1] == []
    physical = bytes(content).replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n").count(b"\n") + 1
    assert 1 + len(slow[0]) + len(slow[1]) + slow[2].blank + slow[2].continued == physical
