import csv
import io
from datetime import date, datetime
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from geartrain.web.exports import as_csv, as_xlsx, safe

EVIL = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "=HYPERLINK(\"http://evil\")"]  # fmt: skip


@pytest.mark.parametrize("text", EVIL)
def test_text_is_never_a_formula(text):
    assert safe(text) == f"'{text}"
    rows = list(csv.reader(io.StringIO(as_csv(["t"], [[text]]).decode("utf-8-sig"))))
    assert rows[1][0].startswith("'")
    cell = load_workbook(io.BytesIO(as_xlsx(["t"], [[text]], sheet="s"))).active["A2"]
    assert cell.data_type == "s"
    assert str(cell.value).startswith("'")


@pytest.mark.parametrize("text", ["plain", "a=b", "1-2", "", "O'Neill", "ärger"])
def test_other_text_is_left_alone(text):
    assert safe(text) == text


def test_a_heading_is_text_too():
    assert as_csv(["=1"], []).decode("utf-8-sig") == "'=1\r\n"


def test_numbers_stay_numbers_and_exact():
    row = [-5, Decimal("-1234567890.1234"), date(2026, 9, 30), datetime.fromisoformat("2026-09-30T12:00"), True, None]
    text = as_csv(["a", "b", "c", "d", "e", "f"], [row]).decode("utf-8-sig").splitlines()[1]
    assert text == "-5,-1234567890.1234,2026-09-30,2026-09-30T12:00:00,true,"
    sheet = load_workbook(io.BytesIO(as_xlsx(["a"] * 6, [row], sheet="a/b:c"))).active
    assert [c.data_type for c in sheet[2]][:2] == ["n", "n"]
    assert sheet["C2"].is_date
    assert sheet["F2"].value is None


def test_characters_no_workbook_takes_are_left_out():
    sheet = load_workbook(io.BytesIO(as_xlsx(["a"], [["bad\x00\x0bcell"]], sheet="s"))).active
    assert sheet["A2"].value == "bad  cell"
