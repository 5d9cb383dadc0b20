"""An assignment told: who gets what and why, how balanced, what is kept, what it breaks and how near the best."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from geartrain.planning.territories.certificates import up
from geartrain.planning.territories.expressions import Floats
from geartrain.planning.territories.measures import in_tolerance, spread
from geartrain.planning.territories.problem import Ints, Problem
from geartrain.planning.territories.solve import Solution

AT_RISK = Decimal("0.15")  # of a year's sales, lost where an account changes hands (Journal of Marketing, 2017)


@dataclass(frozen=True)
class Assignment:
    """A seller for each account, −1 for none, wherever it came from.

    Args:
        prices: J × K of the balanced measures, where a solve gave them; None otherwise.
    """

    problem: Problem
    seller: Ints
    owners: tuple[str | None, ...]
    prices: Floats | None = None
    lost: frozenset[int] = frozenset()

    @property
    def before(self) -> Floats:
        """J × K: loads as accounts are owned today."""
        return loads(self.problem, self.problem.owner)

    @property
    def after(self) -> Floats:
        """J × K: loads of this assignment."""
        return loads(self.problem, self.seller)

    def name(self, account: int) -> str | None:
        """Id of the seller an account goes to."""
        at = int(self.seller[account])
        return self.problem.sellers[at] if at >= 0 else None


def loads(problem: Problem, seller: Ints) -> Floats:
    """J × K: what sellers carry if account n is with seller[n]."""
    found = np.zeros_like(problem.targets)
    given = seller >= 0
    np.add.at(found, seller[given], problem.account_weights[given])
    return found


def of_solution(solution: Solution, owners: tuple[str | None, ...]) -> Assignment:
    """The accounts of a solution's units."""
    problem = solution.problem
    prices = solution.prices[:, : len(problem.measures)] / np.where(problem.targets > 0, problem.targets, 1.0)
    lost = frozenset(solution.impossible)
    gone = frozenset(n for n, u in enumerate(problem.unit_of) if int(u) in lost) if lost else lost
    return Assignment(problem, solution.chosen[problem.unit_of], owners, prices, gone)


def objective(assignment: Assignment) -> float:
    """The sum that is minimised, over the accounts that have a seller."""
    given = np.flatnonzero(assignment.seller >= 0)
    return float(assignment.problem.account_cost[given, assignment.seller[given]].sum())


def rows(assignment: Assignment) -> list[dict[str, Any]]:
    """One row an account: from, to, why, and who would be next."""
    nexts = _runners_up(assignment)
    return [
        {
            "account_id": account,
            "from": assignment.owners[n],
            "to": assignment.name(n),
            "reason": _reason(assignment, n),
            "runner_up": nexts[n],
        }
        for n, account in enumerate(assignment.problem.accounts)
    ]


def _reason(assignment: Assignment, n: int) -> str:
    problem, to, owner = assignment.problem, int(assignment.seller[n]), int(assignment.problem.owner[n])
    if to < 0:
        return "no seller: the hard rules leave nobody who could have it" if n in assignment.lost else "no seller given"
    if problem.locked[n] and to == owner:
        return "stays: locked to its owner"
    if (problem.allowed[problem.unit_of[n]].sum()) == 1:
        return "stays: nobody else may have it" if to == owner else "goes to the only seller who may have it"
    cost = problem.account_cost[n]
    if to == owner:
        cheaper = float(cost[to]) <= float(np.where(problem.eligible[n], cost, np.inf).min()) + 1e-9
        return "stays: nobody is cheaper" if cheaper else "stays: balance or its family keeps it"
    if owner < 0:
        least = float(np.where(problem.eligible[n], cost, np.inf).min())
        extra = float(cost[to]) - least
        return (
            "nobody among the sellers had it: cheapest here"
            if extra <= 1e-9
            else (f"nobody among the sellers had it: here for balance, {_figure(extra)} above the cheapest")
        )
    if not problem.eligible[n, owner]:
        return f"moves: {problem.sellers[owner]} is not eligible for it"
    saved = float(cost[owner]) - float(cost[to])
    if saved >= 0:
        return f"moves: {_figure(saved)} cheaper than with {problem.sellers[owner]}"
    return f"moves for balance: {_figure(-saved)} dearer than with {problem.sellers[owner]}"


