"""The commands of quotas and capacity without a workspace, as somebody with three files runs them."""

from __future__ import annotations

import csv
import io
import json

import pytest
from typer.testing import CliRunner

from geartrain.cli.main import app
from geartrain.kernel.errors import GeartrainError

HIERARCHY = "node_id,parent_id,potential,prior_bookings,is_new\nR,,,,\nA,R,3,1,false\nB,R,2,1,true\nC,R,1,1,false\n"
TARGETS = "product,quarter,amount\nlegacy,Q1,1000000\nnew,Q1,500000.55\n"
POLICY = """\
kind: quota_policy
spec:
  weights: [{measure: potential, weight: 0.6}, {measure: prior_bookings, weight: 0.4}]
  hedge: {by_depth: {1: 1.05, 2: 1.10}}
  rounding: {unit: 0.01}
  gates: [{when: "is_new and product = 'legacy'", then: redistribute}]
"""
CAPACITY = """\
kind: capacity_plan
spec:
  start: 2026-01
  goal: 1000000
  roles:
    - {key: ae, heads: 10, hires: [{period: 2026-03, count: 4}], ramp: [0, 0.25, 0.5, 0.75, 1], productivity: 100000}
"""


@pytest.fixture
def files(tmp_path):
    for name, text in (("h.csv", HIERARCHY), ("t.csv", TARGETS), ("p.yaml", POLICY), ("c.yaml", CAPACITY)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(files, *words, code=0):
    options = [str(files / w) if w.endswith((".csv", ".yaml", ".json")) else w for w in words]
    found = CliRunner().invoke(app, options)
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.exit_code == code, found.output
    return found.stdout


def quota(files, verb, *words, code=0):
    three = ("--hierarchy", "h.csv", "--targets", "t.csv", "--policy", "p.yaml")
    return run(files, "quota", verb, *three, *words, code=code)


def test_allocate_in_three_formats(files):
    whole = json.loads(quota(files, "allocate", "--format", "json"))
    assert set(whole) == {"quotas", "unallocated", "issues", "manifest"}
    row = next(r for r in whole["quotas"] if r["node_id"] == "A" and r["product"] == "legacy")
    assert row == {
        "node_id": "A", "parent_id": "R", "depth": 1, "product": "legacy", "quarter": "Q1",
        "base": "650000.00", "hedged": "682500.00", "share_of_parent": "0.650000",
    }  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(quota(files, "allocate", "--format", "csv"))))
    assert [r["base"] for r in rows] == [r["base"] for r in whole["quotas"]]
    assert "Quotas" in quota(files, "allocate")


def test_the_same_files_give_the_same_bytes(files):
    assert quota(files, "allocate", "--format", "json") == quota(files, "allocate", "--format", "json")


def test_edit_by_words_and_by_file(files):
    words = ("--pin", "C=200000", "--transfer", "A:C=1000", "--cell", "product=legacy", "--format", "json")
    said = json.loads(quota(files, "edit", *words))
    (files / "e.yaml").write_text(
        "- {pin: C, base: 200000, cell: {product: legacy}}\n"
        "- {transfer: 1000, from: A, to: C, cell: {product: legacy}}\n"
    )
    filed = json.loads(quota(files, "edit", "--edits", "e.yaml", "--format", "json"))
    assert filed["quotas"] == said["quotas"]
    assert [e["base_after"] for e in said["effect"]] == ["799000.00", "201000.00"]
    undone = json.loads(quota(files, "edit", "--edits", "e.yaml", "--undo", "2", "--format", "json"))
    assert undone["effect"] == []


def test_check_passes_what_allocate_wrote_and_finds_a_cent(files):
    text = quota(files, "allocate", "--format", "json")
    (files / "q.json").write_text(text)
    assert json.loads(quota(files, "check", "q.json", "--format", "json"))["ok"]
    (files / "q.json").write_text(text.replace("650000.00", "650000.01"))
    found = json.loads(quota(files, "check", "--quotas", "q.json", "--format", "json", code=1))
    codes = {i["code"] for i in found["issues"]}
    assert {"quota_not_conserved", "quota_not_hedged", "quota_changed"} <= codes


def test_check_reads_csv(files):
    (files / "q.csv").write_text(quota(files, "allocate", "--format", "csv"))
    assert "everything holds" in quota(files, "check", "q.csv")


