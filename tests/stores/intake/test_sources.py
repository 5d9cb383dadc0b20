"""Sources by their own columns, and anything else through a mapping."""

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import Workbook

from geartrain.stores.intake.mapping import BadMapping, read_mapping

DATA = Path(__file__).parents[4] / "shared" / "data"


def test_the_salesforce_seeds_load_by_their_own_columns(take_folder):
    taken = take_folder(DATA / "salesforce-seeds", source="salesforce")
    assert {n: taken.counts(n) for n in taken.staged} == {
        "account": (10, 1, 9, 0),
        "touch": (20, 20, 0, 0),
        "lead": (1, 1, 0, 0),
        "opportunity": (10, 0, 10, 0),
        "opportunity_change": (50, 50, 0, 0),
        "opportunity_line": (10, 10, 0, 0),
        "product": (2, 2, 0, 0),
        "user": (10, 5, 5, 0),
    }
    assert {r["code"] for rows in taken.rejects.values() for r in rows} == {"excluded"}


def test_the_hubspot_seeds_load_by_their_own_columns(take_folder):
    taken = take_folder(DATA / "hubspot-seeds", source="hubspot")
    assert {n: s.read for n, s in taken.staged.items()} == {
        "account": 24, "lead": 22, "opportunity": 44, "opportunity_change": 14, "touch": 102, "user": 100,
    }  # fmt: skip
    assert sum(s.quarantined for s in taken.staged.values()) == 0


def test_salesforce_in_its_own_spelling_with_roles_and_a_newer_row(take):
    taken = take(
        {
            "Opportunity.csv": "Id,StageName,Amount,CreatedDate,IsClosed,IsWon,CloseDate,SystemModstamp\n"
            "006A,Open,1,2024-01-01T00:00:00.000+0000,false,false,2024-05-01,2024-01-01T00:00:00Z\n"
            "006A,Won,2,2024-01-01T00:00:00.000+0000,true,true,2024-02-01,2024-02-01T00:00:00Z\n",
            "User.csv": "Id,Name,UserRoleId,IsActive\nU1,Ann,R1,true\nU2,Bob,R2,true\n",
            "UserRole.csv": "Id,Name,ParentRoleId\nR1,Seller,R2\nR2,Manager,\n",
        },
        source="salesforce",
    )
    assert taken.counts("opportunity") == (2, 1, 0, 1)
    assert taken.records["opportunity"][0]["amount"] == Decimal(2)
    assert taken.column("user", "manager_id") == ["U2", None]


def test_a_database_through_a_mapping(take, tmp_path):
    file = tmp_path / "crm.db"
    with sqlite3.connect(file) as con:
        con.execute("CREATE TABLE people (id INTEGER, full_name TEXT, left_at TEXT)")
        con.executemany(
            "INSERT INTO people VALUES (?, ?, ?)", [(1, "Ann", None), (2, "Eve", "2024-03-31"), (3, None, None)]
        )
    mapping = """
load:
  - {type: user, table: people,
     columns: {user_id: id, name: full_name, end_date: left_at, is_active: {expr: "left_at is null"}}}
  - {type: user, table: nobody, columns: {user_id: id}}
"""
    taken = take({}, source="sql", url=f"sqlite:///{file}", mapping=mapping)
    assert taken.counts("user") == (3, 2, 1, 0)
    assert taken.column("user", "is_active") == [True, False]
    assert "unreadable_table" in taken.codes()


def test_a_workbook_with_a_title_and_merged_cells(tmp_path, take_folder):
    book = Workbook()
    page = book.active
    page.append(["Sellers of the year"])
    page.merge_cells("A1:D1")
    page.append([])
    page.append(["User ID", "Name", "Is Active", "Team"])
    page.append(["U1", "Ann", True, "East"])
    page.append(["U2", "Bob", "=1=1", None])
    page.merge_cells("D4:D5")
    folder = tmp_path / "in"
    folder.mkdir()
    book.save(folder / "user.xlsx")
    taken = take_folder(folder)
    assert taken.counts("user") == (2, 1, 1, 0)
    assert taken.why("user") == [(5, "not_yes_or_no", "is_active", "=1=1")]
    assert taken.column("user", "team") == ["East"]
    assert '"Team":"East"' in taken.rejects["user"][0]["row"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "load:\n  - type: user\n    fiel: a.csv\n    columns: {user_id: a}\n",
            "m.yaml:3: load.fiel: there is no key 'fiel'; did you mean 'file'?",
        ),
        ("load:\n  - type: usr\n    file: a.csv\n    columns: {user_id: a}\n", "did you mean 'user'?"),
        ("load:\n  - type: user\n    file: a.csv\n    columns: {usr_id: a}\n", "did you mean 'user_id'?"),
        ("load:\n  - type: user\n    file: a.csv\n    delimiter: ab\n    columns: {user_id: a}\n", "m.yaml:4"),
        ("load:\n  - type: user\n    file: a.csv\n    zone: Mars\n    columns: {user_id: a}\n", "m.yaml:4"),
        ("load: [\n", "m.yaml:2"),
    ],
)
def test_a_wrong_mapping_is_refused_with_its_line_and_the_closest_match(text, said):
    with pytest.raises(BadMapping) as refused:
        read_mapping(text, where="m.yaml")
    assert said in refused.value.message


def test_a_mapping_names_columns_of_a_file_without_headers_and_says_what_it_leaves_out(take):
    mapping = """
load:
  - type: user
    file: people.txt
    header_columns: [id, who, state]
    where: state <> 'test'
    columns: {user_id: id, name: who, is_active: {from: state, values: {Aktiv: true}, default: false}}
"""
    taken = take({"people.txt": "1;Ann;aktiv\n2;Bob;weg\n3;Cleo;test\n", "other.csv": "a\n"}, mapping=mapping)
    assert [(r["user_id"], r["is_active"]) for r in taken.records["user"]] == [("1", True), ("2", False)]
    assert {"left_out", "unknown_file"} <= set(taken.codes())


def test_a_header_that_the_mapping_wants_and_the_file_lacks_is_named_with_the_closest(take):
    mapping = "load: [{type: user, file: p.csv, where: \"stat = 'x'\", columns: {user_id: id, name: nmae}}]"
    taken = take({"p.csv": "id,name,state\n1,Ann,x\n"}, mapping=mapping)
    assert any("Did you mean 'name'?" in s for s in taken.said("missing_header"))
    assert len(taken.said("missing_header")) == 2
