"""Prices of the sellers' loads, and the lower bound that they prove."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geartrain.planning.territories.expressions import Floats
from geartrain.planning.territories.problem import Flags, Ints, Problem
from geartrain.planning.territories.programme import Bands, Model, Stop, chunks, model, priced

ENOUGH = 2e-4  # of the bound: nearer than this the linear programme has nothing to add
FULL = 4_000_000  # pairs up to which the linear programme settles the prices


@dataclass(frozen=True)
class Dual:
    """Prices (J × R), the bound they prove, and the fractional assignment they came with where there is one."""

    prices: Floats
    bound: float
    arcs: Flags | None = None
    share: Floats | None = None
    built: Model | None = None


def ascend(problem: Problem, bands: Bands, *, rounds: int, start: Floats | None, stop: Stop) -> Dual:
    """Prices by ascent: a load above its band gets dearer, one below it cheaper, in shrinking steps.

    The step is a part of what a seller's accounts cost on average; the best prices met are kept.
    """
    prices = np.zeros_like(bands.scale) if start is None else start
    best, top = prices, -np.inf
    least = np.where(problem.allowed, problem.cost, np.inf).min(axis=1).sum()
    unit = max(abs(float(least)) / len(problem.sellers), 1e-6) / np.maximum(1.0, (bands.upper + bands.lower) / 2)
    span = np.maximum(1.0, (bands.upper + bands.lower) / 2)
    average = prices
    for n in range(rounds):
        if n and stop():
            break
        load, value = _respond(problem, bands, prices)
        value -= float((bands.upper * np.maximum(prices, 0) + bands.lower * np.minimum(prices, 0)).sum())
        if value > top:
            best, top = prices, value
        step = unit / span * 0.6 * 0.02 ** (n / rounds)
        moved = prices + step * load
        high, low = moved - step * bands.upper, moved - step * bands.lower
        prices = np.where(high > 0, high, np.where(low < 0, low, 0.0))
        average = 0.8 * average + 0.2 * prices
        if n % 10 == 9:
            prices = average
    return Dual(best, top)


def _respond(problem: Problem, bands: Bands, prices: Floats) -> tuple[Floats, float]:
    """Scaled loads, and the sum of costs, if every unit takes its cheapest seller at these prices."""
    load, value = np.zeros_like(bands.scale), 0.0
    for rows in chunks(problem):
        cost = priced(problem, bands, prices, rows)
        at = cost.argmin(axis=1)
        value += float(cost[np.arange(len(at)), at].sum())
        np.add.at(load, at, bands.weights[rows])
    return load / bands.scale, value


def cheapest(problem: Problem, bands: Bands, prices: Floats, count: int) -> tuple[Ints, Floats]:
    """The `count` cheapest sellers of each unit at these prices, cheapest first, and what they cost."""
    count = min(count, len(problem.sellers))
    who = np.zeros((len(problem.cost), count), dtype=np.int64)
    what = np.zeros((len(problem.cost), count))
    for rows in chunks(problem):
        cost = priced(problem, bands, prices, rows)
        near = np.argpartition(cost, count - 1, axis=1)[:, :count]
        value = np.take_along_axis(cost, near, axis=1)
        order = np.lexsort((near, value), axis=1)
        who[rows], what[rows] = np.take_along_axis(near, order, axis=1), np.take_along_axis(value, order, axis=1)
    return who, what


def settle(problem: Problem, bands: Bands, begun: Dual, *, penalty: float, rounds: int, stop: Stop) -> Dual:
    """The linear programme over ever more arcs: what is missing is added by its price until nothing is."""
    who, what = cheapest(problem, bands, begun.prices, 6)
    arcs = np.zeros(problem.allowed.shape, dtype=np.bool_)
    np.put_along_axis(arcs, who, np.isfinite(what), axis=1)
    best = begun
    for _ in range(rounds):
        built = model(problem, bands, arcs, penalty)
        answer = built.solve(integer=False)
        if answer.status != "Optimal":
            break
        prices = answer.prices
        value = 0.0
        for rows in chunks(problem):
            value += _admit(priced(problem, bands, prices, rows), arcs[rows])
        value -= float((bands.upper * np.maximum(prices, 0) + bands.lower * np.minimum(prices, 0)).sum())
        if value > best.bound:
            best = Dual(prices, value)
        best = Dual(best.prices, best.bound, arcs, answer.share, built)
        if answer.objective - best.bound <= ENOUGH * abs(answer.objective) or stop():
            break
    return best


def _admit(cost: Floats, arcs: Flags) -> float:
    """Add each unit's cheapest arc that is missing and cheaper than all it has; the sum of the cheapest."""
    have = np.where(arcs, cost, np.inf).min(axis=1)
    rows = np.arange(len(cost))
    least = cost.min(axis=1)
    for _ in range(min(3, cost.shape[1])):
        missing = np.where(arcs, np.inf, cost)
        at = missing.argmin(axis=1)
        better = missing[rows, at] < have - 1e-9 * (1 + np.abs(have))
        arcs[rows[better], at[better]] = True
    return float(least.sum())
