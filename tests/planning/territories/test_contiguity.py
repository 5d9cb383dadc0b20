"""Territories of places that touch: kept in one piece where balance admits it, and said where it does not."""

from __future__ import annotations

import json

import pytest

from geartrain.kernel.errors import Invalid
from geartrain.services.planning.territories import evaluate_territories, solve_territories
from geartrain.services.planning.territories_files import owned, read_inputs
from tests.incentives.test_worked_numbers import run_quietly

POLICY = """kind: territory_policy
spec:
  units: geography
  geography: postal_code
  balance: [{measure: potential, target: "1", tolerance: %s}]
  objective: [{minimise: disruption, moved_account: 1}]
"""
SIDE = 4


def grid(folder, owner_of, tolerance="0.5", potential=lambda r, c: 10):
    """Two accounts in each of 4 × 4 places that touch to the four sides; whose they are is said by row and column."""
    rows = ["account_id,postal_code,potential,owner_id"]
    rows += [
        f"A{r}{c}{n},P{r}{c},{potential(r, c)},{owner_of(r, c)}" for r in range(SIDE) for c in range(SIDE) for n in "ab"
    ]
    pairs = ["place,neighbour"]
    pairs += [f"P{r}{c},P{r + 1}{c}" for r in range(SIDE - 1) for c in range(SIDE)]
    pairs += [f"P{r}{c},P{r}{c + 1}" for r in range(SIDE) for c in range(SIDE - 1)]
    (folder / "a.csv").write_text("\n".join(rows) + "\n")
    (folder / "s.csv").write_text("user_id\nEAST\nWEST\n")
    (folder / "p.yaml").write_text(POLICY % tolerance)
    (folder / "n.csv").write_text("\n".join(pairs) + "\n")
    return [folder / name for name in ("a.csv", "s.csv", "p.yaml", "n.csv")]


def parts(told):
    """Of each seller, how many pieces their places make, worked out anew."""
    found = {}
    for seller in ("EAST", "WEST"):
        left = {a["account_id"][1:3] for a in told["assignments"] if a["to"] == seller}
        found[seller] = 0
        while left:
            found[seller] += 1
            edge = [left.pop()]
            while edge:
                r, c = map(int, edge.pop())
                near = {f"{r + x}{c + y}" for x, y in ((0, 1), (1, 0), (0, -1), (-1, 0))} & left
                left -= near
                edge += near
    return found


def exclave(r, c):
    """The west half is West's but for a corner that East has."""
    return "EAST" if c > 1 or (r, c) == (0, 0) else "WEST"


def test_a_part_that_lies_apart_goes_to_whoever_is_beside_it(tmp_path):
    *files, pairs = grid(tmp_path, exclave)
    assert parts(solve_territories(read_inputs(*files))) == {"EAST": 2, "WEST": 1}
    told = solve_territories(read_inputs(*files, pairs))
    assert parts(told) == {"EAST": 1, "WEST": 1}
    assert told["contiguity"] == []
    assert [a["account_id"] for a in told["assignments"] if a["from"] != a["to"]] == ["A00a", "A00b"]
    assert (told["objective"], told["bound"]) == (2, 0)


def test_where_balance_forbids_it_the_parts_are_said(tmp_path):
    *files, pairs = grid(tmp_path, exclave, "0.2", lambda r, c: 40 if (r, c) == (0, 0) else 5 if c > 1 else 10)
    told = solve_territories(read_inputs(*files, pairs))
    assert told["contiguity"] == [{"seller": "EAST", "parts": 2, "apart": [["P00"]]}]
    assert "territory_apart" in [i["code"] for i in told["issues"]]
    assert told["violations"] == []


def test_an_assignment_from_anywhere_is_looked_at(tmp_path):
    *files, pairs = grid(tmp_path, lambda r, c: "EAST" if (r + c) % 2 else "WEST")
    inputs = read_inputs(*files, pairs)
    told = evaluate_territories(inputs, owned(inputs))
    assert {row["seller"]: row["parts"] for row in told["contiguity"]} == {"EAST": 8, "WEST": 8} == parts(told)
    better = solve_territories(inputs)
    assert sum(parts(better).values()) <= 4
    assert {row["seller"]: row["parts"] for row in better["contiguity"]} == {
        k: n for k, n in parts(better).items() if n > 1
    }


def test_places_that_the_table_does_not_know_are_named(tmp_path):
    *files, pairs = grid(tmp_path, exclave)
    pairs.write_text("\n".join(line for line in pairs.read_text().split("\n") if "P33" not in line))
    told = solve_territories(read_inputs(*files, pairs))
    assert [i["message"] for i in told["issues"] if i["code"] == "territory_place_unknown"] == [
        "1 places touch nothing: no pair of the adjacency table names P33."
    ]


def test_a_table_that_cannot_be_used_is_refused(tmp_path):
    *files, pairs = grid(tmp_path, exclave)
    pairs.write_text("place\nP00\n")
    with pytest.raises(Invalid, match=r"n\.csv:1: There is one column"):
        read_inputs(*files, pairs)
    pairs.write_text("place,neighbour\nP00,P01\nP02,\n")
    with pytest.raises(Invalid, match=r"n\.csv:3: A place is missing"):
        read_inputs(*files, pairs)
    files[2].write_text((POLICY % "0.5").replace("units: geography", "units: account"))
    with pytest.raises(Invalid, match="which places touch"):
        read_inputs(*files, pairs)


def test_the_command_takes_the_table(tmp_path, capsys, monkeypatch):
    accounts, sellers, policy, pairs = map(str, grid(tmp_path, exclave))
    asked = ["--accounts", accounts, "--sellers", sellers, "--policy", policy, "--adjacency", pairs, "--format", "json"]
    monkeypatch.setattr("sys.argv", ["geartrain", "territory", "solve", *asked])
    run_quietly()
    assert json.loads(capsys.readouterr().out)["contiguity"] == []
