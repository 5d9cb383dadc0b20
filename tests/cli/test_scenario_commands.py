"""Backtests and scenarios as a stranger's script sees them."""

import csv
import io
import json
import sys

import pytest

from geartrain.cli.main import run
from tests.services.trying import BOOKINGS, workspace


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    made = workspace(tmp_path_factory.mktemp("cli"))
    (made.path / "bookings.yaml").write_text(BOOKINGS)
    return made


@pytest.fixture
def call(capsys, monkeypatch, ws):
    """Run a command in the workspace: (exit code, standard output, standard error)."""

    def call(*arguments):
        monkeypatch.chdir(ws.path)
        monkeypatch.setattr(sys, "argv", ["geartrain", *map(str, arguments)])
        capsys.readouterr()
        try:
            run()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        return (code, *capsys.readouterr())

    return call


WINDOW = ("--from", "2026-04-01", "--to", "2026-07-01", "--as-of", "2026-12-31")


def test_policy_backtest_answers_in_three_formats(call):
    code, out, _ = call("policy", "backtest", "bookings.yaml", *WINDOW, "--format", "json")
    found = json.loads(out)
    assert code == 0
    assert {"policy", "against", "window", "totals", "changes"} <= set(found)
    assert found["window"] == ["2026-04-01", "2026-07-01"]
    assert set(found["totals"]) == {"subjects", "changed", "amount_before", "amount_after"}
    assert set(found["changes"][0]) == {"subject", "before", "after", "amount_before", "amount_after"}
    assert set(found["changes"][0]["before"]) == {"result", "trace"}
    rows = list(csv.DictReader(io.StringIO(call("policy", "backtest", "bookings.yaml", *WINDOW, "--format", "csv")[1])))
    assert [r["subject"] for r in rows] == [c["subject"] for c in found["changes"]]
    assert "Nothing was written." in call("policy", "backtest", "bookings.yaml", *WINDOW)[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.yaml", *WINDOW), "none.yaml cannot be read"),
        (("bookings.yaml", "--from", "2026-13-01", "--to", "2026-07-01"), "--from is not a date"),
        (("bookings.yaml", "--from", "2026-07-01", "--to", "2026-07-01"), "is empty"),
        (("geartrain.toml", *WINDOW), "geartrain.toml:"),
    ],
)
def test_policy_backtest_says_how_to_mend(call, arguments, said):
    code, _, err = call("policy", "backtest", *arguments)
    assert code == 2
    assert said in err
    assert "Traceback" not in err


def test_a_scenario_from_beginning_to_end(call):
    def ask(*arguments):
        code, out, err = call("scenario", *arguments, "--format", "json")
        assert code == 0, err
        return json.loads(out)

    made = ask("new", "tried", "--draft", "bookings.yaml", "--from", "2026-01-01", "--to", "2027-01-01")
    assert made["drafts"][0]["key"] == "bookings"
    found = ask("run", "tried")
    row = next(r for r in found["rows"] if r["key"] == "metrics/bookings")
    assert row["values"] == ["1450.0000", "100.0000"]
    assert row["causes"][1] == [{"kind": "metric", "key": "bookings"}]
    assert ask("show", "tried")["last_run"]["manifests"] == found["manifests"]
    assert [s["key"] for s in ask("list")["scenarios"]] == ["tried"]
    assert len(ask("compare", "tried")["columns"]) == 2
    assert ask("edit", "tried", "--drop", "metric/bookings")["drafts"] == []
    assert ask("delete", "tried", "--dry-run")["deleted"] is False
    assert ask("delete", "tried")["deleted"] is True
    code, _, err = call("scenario", "run", "tried")
    assert code == 2
    assert "There is no scenario 'tried'." in err
    assert ask("restore", "tried")["deleted"] is False
