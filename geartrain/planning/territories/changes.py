"""Changes to an assignment: the fewest moves that mend it, and what a move by hand does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from geartrain.kernel.errors import Invalid
from geartrain.planning.territories.measures import in_tolerance
from geartrain.planning.territories.problem import Ints, Problem
from geartrain.planning.territories.programme import bands_of
from geartrain.planning.territories.report import Assignment, objective, tidy
from geartrain.planning.territories.solve import Left, solve_within, unhurried

MOST = 5  # accounts that are offered to give back


def fewest(
    assignment: Assignment, *, focus: Sequence[int] = (), left: Left = unhurried, gap: float = 0.001
) -> tuple[Assignment, bool]:
    """The fewest moved accounts that bring these sellers (or all) into tolerance, and of those the cheapest.

    Accounts without a seller are placed, which is no move. Sellers that are not in focus may stay as far out as they
    are, and get no worse. Hard rules are kept.

    Returns:
        The changed assignment, and whether the focus is within tolerance in it.
    """
    problem = assignment.problem
    placed = np.flatnonzero(problem.allowed.any(axis=1))
    now = _units(assignment)
    moving = np.where((now >= 0)[:, None], problem.size[:, None].astype(np.float64), 0.0) * np.ones_like(problem.cost)
    held = np.flatnonzero(now >= 0)
    moving[held, now[held]] = 0.0
    span = float(np.abs(problem.cost).max(initial=0)) * len(problem.cost) + 1.0
    counted = replace(problem, cost=moving + problem.cost / (4 * span))
    if len(placed) < len(problem.cost):
        counted = _only(counted, placed)
    bands = bands_of(counted)
    if focus:
        index = bands.index(counted, now[placed])
        others = np.ones(len(problem.sellers), dtype=np.bool_)
        others[list(focus)] = False
        low, high = np.minimum(bands.lower, index), np.maximum(bands.upper, index)
        free = others[:, None] & bands.soft[None, :]
        bands = replace(bands, lower=np.where(free, low, bands.lower), upper=np.where(free, high, bands.upper))
    solution = solve_within(counted, bands, left=left, gap=gap)
    chosen = np.full(len(problem.cost), -1, dtype=np.int64)
    chosen[placed] = solution.chosen if not solution.impossible else now[placed]
    changed = replace(assignment, seller=chosen[problem.unit_of], prices=None)
    return changed, not solution.impossible and settled(changed, focus)


def settled(assignment: Assignment, focus: Sequence[int] = ()) -> bool:
    """Whether these sellers (or all) are within tolerance in every measure."""
    problem, after = assignment.problem, assignment.after
    return all(
        in_tolerance(float(after[j, k]), float(problem.targets[j, k]), float(problem.tolerance[k]))
        for j in (focus or range(len(problem.sellers)))
        for k in range(len(problem.measures))
    )


def _units(assignment: Assignment) -> Ints:
    """The seller of each unit, −1 where its accounts are with several, or with one who may not have it."""
    problem = assignment.problem
    found = np.full(len(problem.cost), -2, dtype=np.int64)
    for n, unit in enumerate(problem.unit_of):
        at = int(assignment.seller[n])
        found[unit] = at if found[unit] in (-2, at) else -1
    rows = np.flatnonzero(found >= 0)
    found[rows[~problem.allowed[rows, found[rows]]]] = -1
    return np.maximum(found, -1)


def _only(problem: Problem, units: Ints) -> Problem:
    return replace(
        problem,
        cost=problem.cost[units],
        allowed=problem.allowed[units],
        weights=problem.weights[units],
        size=problem.size[units],
    )


@dataclass(frozen=True)
class Swap:
    """What a move by hand does.

    Args:
        after: The assignment with the moves. cost: What the objective changes by. give_back: Accounts that could go
            the other way, the best first.
    """

    after: Assignment
    cost: float
    give_back: tuple[dict[str, Any], ...]


def swap(assignment: Assignment, moves: Mapping[str, str]) -> Swap:
    """Move accounts by hand, whole families with them, and say what it does.

    Raises:
        Invalid: an account or seller that there is not.
    """
    problem = assignment.problem
    at = {name: n for n, name in enumerate(problem.accounts)}
    who = {name: n for n, name in enumerate(problem.sellers)}
    seller = assignment.seller.copy()
    pairs: set[tuple[int, int]] = set()
    for account, name in moves.items():
        for what, known, value in (("account", at, account), ("seller", who, name)):
            if value not in known:
                raise Invalid(f"There is no {what} '{value}'.", hint=f"One of the {len(known)} in the file of {what}s.")
        for n in problem.members(int(problem.unit_of[at[account]])):
            if seller[n] >= 0 and seller[n] != who[name]:
                pairs.add((int(seller[n]), who[name]))
            seller[n] = who[name]
    after = replace(assignment, seller=seller)
    moved = {int(problem.unit_of[at[a]]) for a in moves}
    back = tuple(row for giver, taker in sorted(pairs) for row in _give_back(after, giver, taker, moved))
    return Swap(after, tidy(objective(after) - objective(assignment)), back)


def _outside(problem: Problem, loads: Any) -> float:
    """How far loads lie outside their bands, summed, of their targets."""
    over = np.abs(loads - problem.targets) - problem.tolerance[None, :] * problem.targets
    share = np.where(problem.targets > 0, over / np.where(problem.targets > 0, problem.targets, 1.0), 0.0)
    return float(np.maximum(share, 0.0).sum())


def _give_back(after: Assignment, giver: int, taker: int, moved: set[int]) -> list[dict[str, Any]]:
    """The accounts of the taker that the giver could have instead, by the balance and then the cost they lead to."""
    problem, loads = after.problem, after.after
    units = _units(after)
    found = []
    for unit in np.flatnonzero((units == taker) & problem.allowed[:, giver]).tolist():
        if unit in moved:
            continue
        shifted = loads.copy()
        shifted[taker] -= problem.weights[unit]
        shifted[giver] += problem.weights[unit]
        cost = float(problem.cost[unit, giver] - problem.cost[unit, taker])
        apart = float(np.abs(shifted / np.where(problem.targets > 0, problem.targets, 1) - 1)[[giver, taker]].max())
        names = [problem.accounts[n] for n in problem.members(unit)]
        found.append((round(_outside(problem, shifted), 9), round(cost, 9), apart, names))
    found.sort()
    return [
        {
            "accounts": names,
            "from": problem.sellers[taker],
            "to": problem.sellers[giver],
            "cost": tidy(cost),
            "outside": tidy(outside),
            "max_deviation": tidy(apart),
        }
        for outside, cost, apart, names in found[:MOST]
    ]
