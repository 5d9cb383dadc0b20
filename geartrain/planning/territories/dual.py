"""Prices of the sellers' loads, and the lower bound that they prove."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from geartrain.planning.territories.expressions import Floats
from geartrain.planning.territories.problem import Flags, Ints, Problem
from geartrain.planning.territories.programme import Bands, Programme, Stop, bound, chunks, posed, priced

ENOUGH = 2e-4  # of the bound: nearer than this the linear programme has nothing to add
FULL = 4_000_000  # pairs up to which the linear programme settles the prices
SAMPLE = 15_000  # units of a larger problem that the linear programme takes for all
LARGE = 8  # one unit in so many is large, and in the sample as it is
NEAR = 20  # sellers of each unit that are looked at while prices are refined
STEPS = (0.1, 0.004)  # first and last step, of what a seller's accounts cost
SOFT = (0.3, 0.02)  # how far a unit is shared among sellers of nearly the same cost: first, and last as a part of it
MOMENTUM = 0.6


@dataclass(frozen=True)
class Dual:
    """Prices (J × R), the bound they prove, and the fractional assignment they came with where there is one."""

    prices: Floats
    bound: float
    arcs: Flags | None = None
    share: Floats | None = None
    built: Programme | None = None


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


def sampled(problem: Problem, bands: Bands, stop: Stop) -> Dual:
    """Prices of the linear programme over a sample: the large units, and some of the others for all of them."""
    order = np.argsort(-(bands.weights / bands.scale.mean(axis=0)).max(axis=1), kind="stable")
    large = len(order) // LARGE
    rest = order[large:][:: max(1, (len(order) - large) // max(1, SAMPLE - large))]
    units = np.concatenate([order[:large], rest])
    times = np.concatenate([np.ones(large), np.full(len(rest), (len(order) - large) / len(rest))])[:, None]
    part = replace(
        problem,
        cost=problem.cost[units] * times,
        allowed=problem.allowed[units],
        weights=problem.weights[units] * times,
        size=problem.size[units],
    )
    narrow = replace(bands, weights=bands.weights[units] * times)
    begun = ascend(part, narrow, rounds=150, start=None, stop=stop)
    penalty = max(50 * abs(begun.bound) / len(problem.sellers), 10 * float(np.abs(begun.prices).max(initial=0)), 1.0)
    prices = settle(part, narrow, begun, penalty=penalty, rounds=4, stop=stop).prices
    return Dual(prices, bound(problem, bands, prices))


def refined(problem: Problem, bands: Bands, begun: Dual, *, rounds: int, stop: Stop) -> Dual:
    """Prices made better over each unit's nearest sellers; what they prove is worked out over all sellers.

    A load is that of units shared among the sellers of nearly their least cost, ever more sharply, and prices follow it
    with momentum.
    """
    who, what = cheapest(problem, bands, begun.prices, NEAR)
    cost, rows = np.take_along_axis(problem.cost, who, axis=1), np.arange(len(who))
    cost[~np.isfinite(what)] = np.inf
    unit = max(abs(float(what[:, 0].sum())) / len(problem.sellers), 1e-6)
    gaps = (what[:, min(1, what.shape[1] - 1)] - what[:, 0])[np.isfinite(what).all(axis=1)]
    typical = max(float(np.median(gaps)) if len(gaps) else 0.0, 1e-9)
    prices, moving = begun.prices, np.zeros_like(begun.prices)
    best, top = prices, -np.inf
    for n in range(rounds):
        if stop():
            break
        now = cost + sum((prices / bands.scale)[who, r] * w[:, None] for r, w in enumerate(bands.weights.T))
        least = now.min(axis=1)
        value = float(least.sum() - (bands.upper * np.maximum(prices, 0) + bands.lower * np.minimum(prices, 0)).sum())
        if value > top:
            best, top = prices, value
        share = np.exp((least[rows, None] - now) / (typical * SOFT[0] * SOFT[1] ** (n / rounds)))
        share /= share.sum(axis=1, keepdims=True)
        step = STEPS[0] * (STEPS[1] / STEPS[0]) ** (n / rounds) * unit
        after = prices + MOMENTUM * moving + step * _shared(bands, who, share)
        high, low = after - step * bands.upper, after - step * bands.lower
        after = np.where(high > 0, high, np.where(low < 0, low, 0.0))
        prices, moving = after, after - prices
    proven = bound(problem, bands, best)
    return Dual(best, proven) if proven > begun.bound else begun


def _shared(bands: Bands, who: Ints, share: Floats) -> Floats:
    """Scaled loads of units shared among sellers."""
    count, at = len(bands.scale), who.ravel()
    loads = [np.bincount(at, (share * w[:, None]).ravel(), minlength=count) for w in bands.weights.T]
    return np.asarray(np.stack(loads, axis=1) / bands.scale)


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
        built = posed(problem, bands, arcs, penalty)
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