def test_reconcile(files):
    (files / "b.csv").write_text("node_id,product,quarter,amount\nC,legacy,Q1,300000\n")
    found = json.loads(quota(files, "reconcile", "--bottom-up", "b.csv", "--keep", "C", "--format", "json"))
    rows = {(r["node_id"], r["product"]): r for r in found["reconciliation"]}
    assert rows["C", "legacy"]["difference"] == "0.00"
    assert rows["A", "legacy"]["top_down"] == "700000.00"
    assert rows["A", "legacy"]["bottom_up"] is None


def test_letters(files):
    out = str(files / "letters")
    found = json.loads(quota(files, "letters", "--out", out, "--day", "2026-01-01", "--format", "json"))["letters"]
    first = {r["file"]: (files / "letters" / r["file"].split("/")[-1]).read_bytes() for r in found}
    assert [r["node_id"] for r in found] == ["A", "B", "C"]
    assert all(b.startswith(b"%PDF") for b in first.values())
    again = json.loads(quota(files, "letters", "--out", out, "--day", "2026-01-01", "--format", "json"))["letters"]
    assert {r["file"]: (files / "letters" / r["file"].split("/")[-1]).read_bytes() for r in again} == first
    # Another figure has another stamp.
    (files / "t.csv").write_text(TARGETS.replace("1000000", "1000001"))
    moved = json.loads(quota(files, "letters", "--out", out, "--day", "2026-01-01", "--format", "json"))["letters"]
    assert moved[0]["stamp"] != found[0]["stamp"]


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (POLICY.replace("hedge:", "hegde:"), "p.yaml:4: 'spec.hegde' is not a key"),
        (POLICY.replace("0.6", "lots"), "p.yaml:3: spec.weights.0.weight"),
        (POLICY.replace("is_new and", "is_new ad"), "p.yaml:6: gates:1:8"),
        (POLICY.replace("is_new and", "isnew and"), "reads 'isnew'"),
        (POLICY.replace("potential", "potentail"), "h.csv:1: The hierarchy has no measure column 'potentail'"),
        (POLICY.replace("quota_policy", "metric"), "p.yaml:1: This is a policy of the kind 'metric'"),
        ("kind: quota_policy", "'spec' is missing"),
        ("- a", "A policy is a mapping"),
    ],
)
def test_what_is_wrong_in_a_policy_is_said_with_its_line(files, policy, said):
    (files / "p.yaml").write_text(policy)
    with pytest.raises(GeartrainError) as error:
        quota(files, "allocate")
    assert said in error.value.message
    assert error.value.hint


@pytest.mark.parametrize(
    "words", [("--pin", "C"), ("--pin", "Z=1"), ("--transfer", "A=5"), ("--cell", "x"), ("--resplit", "R=nope")]
)
def test_edits_that_are_not_complete_are_refused(files, words):
    with pytest.raises(GeartrainError):
        quota(files, "edit", "--pin", "C=1", *words)


def test_capacity_run(files):
    found = json.loads(run(files, "capacity", "run", "--policy", "c.yaml", "--format", "json"))
    assert [p["capacity"] for p in found["periods"][2:7]] == [f"{n}00000.00" for n in (10, 11, 12, 13, 14)]
    assert "Capacity against goal" in run(files, "capacity", "run", "--policy", "c.yaml")


def test_capacity_hire_and_sensitivity(files):
    (files / "c.yaml").write_text(
        CAPACITY.replace("goal: 1000000", "goal: 1200000").replace("ramp: [", "hiring_lag: 2, ramp: [")
    )
    found = json.loads(run(files, "capacity", "hire", "--policy", "c.yaml", "--format", "json"))
    assert all(r["offers_by"] >= "2026-01-01" for r in found["hires"])
    assert found["status"] == "optimal"
    moved = json.loads(run(files, "capacity", "sensitivity", "--policy", "c.yaml", "--runs", "20", "--format", "json"))
    assert len(moved["sensitivity"]) == 7
    assert moved["simulation"]["runs"] == 20


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("h.csv", HIERARCHY.encode() + b"\xff,R,1,1,false\n", "h.csv:6: The file is not UTF-8"),
        ("h.csv", b'node_id,parent_id,potential\nR,,\n"A,R,3\nB,R,2\n', "h.csv:3: This row cannot be read"),
        ("h.csv", b"node_id,parent_id\nA,B\nB,A\n", "The hierarchy has no top"),
        ("h.csv", HIERARCHY.encode() + b"S,,,,\n", "has 2 tops: R, S"),
        ("h.csv", b"node_id,parent_id\nR,\nA,R\n", "h.csv:1: The hierarchy has no measure column 'potential'"),
        ("t.csv", b"product,quarter,amount\n", "There is no target to hand out"),
        ("t.csv", b"product,quarter,amount\nlegacy,Q1,inf\n", "t.csv:2: There is no target to hand out: 'inf' in"),
        ("t.csv", b"product,quarter,amount\nlegacy,Q1,1e30\n", "too large to count"),
        ("t.csv", b"", "t.csv is empty"),
        ("p.yaml", POLICY.replace("1.10", "1e40").encode(), "p.yaml:4: spec.hedge.by_depth.2"),
        ("p.yaml", POLICY.replace("0.6", "-1").encode(), "p.yaml:3: spec.weights.0.weight"),
        ("p.yaml", POLICY.replace("is_new and", "potential = 'x' and").encode(), "p.yaml:6: The gate"),
    ],
)
def test_odd_files_are_refused_with_file_and_line(files, file, text, said):
    (files / file).write_bytes(text)
    with pytest.raises(GeartrainError) as error:
        quota(files, "allocate")
    assert said in error.value.message


