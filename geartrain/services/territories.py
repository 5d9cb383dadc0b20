"""Territories: solved, evaluated, changed by hand, and told as one document."""

from __future__ import annotations

import json
import time
from hashlib import sha256
from typing import Any

from geartrain.planning.territories import report
from geartrain.planning.territories.certificates import certificates
from geartrain.planning.territories.relaxations import relaxations
from geartrain.planning.territories.report import Assignment
from geartrain.planning.territories.solve import GAP, Left, Solution, solve, unhurried
from geartrain.services.territories_files import Inputs


def solve_territories(inputs: Inputs, *, left: Left = unhurried, gap: float = GAP) -> dict[str, Any]:
    """The best assignment found, with everything that can be said about it.

    `status` is optimal (proven), feasible (within the gap or the time), relaxed (balance cannot be kept: violations and
    relaxations say where) or infeasible (hard rules leave accounts without a seller).
    """
    begun = time.perf_counter()
    problem, issues = inputs.built
    proofs = certificates(problem)
    solution = solve(problem, left=left, gap=gap)
    found = report.of_solution(solution, inputs.owners)
    told = {
        "status": _status(solution, found),
        **_told(found, solution),
        "certificates": [c.as_json() for c in proofs],
        "relaxations": relaxations(problem, found, left),
        "issues": [i.as_json() for i in issues],
        "complete": solution.complete,
    }
    return {**told, "seconds": round(time.perf_counter() - begun, 3), "manifest": _manifest(inputs, told)}


def _status(solution: Solution, found: Assignment) -> str:
    broken = report.violations(found)
    if any(v["hard"] for v in broken):
        return "infeasible"
    if broken:
        return "relaxed"
    return "optimal" if solution.gap == 0 else "feasible"


def _told(found: Assignment, solution: Solution | None = None) -> dict[str, Any]:
    objective = report.tidy(report.objective(found))
    low = None if solution is None else min(report.tidy(solution.bound - 5e-7), objective)
    if solution is not None and solution.gap == 0:
        low = objective
    return {
        "assignments": report.rows(found),
        "balance": report.balance(found),
        "summary": report.summary(found),
        "objective": objective,
        "bound": low,
        "gap": gap_of(objective, low),
        "retained": report.retained(found),
        "travel": report.travel(found),
        "violations": report.violations(found),
    }


def gap_of(objective: float, low: float | None) -> float | None:
    """(objective − bound) / bound; 0 where they are equal, None without a bound above zero."""
    if low is None:
        return None
    if objective == low:
        return 0.0
    return round((objective - low) / low, 9) if low > 0 else None


def evaluate_territories(inputs: Inputs, assignment: Assignment) -> dict[str, Any]:
    """Everything that can be said about an assignment from anywhere, beside that of today."""
    begun = time.perf_counter()
    told = _told(assignment) | {"issues": [i.as_json() for i in inputs.built[1]]}
    return {**told, "seconds": round(time.perf_counter() - begun, 3), "manifest": _manifest(inputs, told)}


def _manifest(inputs: Inputs, told: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(told, sort_keys=True, default=str)
    return inputs.manifest(outputs=sha256(text.encode()).hexdigest())
