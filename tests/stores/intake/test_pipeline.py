"""Rows are loaded, quarantined with place, reason and mend, or duplicates: what decides which."""

import json
from datetime import datetime
from decimal import Decimal

import pytest

from geartrain.stores.intake.codes import QUARANTINE

USERS = "user_id,name,is_active\n"


def test_loads_canonical_files_whatever_their_case_spelling_and_kind(take):
    files = {
        "Users.csv": "User ID;Name;IsActive\nU1;Ann;yes\n",
        "ACCOUNT.tsv": "account_id\tname\nA1\tAcme\n",
        "opportunities.txt": "opportunity_id|stage|created_at|is_closed|is_won|Amount\nO1|Open|2024-01-02|no|no|1,5\n",
        "products.csv": "product_id,name\nP1,Gear\n",
    }
    taken = take(files)
    assert {n: taken.counts(n) for n in taken.staged} == dict.fromkeys(
        ("user", "account", "opportunity", "product"), (1, 1, 0, 0)
    )
    assert taken.records["opportunity"][0]["created_at"] == datetime(2024, 1, 2)


def test_keeps_whatever_else_a_file_has_as_extra(take):
    taken = take({"user.csv": "user_id,name,is_active,T-Shirt Size,t_shirt_size,Empty\nU1,Ann,1,M,L,\nU2,Bob,1,,,\n"})
    assert [e and json.loads(e) for e in taken.column("user", "extra")] == [
        {"t_shirt_size": "M", "t_shirt_size_2": "L"},
        None,
    ]


def test_quarantines_with_line_column_value_reason_and_mend(take):
    taken = take(
        {"user.csv": "user_id,name,is_active,fte\nU1,Ann,yes,1\n,Bob,yes,1\nU3,,yes,1\nU4,Dee,perhaps,-1\nU5,Eve\n"}
    )
    assert taken.counts("user") == (5, 1, 4, 0)
    assert taken.why("user") == [
        (3, "missing_value", "user_id", None),
        (4, "missing_value", "name", None),
        (5, "not_yes_or_no", "is_active", "perhaps"),
        (6, "field_count", "", "U5,Eve"),
    ]
    row = next(r for r in taken.rejects["user"] if r["line"] == 5)
    assert json.loads(row["row"]) == {"user_id": "U4", "name": "Dee", "is_active": "perhaps", "fte": "-1"}
    assert (row["file"], row["hint"]) == ("user.csv", QUARANTINE["not_yes_or_no"])
    assert sorted(c for c in taken.codes() if c in QUARANTINE) == [
        "field_count",
        "missing_value",
        "missing_value",
        "not_yes_or_no",
    ]


def test_what_is_beyond_its_bounds_is_out_of_range(take):
    taken = take({"user.csv": "user_id,name,is_active,fte,base_salary\nU1,Ann,1,-0.5,1\nU2,Bob,1,1,1e300\n"})
    assert [w[1:3] for w in taken.why("user")] == [("out_of_range", "fte"), ("out_of_range", "base_salary")]


def test_the_same_row_again_is_a_duplicate_and_another_with_its_key_a_conflict(take):
    taken = take({"user.csv": USERS + "U1,Ann,yes\nU2,Bob,yes\nU1,Ann,yes\nU1,Anna,yes\nU1,Ann,true\n"})
    assert taken.counts("user") == (5, 2, 1, 2)
    assert taken.why("user") == [(5, "conflicting_duplicate", "user_id", "U1")]
    assert taken.rejects["user"][0]["message"] == "A row with this key stands in line 2 already, with other values."
    assert taken.column("user", "name") == ["Ann", "Bob"]


def test_a_conflict_between_files_names_the_first_file(take):
    taken = take({"user.csv": USERS + "U1,Ann,yes\n", "users.csv": USERS + "U1,Anna,yes\n"})
    assert taken.rejects["user"][0]["file"] == "users.csv"
    assert "in line 2 of user.csv" in taken.rejects["user"][0]["message"]


def test_a_column_that_must_be_there_and_is_not_keeps_every_row_out_and_says_so_once(take):
    taken = take({"user.csv": "user_id,name\nU1,Ann\nU2,Bob\n"})
    assert taken.counts("user") == (2, 0, 2, 0)
    assert taken.said("missing_column") == [
        "user.csv has no column for user.is_active, so none of its rows can be loaded."
    ]


def test_aliases_mend_references(take):
    header = "opportunity_id,stage,created_at,is_closed,is_won,product_id\n"
    content = header + "O1,Won,2024-01-01,1,1,GTXPro\nO2,Won,2024-01-01,1,1,MG\n"
    taken = take({"opportunity.csv": content}, aliases={"opportunity": {"product_id": {"GTXPro": "GTX Pro"}}})
    assert taken.column("opportunity", "product_id") == ["GTX Pro", "MG"]


def test_formats_are_said_and_a_doubtful_one_with_its_mend(take):
    content = "account_id,name,created_at,annual_revenue\nA1,Acme,1/2/2024,12.500\n"
    taken = take({"account.csv": content})
    doubtful = [(i.level.value, i.where) for i in taken.issues if i.code == "ambiguous_format"]
    assert doubtful == [("warning", "account.csv:annual_revenue"), ("info", "account.csv:created_at")]
    assert taken.records["account"][0]["annual_revenue"] == Decimal("12.5")


@pytest.mark.parametrize(
    ("name", "content", "code", "level"),
    [
        ("user.csv", b"", "unreadable_file", "error"),
        ("user.csv", b"\n\n", "unreadable_file", "error"),
        ("user.csv", b"PK\x03\x04" + bytes(100), "unreadable_file", "error"),
        ("user.csv", bytes(range(256)) * 20, "unreadable_file", "error"),
        ("user.parquet", b"PAR1 no more", "unreadable_file", "error"),
        ("user.xlsx", b"no workbook", "unreadable_file", "error"),
        ("user.zip", b"PK\x03\x04", "unknown_file", "info"),
        ("weather.csv", b"day,rain\n1,2\n", "unknown_file", "info"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_issue_with_a_hint(take, name, content, code, level):
    (issue,) = take({name: content}).issues
    assert (issue.code, issue.level.value, issue.where) == (code, level, name)
    assert issue.hint


def test_a_file_of_a_header_only_is_read_and_has_no_rows(take):
    taken = take({"user.csv": USERS})
    assert taken.counts("user") == (0, 0, 0, 0)


def test_takes_files_of_a_thousand_columns(take):
    header = ",".join(["user_id", "name", "is_active", *(f"c{n}" for n in range(1_000))])
    taken = take({"user.csv": f"{header}\nU1,Ann,yes,{','.join('x' * 1_000)}\nU2,Bob,?,{','.join('y' * 1_000)}\n"})
    assert taken.counts("user") == (2, 1, 1, 0)
    assert len(json.loads(taken.records["user"][0]["extra"])) == 1_000
