"""The command line as a stranger's script sees it: shapes of JSON, CSV that parses, errors without a traceback."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from geartrain.cli.main import run

ROOT = Path(__file__).parents[2]
EXPORT = ROOT.parent / "shared" / "data" / "crm-opportunities"
MAPPING = ROOT / "docs" / "tutorial" / "crm-opportunities.mapping.yaml"


@pytest.fixture
def call(capsys, monkeypatch):
    """Run a command: (exit code, standard output, standard error)."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["geartrain", *map(str, arguments)])
        capsys.readouterr()
        try:
            run()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("cli")
    (made / "export").mkdir()
    (made / "export" / "user.csv").write_text("user_id,name,is_active\nu1,Ann,true\n")
    (made / "export" / "opportunity.csv").write_text(
        "opportunity_id,owner_id,stage,amount,created_at,closed_at,is_closed,is_won\n"
        "o1,u1,Won,100.50,2026-01-05,2026-02-01,true,true\n"
        "o2,u9,Lost,50,2026-01-05,2026-02-03,true,false\n"
        "o3,u1,Won,twelve,2026-01-05,2026-02-03,true,true\n"
        "o1,u1,Won,100.50,2026-01-05,2026-02-01,true,true\n"
    )
    return made


def test_init_load_check_query_explain(call, folder):
    ws = folder / "ws"
    assert call("init", ws, "--name", "Acme")[0] == 0
    code, out, _ = call("load", folder / "export", "-w", ws, "--format", "json")
    loaded = json.loads(out)
    assert code == 0
    assert set(loaded) == {"load_id", "source", "types", "issues"}
    assert loaded["types"]["opportunity"] == {"read": 4, "loaded": 2, "quarantined": 1, "duplicates": 1}
    assert all(set(i) == {"code", "level", "message", "where", "hint"} for i in loaded["issues"])
    assert any("opportunity.csv:4" in i["where"] and "twelve" in i["message"] for i in loaded["issues"])

    checked = json.loads(call("check", "-w", ws, "--format", "json")[1])
    keys = {"rule", "type", "field", "value", "count", "closest", "message", "hint"}
    assert all(set(f) == keys for f in checked["findings"])
    assert ("unmatched_reference", "owner_id", "u9", 1) in [
        (f["rule"], f["field"], f["value"], f["count"]) for f in checked["findings"]
    ]

    asked = ("metrics", "query", "win_rate", "bookings", "--by", "quarter", "--as-of", "2026-09-30", "-w", ws)
    found = json.loads(call(*asked, "--format", "json")[1])
    assert found["columns"] == ["quarter", "win_rate", "bookings"]
    assert found["rows"] == [["2026Q1", 0.5, 100.5]]
    assert found["as_of"] == "2026-09-30"
    assert {"version", "unit"} <= set(found["metrics"]["win_rate"])
    assert next(iter(csv.reader(io.StringIO(call(*asked, "--format", "csv")[1])))) == found["columns"]
    empty = json.loads(
        call(
            "metrics", "query", "win_rate", "--from", "2020-01-01", "--to", "2020-02-01", "-w", ws, "--format", "json"
        )[1]
    )
    assert empty["rows"] == [[None]]

    why = json.loads(call("metrics", "explain", "win_rate", "--quarter", "2026Q1", "-w", ws, "--format", "json")[1])
    assert [s["n"] for s in why["sides"]] == [1, 2]
    assert {r["opportunity_id"] for r in why["records"]} == {"o1", "o2"}

    records = json.loads(call("records", "opportunity", "-w", ws, "--where", "is_won", "--format", "json")[1])
    assert [r["opportunity_id"] for r in records["records"]] == ["o1"]
    again = json.loads(call("load", folder / "export", "-w", ws, "--format", "json")[1])
    assert again["types"]["opportunity"]["loaded"] == 0
    assert call("metrics", "lint", "-w", ws)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("load", "nowhere"), "There is no folder or file 'nowhere'"),
        (("load", ".", "--source", "fax"), "There is no source 'fax'"),
        (("load", ".", "--mapping", "nothing.yaml"), "There is no mapping file"),
        (("records", "opportunities"), "There is no record type 'opportunities'"),
        (("records", "opportunity", "--where", "amont > 3"), "amont"),
        (("metrics", "query", "revenue"), "revenue"),
        (("metrics", "query", "win_rate", "--by", "shoe_size"), "shoe_size"),
        (("metrics", "query", "win_rate", "--from", "yesterday"), "not a date"),
        (("metrics", "explain", "win_rate", "--by", "region"), "names no value"),
        (("check", "--as", "nobody@acme.example"), "nobody@acme.example"),
    ],
)
def test_what_was_asked_wrongly_ends_with_2_and_a_sentence(call, tmp_path, arguments, said):
    ws = tmp_path / "ws"
    call("init", ws)
    code, out, err = call(*arguments, "-w", ws)
    assert code == 2
    assert said in err.replace("\n", " ")
    assert "Traceback" not in out + err


def test_no_workspace_is_said(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = call("check")
    assert code == 2
    assert "geartrain init DIR" in err


def test_guess_writes_a_mapping_that_loads_the_real_export(call, tmp_path):
    ws, guessed = tmp_path / "ws", tmp_path / "guess.yaml"
    call("init", ws)
    assert call("load", EXPORT, "--guess", "-o", guessed)[0] == 0
    loaded = json.loads(call("load", EXPORT, "--mapping", guessed, "-w", ws, "--format", "json")[1])
    assert loaded["types"]["opportunity"]["loaded"] == 8800
    assert loaded["types"]["product"]["loaded"] == 7
    assert loaded["types"]["account"]["loaded"] == 85
    found = json.loads(call("metrics", "query", "deals_won", "bookings", "-w", ws, "--format", "json")[1])
    assert found["rows"] == [[4238, 10005534]]


def test_the_mapping_of_the_tutorial_is_a_page_or_less():
    assert len(MAPPING.read_text().splitlines()) <= 60


def test_people_are_let_in_and_kept_out(tmp_path):
    def call(*arguments, said=""):
        command = [sys.executable, "-m", "geartrain", *map(str, arguments), "-w", str(tmp_path / "ws")]
        return subprocess.run(command, input=said, capture_output=True, text=True, check=False, cwd=ROOT)

    subprocess.run([sys.executable, "-m", "geartrain", "init", str(tmp_path / "ws")], check=True, cwd=ROOT)
    first = ("user", "add", "iris@acme.example", "--role", "admin", "--password-stdin")
    assert call(*first, said="the-first-passphrase\n").returncode == 0
    new = ("user", "add", "ann@acme.example", "--role", "seller", "--password-stdin")
    assert call(*new, said="a-long-passphrase\n").returncode == 0
    assert call("user", "password", "ann@acme.example", "--password-stdin", said="another-passphrase\n").returncode == 0
    assert call("user", "roles", "ann@acme.example", "--role", "manager").returncode == 0
    assert call("user", "deactivate", "ann@acme.example").returncode == 0
    people = json.loads(call("user", "list", "--format", "json").stdout)
    assert "ann@acme.example" in json.dumps(people)
    assert call("user", "password", "bob@acme.example", "--password-stdin", said="another-passphrase\n").returncode == 2