def test_rows_of_a_file_that_was_cut_off_are_said(files):
    (files / "h.csv").write_text(HIERARCHY + "D,R,4")
    found = json.loads(quota(files, "allocate", "--format", "json"))
    (issue,) = [i for i in found["issues"] if i["code"] == "quota_row_short"]
    assert issue["where"].endswith("h.csv:6")


def test_a_circle_beside_the_tree_is_left_out_and_said(files):
    (files / "h.csv").write_text(HIERARCHY + "D,E,4,1,false\nE,D,4,1,false\n")
    found = json.loads(quota(files, "allocate", "--format", "json", code=1))
    assert {i["where"].rpartition("/")[2] for i in found["issues"]} == {"h.csv:6", "h.csv:7"}
    assert {r["node_id"] for r in found["quotas"]} == {"R", "A", "B", "C"}


def test_amounts_of_a_million_millions_are_exact(files):
    (files / "t.csv").write_text("product,quarter,amount\nlegacy,Q1,1000000000000.01\n")
    found = json.loads(quota(files, "allocate", "--format", "json"))["quotas"]
    from decimal import Decimal

    assert sum(Decimal(r["base"]) for r in found if r["depth"] == 1) == Decimal("1000000000000.01")


@pytest.mark.parametrize("words", [("--pin", "A=1e30"), ("--transfer", "A:C=1e20"), ("--pin", "A=NaN")])
def test_edits_too_large_to_count_are_refused(files, words):
    with pytest.raises(GeartrainError):
        quota(files, "edit", *words)


def test_fairness_of_files(files):
    rows = "".join(f"S{n:02},R,{100 + n},1000\n" for n in range(20))
    (files / "h.csv").write_text(f"node_id,parent_id,potential,ote\nR,,,\n{rows}")
    (files / "t.csv").write_text("product,amount\nx,2000\n")
    (files / "p.yaml").write_text("kind: quota_policy\nspec: {hedge: {by_depth: {1: 1.1}}}\n")
    words = ("--mean", "0.85", "--deviation", "0.40", "--format", "json")
    found = json.loads(quota(files, "fairness", *words))
    assert found["risk"]["chance_of_plan"] == "0.2544"
    assert found["levels"][1]["over_assignment"] == "0.1000"
    assert len(found["outliers"]) == 20
    (files / "past.csv").write_text("node_id,attainment\nS00,1.2\nZ,1\nS01,x\n")
    drawn = json.loads(quota(files, "fairness", "--history", "past.csv", "--format", "json"))
    assert {i["code"] for i in drawn["issues"]} == {"quota_history_unknown", "quota_not_a_number"}
    assert drawn["risk"]["chance_of_plan"] == "1.0000"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2026-01", "9999-06", "a plan begins from 1900"),
        ("heads: 10", "heads: -1", "c.yaml:6: spec.roles.0.heads"),
        ("productivity: 100000", "productivity: 1e30", "c.yaml:6: spec.roles.0.productivity"),
        ("heads: 10", "people: 'role ='", "roles:1:"),
        ("heads: 10", "attrition: 1", "c.yaml:6: spec.roles.0.attrition"),
    ],
)
def test_odd_capacity_plans_are_refused(files, old, new, said):
    (files / "c.yaml").write_text(CAPACITY.replace(old, new))
    with pytest.raises(GeartrainError) as error:
        run(files, "capacity", "run", "--policy", "c.yaml")
    assert said in error.value.message