def _figure(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _runners_up(assignment: Assignment) -> list[dict[str, Any] | None]:
    """The next best seller of each account's unit: by cost and the price of the loads it would shift."""
    problem = assignment.problem
    found: list[dict[str, Any] | None] = [None] * len(problem.accounts)
    pay = assignment.prices
    for unit in range(len(problem.cost)):
        at = -1
        members = [unit] if len(problem.cost) == len(problem.accounts) else problem.members(unit)
        at = int(assignment.seller[members[0]])
        others = problem.allowed[unit].copy()
        if at >= 0:
            others[at] = False
        if not others.any() or at < 0:
            continue
        cost = problem.cost[unit] if pay is None else problem.cost[unit] + pay @ problem.weights[unit]
        next_ = int(np.where(others, cost, np.inf).argmin())
        told = {
            "seller": problem.sellers[next_],
            "cost": tidy(problem.cost[unit, next_] - problem.cost[unit, at]),
            "price": tidy(cost[next_] - cost[at]),
        }
        for n in members:
            found[n] = told
    return found


def tidy(value: float) -> float:
    """A figure as it is answered: to a millionth, without a negative zero."""
    return round(float(value), 6) + 0.0


def balance(assignment: Assignment) -> list[dict[str, Any]]:
    """One row a seller and measure: load, target, index before and after."""
    before, after, problem = assignment.before, assignment.after, assignment.problem
    found = []
    for j, seller in enumerate(problem.sellers):
        for k, measure in enumerate(problem.measures):
            target, tolerance = float(problem.targets[j, k]), float(problem.tolerance[k])
            found.append(
                {
                    "seller": seller,
                    "measure": measure,
                    "load": tidy(after[j, k]),
                    "target": tidy(target),
                    "index_before": tidy(before[j, k] / target) if target > 0 else None,
                    "index_after": tidy(after[j, k] / target) if target > 0 else None,
                    "tolerance": tolerance,
                    "within": in_tolerance(float(after[j, k]), target, tolerance),
                }
            )
    return found


def summary(assignment: Assignment) -> list[dict[str, Any]]:
    """One row a measure: the spread of the indices before and after."""
    before, after, problem = assignment.before, assignment.after, assignment.problem
    found = []
    for k, measure in enumerate(problem.measures):
        row: dict[str, Any] = {"measure": measure, "tolerance": float(problem.tolerance[k])}
        for name, load in (("before", before), ("after", after)):
            told = spread(load[:, k], problem.targets[:, k], float(problem.tolerance[k]))
            row |= {
                f"out_of_balance_{name}": told.outside,
                f"max_deviation_{name}": None if told.deviation is None else tidy(told.deviation),
                f"cv_{name}": None if told.variation is None else tidy(told.variation),
                f"gini_{name}": None if told.gini is None else tidy(told.gini),
            }
        found.append(row)
    return found


def retained(assignment: Assignment) -> dict[str, Any]:
    """What stays with its owner, of what has one; revenue at risk is δ × revenue moved."""
    problem, owners = assignment.problem, assignment.owners
    owned = [n for n, o in enumerate(owners) if o]
    stays = [n for n in owned if assignment.name(n) == owners[n]]
    every, kept = (
        sum((problem.revenue[n] for n in owned), Decimal(0)),
        sum((problem.revenue[n] for n in stays), Decimal(0)),
    )
    open_, safe = (
        sum((problem.pipeline[n] for n in owned), Decimal(0)),
        sum((problem.pipeline[n] for n in stays), Decimal(0)),
    )
    return {
        "accounts": len(stays),
        "revenue": plain(kept),
        "pipeline": plain(safe),
        "accounts_share": tidy(len(stays) / len(owned)) if owned else None,
        "revenue_share": tidy(float(kept / every)) if every else None,
        "pipeline_share": tidy(float(safe / open_)) if open_ else None,
        "moved_accounts": len(owned) - len(stays),
        "moved_revenue": plain(every - kept),
        "revenue_at_risk": plain((every - kept) * AT_RISK),
    }


def plain(value: Decimal) -> float | int:
    """An amount as a number of JSON: whole where it is."""
    return int(value) if value == value.to_integral_value() else float(value)


def travel(assignment: Assignment) -> dict[str, Any] | None:
    """Kilometres × visits a year, and the mean distance weighted by visits; None where travel does not count."""
    problem, km, visits = assignment.problem, 0.0, 0.0
    if problem.places is None:
        return None
    for n in np.flatnonzero(assignment.seller >= 0):
        if (far := problem.km(int(n), int(assignment.seller[n]))) is not None:
            km += far * float(problem.visits[n])
            visits += float(problem.visits[n])
    return {"km_a_year": tidy(km), "mean_km": tidy(km / visits) if visits else None}


def violations(assignment: Assignment) -> list[dict[str, Any]]:
    """Every rule that an assignment breaks, hard ones first, then the bands that it leaves."""
    problem, seller = assignment.problem, assignment.seller
    found: list[dict[str, Any]] = []

    def say(rule: str, message: str, **facts: Any) -> None:
        found.append({"rule": rule, "hard": rule != "balance", "message": message, **facts})

    for n, account in enumerate(problem.accounts):
        at = int(seller[n])
        if at < 0:
            say("unassigned", f"{account} has no seller.", account_id=account)
        elif not problem.eligible[n, at]:
            say(
                "eligible",
                f"{problem.sellers[at]} may not have {account}.",
                account_id=account,
                seller=problem.sellers[at],
            )
        if problem.locked[n] and at != problem.owner[n]:
            owner = problem.sellers[problem.owner[n]]
            say("lock", f"{account} is locked to {owner}.", account_id=account, seller=owner)
    for unit in np.flatnonzero(np.bincount(problem.unit_of) > 1):
        members = problem.members(int(unit))
        if len({int(seller[n]) for n in members}) > 1:
            names = [problem.accounts[n] for n in members]
            say("keep_together", f"The family {', '.join(names[:10])} is with several sellers.", account_ids=names)
    count = np.bincount(seller[seller >= 0], minlength=len(problem.sellers))
    for j in np.flatnonzero((count < problem.least) | (count > problem.most)).tolist():
        said = f"{problem.sellers[j]} has {count[j]} accounts, not {problem.least} to {problem.most}."
        say("accounts_per_seller", said, seller=problem.sellers[j], load=int(count[j]))
    after = assignment.after
    for j, name in enumerate(problem.sellers):
        for k, measure in enumerate(problem.measures):
            load, target, tolerance = float(after[j, k]), float(problem.targets[j, k]), float(problem.tolerance[k])
            if not in_tolerance(load, target, tolerance):
                index = load / target if target > 0 else None
                shown = (
                    "no target"
                    if index is None
                    else f"index {index:.6f}, allowed {1 - tolerance:g} to {1 + tolerance:g}"
                )
                facts = {"load": tidy(load), "target": tidy(target), "index": None if index is None else tidy(index)}
                say("balance", f"{name} carries {load:g} {measure}: {shown}.", seller=name, measure=measure, **facts)
    return found


def needed(assignment: Assignment) -> dict[str, float]:
    """The tolerance of each measure at which this assignment is in balance, where it is not: a relaxation that does."""
    found = {}
    for k, measure in enumerate(assignment.problem.measures):
        targets, after = assignment.problem.targets[:, k], assignment.after[:, k]
        have = targets > 0
        worst = float(np.abs(after[have] / targets[have] - 1).max(initial=0))
        if worst > float(assignment.problem.tolerance[k]) + 1e-9:
            found[measure] = up(worst)
    return found
