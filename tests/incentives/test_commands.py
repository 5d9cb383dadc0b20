"""`geartrain pay …` as a stranger's script sees it."""

import json
import sys

import pytest

from geartrain.cli.main import run
from tests.incentives.company import company, won
from tests.incentives.plans import plan_text

DEALS = [won("D1", "ann", "2025-05-10", 400000), won("D2", "ann", "2026-01-10", 120000)]


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    made = company(tmp_path_factory.mktemp("cli"), opportunity=DEALS)
    (made.path / "old.yaml").write_text(plan_text())
    (made.path / "new.yaml").write_text(plan_text("[[0, null, 0.12]]"))
    return made


@pytest.fixture
def call(capsys, monkeypatch, ws):
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


def told(call, *arguments):
    code, out, err = call(*arguments, "--format", "json")
    assert code == 0, err
    return json.loads(out)


def test_run_statement_and_verify_have_the_shapes_they_promise(call, tmp_path):
    found = told(call, "pay", "run", "2026-01")
    assert {"period", "plans", "payees", "paid", "currency", "issues", "manifest"} <= set(found)
    assert (found["paid"], found["currency"], found["payees"]) == ("12000.00", "USD", 2)
    said = told(call, "pay", "statement", "ann", "2026-01")
    assert {"payee", "period", "components", "adjustments", "draws", "held", "paid", "manifest"} <= set(said)
    parts = {"key", "attainment", "team_attainment", "earned", "lines", "slices"}
    assert all(parts <= set(c) for c in said["components"])
    file = tmp_path / "s.json"
    file.write_text(json.dumps(said))
    assert told(call, "pay", "verify", file)["ok"] is True
    assert told(call, "pay", "verify", "ann/2026-01")["ok"] is True
    file.write_text(json.dumps(said).replace('"paid": "12000.00"', '"paid": "12000.01"'))
    assert call("pay", "verify", file)[0] == 1


def test_exports(call):
    rows = call("pay", "export", "2026-01")[1].splitlines()
    assert rows[0] == "pay_group,payee,name,period,currency,amount,status,manifest"
    assert rows[2].startswith("west,ann,Ann,2026-01,USD,12000.00")
    journal = told(call, "pay", "export", "2026-01", "--kind", "accrual")["rows"]
    assert sum(float(r["debit"]) - float(r["credit"]) for r in journal) == 0
    asset = told(call, "pay", "export", "2026-01", "--kind", "asc340")["rows"]
    assert (asset[0]["capitalised"], asset[0]["amortised"], asset[0]["closing"]) == ("12000.00", "333.33", "11666.67")


def test_a_diff_on_last_year_in_money(call):
    found = told(call, "pay", "plan", "diff", "old.yaml", "new.yaml", "--on", "2025")
    assert {"payee": "ann", "old": "45000.00", "new": "48000.00", "difference": "3000.00"} in found["payees"]
    assert found["difference"] == "3000.00"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("quote", "none.yaml", "--given", "{}"), "none.yaml cannot be read"),
        (("quote", "old.yaml", "--given", "{"), "--given is not JSON"),
        (("quote", "old.yaml", "--given", '{"credit": []}'), "'credit' is not an input"),
        (("quote", "old.yaml", "--given", '{"credits": [["x", 1]]}'), "is no date"),
        (("quote", "old.yaml", "--given", '{"credits": [["2026-01-01", "much"]]}'), "is no number"),
        (("run", "2031-01"), "No compensation plan is in force in 2031-01"),
        (("run", "2026Q1"), "they pay by month"),
        (("run", "soon"), "is not a period"),
        (("statement", "nobody", "2026-01"), "There is no payee 'nobody'"),
        (("lock", "2026-02"), "has not been calculated"),
        (("export", "2026-01", "--kind", "x"), "There is no export 'x'"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(call, arguments, said):
    code, _, err = call("pay", *arguments)
    assert code == 2
    assert said in " ".join(err.split())
    assert "Traceback" not in err
