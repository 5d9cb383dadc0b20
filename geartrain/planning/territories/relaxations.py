"""The smallest change of an infeasible policy that makes it feasible, each proved by an assignment that keeps it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from geartrain.planning.territories.certificates import certificates, up
from geartrain.planning.territories.problem import Problem
from geartrain.planning.territories.programme import EXACT, bands_of, chosen_of, model
from geartrain.planning.territories.report import Assignment, needed
from geartrain.planning.territories.solve import SMALL

NEAR = 5e-4  # of a tolerance: how exactly the smallest one is found
WIDEST = 100.0


def relaxations(problem: Problem, found: Assignment, left: Callable[[], float]) -> list[dict[str, Any]]:
    """Ways to make the policy feasible, each enough by itself, of one measure first; none if it is feasible."""
    ways: list[dict[str, Any]] = []
    hard = [c for c in certificates(problem) if c.kind in ("no_seller", "lock_conflict", "limits")]
    ways += [{"relax": c.kind, "message": f"{c.message} {c.hint}", "accounts": list(c.accounts)} for c in hard]
    if found.lost and not hard:
        ways += _limits(problem, left)
    tolerances = needed(found)
    if not tolerances or found.lost:
        return ways
    if problem.allowed.sum() <= SMALL:
        for k, measure in enumerate(problem.measures):
            if (enough := _least(problem, k, left)) is not None:
                ways.append(_tolerances(problem, {measure: enough}))
    if not any("tolerances" in w for w in ways):
        ways.append(_tolerances(problem, tolerances))
    return ways


def _tolerances(problem: Problem, wanted: dict[str, float]) -> dict[str, Any]:
    now = dict(zip(problem.measures, problem.tolerance.tolist(), strict=True))
    said = " and ".join(f"the tolerance of {m} from {now[m]:g} to {t:g}" for m, t in wanted.items())
    return {"relax": "balance", "message": f"Raise {said}.", "tolerances": wanted}


def _limits(problem: Problem, left: Callable[[], float]) -> list[dict[str, Any]]:
    """Accounts per seller that can be kept, whatever it does to the balance."""
    wide = problem.with_tolerance([1e4] * len(problem.measures))
    for low in range(problem.least, -1, -1):
        for high in sorted({problem.most, *_larger(problem), len(problem.accounts)}):
            if high >= problem.most and (low, high) != (problem.least, problem.most) and left() > 0:
                tried = replace(wide, least=low, most=high)
                if _feasible(tried, left) is not None:
                    message = f"Allow accounts_per_seller [{low}, {high}]: families and eligibility leave no other way."
                    return [{"relax": "limits", "message": message, "accounts_per_seller": [low, high]}]
    return []


def _larger(problem: Problem) -> list[int]:
    """Upper limits that may suffice: what locks and families alone need, and a few steps more."""
    forced = problem.allowed.sum(axis=1) == 1
    held = np.bincount(problem.allowed[forced].argmax(axis=1), weights=problem.size[forced])
    most = max(problem.most, int(held.max(initial=0)), int(problem.size.max()))
    return [min(len(problem.accounts), most + n) for n in range(4)]


def _least(problem: Problem, k: int, left: Callable[[], float]) -> float | None:
    """The smallest tolerance of one measure that suffices, rounded up; None where none does or the time is over."""

    def reach(tolerance: float) -> float | None:
        wanted = problem.tolerance.copy()
        wanted[k] = tolerance
        return _feasible(problem.with_tolerance(wanted.tolist()), left, k)

    high = reach(WIDEST)
    if high is None:
        return None
    low = float(problem.tolerance[k])
    while high - low > NEAR and left() > 0:
        middle = (low + high) / 2
        met = reach(middle)
        low, high = (middle, high) if met is None else (low, min(high, met))
    return up(high)


def _feasible(problem: Problem, left: Callable[[], float], k: int = 0) -> float | None:
    """The largest deviation in measure k of an assignment that keeps everything; None where there is none."""
    bands = bands_of(problem)
    built = model(problem, bands, problem.allowed)
    answer = built.solve(integer=True, seconds=min(left(), 20.0), gap=1.0)
    if not len(answer.share):
        return None
    chosen = chosen_of(built, answer.share)
    index = bands.index(problem, chosen)
    if (bands.excess(index) > 10 * EXACT).any():
        return None
    have = problem.targets[:, k] > 0 if problem.targets.shape[1] else np.zeros(0, dtype=np.bool_)
    return float(np.abs(index[have, k] - 1).max(initial=0)) if have.any() else 0.0
