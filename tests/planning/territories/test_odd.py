"""Files as strangers write them: each gives an answer or an error with file and line, never a traceback."""

from __future__ import annotations

import pytest

from geartrain.kernel.errors import Invalid
from geartrain.services.planning.territories import solve_territories
from geartrain.services.planning.territories_files import read_inputs

SELLERS = "user_id,ramp,capacity_hours,latitude,longitude\nR0,1,10,0,0\nR1,1,10,1,1\n"
ACCOUNTS = """account_id,potential,workload,owner_id,current_revenue,parent_account_id,latitude,longitude
A1,10,5,R0,100,,0,0
A2,20,5,R1,50,,1,1
A3,30,5,,0,,0,1
A4,5,2,R0,1,,1,0
"""
POLICY = """kind: territory_policy
spec:
  keep_together: parent_account_id
  balance:
    - {measure: workload, target: "seller.capacity_hours", tolerance: 0.5}
    - {measure: potential, target: "seller.ramp", tolerance: 0.5}
  objective:
    - {minimise: travel, weight: 1}
    - {minimise: disruption, moved_account: 2}
"""
WHOLE = {
    "status", "assignments", "balance", "summary", "objective", "bound", "gap", "retained", "travel", "violations",
    "certificates", "relaxations", "issues", "complete", "seconds", "manifest",
}  # fmt: skip


@pytest.fixture
def solved(tmp_path):
    """Solve three files, each given as text or bytes."""

    def work(accounts=ACCOUNTS, sellers=SELLERS, policy=POLICY):
        for name, text in (("a.csv", accounts), ("s.csv", sellers), ("p.yaml", policy)):
            (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return solve_territories(read_inputs(tmp_path / "a.csv", tmp_path / "s.csv", tmp_path / "p.yaml"))

    return work


REFUSED = [
    ("no account_id", {"accounts": ACCOUNTS.replace("account_id,", "id,", 1)}, "a.csv:1: The column account_id"),
    ("no user_id", {"sellers": SELLERS.replace("user_id", "id")}, "s.csv:1: The column user_id is missing"),
    ("no measure", {"accounts": ACCOUNTS.replace("workload", "load")}, "a.csv:1: There is no column workload"),
    ("no target", {"sellers": SELLERS.replace("capacity_hours", "cap")}, "s.csv:1: There is no column seller.cap"),
    ("account twice", {"accounts": ACCOUNTS + "A1,1,1,,,,0,0\n"}, "a.csv:6: account_id 'A1' stands on line 2"),
    ("seller twice", {"sellers": SELLERS + "R0,1,10,0,0\n"}, "s.csv:4: user_id 'R0' stands on line 2"),
    ("empty id", {"accounts": ACCOUNTS.replace("A1,", ",", 1)}, "a.csv:2: account_id is empty"),
    ("empty file", {"accounts": ""}, "a.csv is empty"),
    ("only a header", {"accounts": ACCOUNTS.split("\n")[0]}, "a.csv has no accounts"),
    ("nobody sells", {"sellers": SELLERS.split("\n")[0]}, "s.csv has no sellers"),
    ("below zero", {"accounts": ACCOUNTS.replace("A1,10", "A1,-10")}, "a.csv:2: potential is below zero"),
    ("infinite", {"accounts": ACCOUNTS.replace("A1,10", "A1,inf")}, "a.csv:2: potential 'inf' is not a number"),
    ("beyond measure", {"accounts": ACCOUNTS.replace("A1,10", "A1,1e308")}, "a.csv:2: potential 1E+308 is not"),
    ("nowhere on earth", {"accounts": ACCOUNTS.replace("0,0,1\nA2", "0,95,0\nA2").replace(",,0,0", ",,95,0")},
     "a.csv:2: latitude 95 is not -90 to 90"),
    ("not UTF-8", {"accounts": ACCOUNTS.replace("A1", "Ä1").encode("latin1")}, "a.csv is not UTF-8"),
    ("open quote", {"accounts": ACCOUNTS.replace("A1", '"A1')}, "a.csv:2: The row cannot be read"),
    ("long row", {"accounts": ACCOUNTS + "A9,1,1,R0,1,,0,0,9\n"}, "a.csv:6: 9 values for 8 columns"),
    ("not YAML", {"policy": "kind: ["}, "p.yaml:1: This is not YAML"),
    ("other kind", {"policy": "kind: quota_policy\n"}, "p.yaml:1: This is a policy of the kind 'quota_policy'"),
    ("strange key", {"policy": POLICY.replace("keep_t", "kept_t")}, "p.yaml:3: 'spec.kept_together' is not a key"),
    ("no home", {"sellers": SELLERS.replace("10,0,0", "10,,")}, "The seller R0 has no home"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "said"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_what_cannot_be_used_is_said_with_its_line(files, said, solved):
    with pytest.raises(Invalid) as refused:
        solved(**files)
    assert said in str(refused.value)
    assert refused.value.hint


DOUBTED = [
    ("unknown seller", {"accounts": ACCOUNTS.replace(",R1,", ",ZZ,")}, "territory_owner_unknown", "a.csv:3"),
    ("not a number", {"accounts": ACCOUNTS.replace("A2,20", "A2,NaN")}, "territory_measure_missing", "a.csv:3"),
    ("credit note", {"accounts": ACCOUNTS.replace("R1,50", "R1,-50")}, "territory_below_zero", "a.csv:3"),
    ("per cent", {"sellers": SELLERS.replace("R1,1", "R1,80")}, "territory_ramp", "s.csv:3"),
    ("parents in a circle", {"accounts": ACCOUNTS.replace("50,,", "50,A4,").replace("R0,1,,", "R0,1,A2,")},
     "territory_parent_cycle", "a.csv:3"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "code", "where"), [r[1:] for r in DOUBTED], ids=[r[0] for r in DOUBTED])
def test_what_is_doubtful_is_told_and_worked_with(files, code, where, solved):
    told = solved(**files)
    issue = next(i for i in told["issues"] if i["code"] == code)
    assert issue["where"].endswith(where)
    assert all(a["to"] for a in told["assignments"])


def test_one_account_and_one_seller(solved):
    told = solved("\n".join(ACCOUNTS.split("\n")[:2]), "\n".join(SELLERS.split("\n")[:2]))
    assert [a["to"] for a in told["assignments"]] == ["R0"]
    assert (told["status"], told["gap"]) == ("optimal", 0.0)


def test_everything_the_answer_holds(solved):
    told = solved()
    assert set(told) == WHOLE
    assert {"account_id", "from", "to", "reason"} <= set(told["assignments"][0])
    assert {"seller", "measure", "load", "target", "index_before", "index_after"} <= set(told["balance"][0])
    assert {"accounts", "revenue"} <= set(told["retained"])
    assert [(b["seller"], b["measure"]) for b in told["balance"]] == [
        (s, m) for s in ("R0", "R1") for m in ("workload", "potential")
    ]
    assert told["bound"] <= told["objective"]
