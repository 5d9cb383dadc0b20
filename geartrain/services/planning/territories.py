"""Territories: solved, evaluated, changed by hand, and told as one document."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue
from geartrain.kernel.policy.policy import closest
from geartrain.planning.territories import report
from geartrain.planning.territories.certificates import certificates
from geartrain.planning.territories.changes import fewest, swap
from geartrain.planning.territories.contiguity import apart, issues_of, joined
from geartrain.planning.territories.crm import Export, associations, owners
from geartrain.planning.territories.problem import Ints
from geartrain.planning.territories.relaxations import relaxations
from geartrain.planning.territories.report import Assignment
from geartrain.planning.territories.solve import GAP, Left, Solution, solve, unhurried
from geartrain.services.planning.territories_files import Inputs, read_rows


def solve_territories(inputs: Inputs, *, left: Left = unhurried, gap: float = GAP) -> dict[str, Any]:
    """The best assignment found, with everything that can be said about it.

    `status` is optimal (proven), feasible (within the gap or the time), relaxed (balance cannot be kept: violations and
    relaxations say where) or infeasible (hard rules leave accounts without a seller).
    """
    begun = time.perf_counter()
    problem, issues = inputs.built
    proofs = certificates(problem)
    solution = solve(problem, left=left, gap=gap)
    if inputs.graph is not None:
        solution = replace(solution, chosen=joined(problem, solution.bands, solution.chosen, inputs.graph, left))
    found = report.of_solution(solution, inputs.owners)
    pieces, doubts = _pieces(inputs, solution.chosen)
    issues = [*issues, *doubts]
    told = {
        "status": _status(solution, found),
        **_told(found, solution),
        **pieces,
        "certificates": [c.as_json() for c in proofs],
        "relaxations": relaxations(problem, found, left),
        "issues": [i.as_json() for i in issues],
        "complete": solution.complete,
    }
    return {**told, "seconds": round(time.perf_counter() - begun, 3), "manifest": _manifest(inputs, told)}


def _pieces(inputs: Inputs, chosen: Ints) -> tuple[dict[str, Any], list[Issue]]:
    """Whose territory is in several parts, where something says which places touch."""
    if inputs.graph is None:
        return {}, []
    found = apart(inputs.problem, chosen, inputs.graph)
    return {"contiguity": found}, issues_of(found, inputs.graph, inputs.accounts.where)


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
    problem = inputs.problem
    _, first = np.unique(problem.unit_of, return_index=True)
    pieces, doubts = _pieces(inputs, assignment.seller[first])
    told = _told(assignment) | pieces | {"issues": [i.as_json() for i in (*inputs.built[1], *doubts)]}
    return {**told, "seconds": round(time.perf_counter() - begun, 3), "manifest": _manifest(inputs, told)}


def _manifest(inputs: Inputs, told: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(told, sort_keys=True, default=str)
    return inputs.manifest(outputs=sha256(text.encode()).hexdigest())


def suggest_moves(
    inputs: Inputs, assignment: Assignment, *, sellers: Sequence[str] = (), left: Left = unhurried
) -> dict[str, Any]:
    """The fewest moves that bring these sellers, or all, into tolerance.

    Raises:
        Invalid: a seller that there is not.
    """
    begun = time.perf_counter()
    problem = inputs.problem
    if strange := next((s for s in sellers if s not in problem.sellers), None):
        near = closest(strange, problem.sellers)
        hint = f"Did you mean '{near}'?" if near else f"There are {len(problem.sellers)} sellers."
        raise Invalid(f"There is no seller '{strange}'.", hint=hint)
    changed, settled = fewest(assignment, focus=[problem.sellers.index(s) for s in sellers], left=left)
    told = {"settled": settled, "moves": _moves(assignment, changed), **_told(changed)}
    return {**told, "seconds": round(time.perf_counter() - begun, 3), "manifest": _manifest(inputs, told)}


def _moves(one: Assignment, other: Assignment) -> list[dict[str, Any]]:
    """What changes between two assignments, and what each change costs."""
    cost = one.problem.account_cost
    found = []
    for n, account in enumerate(one.problem.accounts):
        old, new = int(one.seller[n]), int(other.seller[n])
        if old != new:
            price = report.tidy(cost[n, new] - cost[n, old]) if old >= 0 and new >= 0 else None
            found.append({"account_id": account, "from": one.name(n), "to": other.name(n), "cost": price})
    return found


def swap_accounts(inputs: Inputs, assignment: Assignment, moves: Mapping[str, str]) -> dict[str, Any]:
    """A move by hand: what it does to cost, balance and rules, and what could go the other way.

    Raises:
        Invalid: an account or seller that there is not.
    """
    begun = time.perf_counter()
    done = swap(assignment, moves)
    before = {(v["rule"], v["message"].split(":")[0]) for v in report.violations(assignment)}
    broken = report.violations(done.after)
    told = {
        "moves": _moves(assignment, done.after),
        "cost": done.cost,
        "give_back": list(done.give_back),
        "new_violations": [v for v in broken if (v["rule"], v["message"].split(":")[0]) not in before],
        **_told(done.after),
    }
    return {**told, "seconds": round(time.perf_counter() - begun, 3), "manifest": _manifest(inputs, told)}


def export_territories(
    inputs: Inputs, assignment: Assignment, *, target: str, territories: Path | None, current: Path | None
) -> Export:
    """The files a CRM imports, only what changes: a second run on the loaded state is empty.

    Raises:
        Invalid: a target there is not, or a file that it needs is missing or short of a seller.
    """
    problem = inputs.problem
    names = [assignment.name(n) for n in range(len(problem.accounts))]
    if target in ("salesforce", "hubspot"):
        rows = list(zip(problem.accounts, inputs.owners, names, strict=True))
        return owners(rows, hubspot=target == "hubspot")
    if target != "salesforce-territories":
        hint = "One of: salesforce, salesforce-territories, hubspot."
        raise Invalid(f"There is no target '{target}'.", hint=hint)
    if territories is None:
        raise Invalid("--territories is missing.", hint="A CSV with user_id and territory2_id of each seller.")
    columns, rows_, _ = read_rows(territories)
    if missing := [c for c in ("user_id", "territory2_id") if c not in columns]:
        raise Invalid(f"{territories}:1: The column {missing[0]} is missing.", hint=f"There are: {', '.join(columns)}.")
    territory_of = {r["user_id"].strip(): r["territory2_id"].strip() for r in rows_}
    if lost := sorted({n for n in names if n is not None} - set(territory_of)):
        raise Invalid(f"{territories}: There is no territory for {lost[0]}.", hint="Add a row for each seller.")
    now: list[dict[str, str]] = []
    if current is not None:
        columns, now, _ = read_rows(current)
        if missing := [c for c in ("Id", "ObjectId", "Territory2Id") if c not in columns]:
            hint = f"Export ObjectTerritory2Association; there are: {', '.join(columns)}."
            raise Invalid(f"{current}:1: The column {missing[0]} is missing.", hint=hint)
    return associations(list(zip(problem.accounts, names, strict=True)), territory_of, now)


USUAL = (0.05, 0.10, 0.15, 0.20, 0.30, 0.50)  # tolerances that a frontier is drawn over


def trade_off(
    inputs: Inputs,
    tolerances: Sequence[float] = USUAL,
    *,
    left: Left = unhurried,
    gap: float = GAP,
    report_on: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """What balance costs: for each tolerance, held in every measure, the objective, its bound and what stays.

    The price of balance is the objective less that without any balance.

    Args:
        report_on: Told how many of how many solves are done; may raise to stop.
    """
    begun = time.perf_counter()
    problem = inputs.problem
    report_on(0, len(set(tolerances)) + 1)
    free = solve(problem.with_tolerance([1e4] * len(problem.measures)), left=left, gap=gap)
    points = []
    for n, tolerance in enumerate(sorted(set(tolerances)), 1):
        report_on(n, len(set(tolerances)) + 1)
        if left() <= 0:
            break
        solution = solve(problem.with_tolerance([tolerance] * len(problem.measures)), left=left, gap=gap)
        found = report.of_solution(solution, inputs.owners)
        told = _told(found, solution)
        kept = told["retained"]
        points.append(
            {
                "tolerance": tolerance,
                "status": _status(solution, found),
                "objective": told["objective"],
                "bound": told["bound"],
                "price_of_balance": report.tidy(told["objective"] - free.objective),
                "accounts_kept": kept["accounts"],
                "revenue_kept": kept["revenue"],
                "revenue_kept_share": kept["revenue_share"],
                "revenue_moved": kept["moved_revenue"],
                "violations": len(told["violations"]),
            }
        )
    told = {"without_balance": report.tidy(free.objective), "frontier": points}
    return {**told, "seconds": round(time.perf_counter() - begun, 3), "manifest": _manifest(inputs, told)}
