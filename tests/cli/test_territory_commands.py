"""geartrain territory and geartrain roe, as strangers run them: from files, without a workspace."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.planning.territories.test_small import inputs
from tests.planning.territories.test_worked import ACCOUNTS, POLICY, SELLERS


@pytest.fixture
def files(tmp_path):
    inputs(tmp_path, ACCOUNTS, SELLERS, POLICY.format(0.10))
    return [
        "--accounts",
        str(tmp_path / "a.csv"),
        "--sellers",
        str(tmp_path / "s.csv"),
        "--policy",
        str(tmp_path / "p.yaml"),
    ]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "geartrain", *arguments], capture_output=True, text=True, check=False)


def test_solve_answers_with_the_shape_of_the_issue(files):
    told = json.loads(run("territory", "solve", *files, "--format", "json").stdout)
    keys = {"assignments", "balance", "objective", "bound", "gap", "retained", "violations", "seconds", "manifest"}
    assert keys <= set(told)
    assert {"account_id", "from", "to", "reason"} <= set(told["assignments"][0])
    assert {"seller", "measure", "load", "target", "index_before", "index_after"} <= set(told["balance"][0])
    assert told["objective"] == 105.5


def test_the_frontier_prices_balance(files):
    told = json.loads(
        run("territory", "frontier", *files, "--tolerance", "0.1", "--tolerance", "9", "--format", "json").stdout
    )
    assert told["without_balance"] == 83.5
    assert [p["price_of_balance"] for p in told["frontier"]] == [22.0, 0.0]


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("p.yaml", "measure: workload", "measure: worklaod", "worklaod"),
        ("p.yaml", "eligible:", "eligable:", "eligable"),
        ("p.yaml", "seller.languages", "seller.langs", "seller.langs"),
        ("p.yaml", "territory_policy", "quota_plan", "quota_plan"),
        ("a.csv", "account_id", "id", "account_id"),
        ("a.csv", "A2,", "A1,", "a.csv:3"),
        ("a.csv", "A3,20,", "A3,lots,", "lots"),
        ("s.csv", "true", "false", "no sellers"),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_no_traceback(files, tmp_path, name, old, new, said):
    file = tmp_path / name
    file.write_text(file.read_text().replace(old, new))
    done = run("territory", "solve", *files)
    assert done.returncode == 2
    assert said in done.stderr.replace("\n", "")
    assert "Traceback" not in done.stderr


def test_roe_check_counts_the_scenarios_of_worked_case_15(tmp_path):
    (tmp_path / "roe.yaml").write_text(
        "kind: rules_of_engagement\nspec:\n  axes:\n    source: [inbound, outbound, partner]\n"
        "    life: [new, customer]\n    open_opp: [y, n]\n  clauses:\n"
        "    - {key: open_deal, when: \"open_opp = 'y'\", owner: deal_owner}\n"
        "    - {key: customer, when: \"life = 'customer'\", owner: account_owner}\n"
        "    - {key: inbound_new, when: {source: inbound, life: new}, owner: queue}\n"
    )
    done = run("roe", "check", str(tmp_path / "roe.yaml"), "--format", "json")
    told = json.loads(done.stdout)
    assert (told["scenarios"], len(told["gaps"]), len(told["overlaps"]), done.returncode) == (12, 2, 4, 1)
