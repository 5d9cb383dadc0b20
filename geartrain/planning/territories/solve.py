"""The best assignment that can be found, and how far from the best possible it can be at most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from geartrain.planning.territories.dual import FULL, Dual, ascend, cheapest, refined, sampled, settle
from geartrain.planning.territories.expressions import Floats
from geartrain.planning.territories.pools import pools_of
from geartrain.planning.territories.problem import Ints, Problem
from geartrain.planning.territories.programme import Bands, Programme, bands_of, bound, chosen_of, posed
from geartrain.planning.territories.search import INNER, Search

SMALL = 4_000  # arcs up to which HiGHS settles a pool exactly
MIDDLE = 12_000  # arcs left after fixing by reduced cost up to which HiGHS finishes a larger one
MOSTLY = 0.85  # of the time left, so that what HiGHS passes a band by can be mended
PRICED = 0.4  # of the time: so much of it prices may take
ROOM = 0.15  # of an average unit, left free within the bands for what is rounded
OPEN = 14_000  # units of a large problem that are shared out by themselves, the least decided ones
CHOICES = 5  # sellers that each of them may go to
GAP = 0.001  # where the search stops, unless told otherwise
Left = Callable[[], float]


def unhurried() -> float:
    """No time budget."""
    return 1e9


@dataclass(frozen=True)
class Solution:
    """An assignment with its proof.

    Args:
        chosen: The seller of each unit, −1 where hard rules leave none.
        prices: J × R; what one more of a scaled load costs. bands: What the bound holds for: those of the policy, soft
            ones widened where they cannot be kept. bound: No assignment within the bands costs less.
        impossible: Units that no assignment can place, by the pool that cannot be solved.
        complete: Whether the search ended by itself, not by the time budget.
    """

    problem: Problem
    chosen: Ints
    prices: Floats
    bands: Bands
    bound: float
    impossible: tuple[int, ...] = ()
    complete: bool = True

    @property
    def objective(self) -> float:
        """The sum that is minimised."""
        return self.problem.objective(self.chosen)

    @property
    def gap(self) -> float | None:
        """(objective − bound) / bound; None where the bound is 0 and the objective is not."""
        over = max(0.0, self.objective - self.bound)
        if over <= 1e-9 * max(1.0, abs(self.objective)):
            return 0.0
        return over / self.bound if self.bound > 0 else None


@dataclass(frozen=True)
class _Part:
    chosen: Ints
    prices: Floats
    bands: Bands
    bound: float
    possible: bool = True
    complete: bool = True
    notes: list[str] = field(default_factory=list)


def solve(problem: Problem, *, left: Left = unhurried, gap: float = GAP) -> Solution:
    """Hand every unit to a seller at least cost, hard rules kept always, balance wherever it can be.

    Args:
        left: Seconds that are left; at 0 the best found so far comes back.
        gap: Where a large pool is good enough; small ones are settled exactly.
    """
    whole = bands_of(problem)
    chosen = np.full(len(problem.cost), -1, dtype=np.int64)
    prices, lower, upper = np.zeros_like(whole.scale), whole.lower.copy(), whole.upper.copy()
    total, lost, complete = 0.0, [], True
    for units, sellers in pools_of(problem):
        if not len(sellers) or not len(units):
            lost += [int(u) for u in units]
            continue
        cut = _cut(problem, units, sellers)
        part = _pool(cut, bands_of(cut), left, gap)
        complete &= part.complete
        if not part.possible:
            lost += [int(u) for u in units]
            continue
        chosen[units] = sellers[part.chosen]
        prices[sellers], lower[sellers], upper[sellers] = part.prices, part.bands.lower, part.bands.upper
        total += part.bound
    bands = replace(whole, lower=lower, upper=upper)
    return Solution(problem, chosen, prices, bands, total, tuple(sorted(lost)), complete)


def _cut(problem: Problem, units: Ints, sellers: Ints) -> Problem:
    """The part of a problem that one pool is, its targets those of the whole."""
    if len(units) == len(problem.cost) and len(sellers) == len(problem.sellers):
        return problem
    return replace(
        problem,
        sellers=tuple(problem.sellers[j] for j in sellers),
        cost=problem.cost[np.ix_(units, sellers)],
        allowed=problem.allowed[np.ix_(units, sellers)],
        weights=problem.weights[units],
        size=problem.size[units],
        targets=problem.targets[sellers],
    )


def solve_within(problem: Problem, bands: Bands, *, left: Left = unhurried, gap: float = GAP) -> Solution:
    """The same within bands of one's own, in one piece; every unit must have a seller who may have it."""
    part = _pool(problem, bands, left, gap)
    lost = () if part.possible else tuple(range(len(problem.cost)))
    return Solution(problem, part.chosen, part.prices, part.bands, part.bound, lost, part.complete)


def _pool(problem: Problem, bands: Bands, left: Left, gap: float) -> _Part:
    if int(problem.allowed.sum()) <= SMALL and (part := _exactly(problem, bands, left)):
        return part
    return _searched(problem, bands, left, gap)


def _exactly(problem: Problem, bands: Bands, left: Left) -> _Part | None:
    """Settled by HiGHS; None where the time does not suffice."""
    full = posed(problem, bands, problem.allowed)
    answer = full.solve(integer=True, seconds=left())
    if answer.status == "Infeasible":
        wide = replace(full, cost=np.zeros_like(full.cost), penalty=1.0)
        least = wide.solve(integer=True, seconds=left())
        if least.status == "Infeasible":
            return _Part(np.full(len(problem.cost), -1), np.zeros_like(bands.scale), bands, 0.0, possible=False)
        if not len(least.share):
            return None
        bands = bands.widened(bands.index(problem, chosen_of(full, least.share)))
        full = posed(problem, bands, problem.allowed)
        answer = full.solve(integer=True, seconds=left(), start=least.share)
    if not len(answer.share):
        return None
    chosen = chosen_of(full, answer.share)
    if bands.excess(bands.index(problem, chosen)).any():
        again = replace(full, bands=bands.narrowed(INNER)).solve(integer=True, seconds=left())
        if not len(again.share):
            return None
        chosen = chosen_of(full, again.share)
    relaxed = full.solve(integer=False)
    proven = bound(problem, bands, relaxed.prices)
    done = answer.status == "Optimal"
    proven = max(proven, min(answer.bound, problem.objective(chosen)))
    return _Part(chosen, relaxed.prices, bands, proven, complete=done)


def _searched(problem: Problem, bands: Bands, left: Left, gap: float) -> _Part:
    """Prices first, then an assignment rounded from them and made better group by group."""
    dual, penalty = _priced(problem, bands, left)
    chosen, dual = _rounded(problem, bands, dual, penalty)
    search = Search(problem, bands, chosen, dual.prices, dual.bound, penalty, left)
    chosen = search.run(gap)
    excess = bands.excess(bands.index(problem, chosen))
    if excess[:, ~bands.soft].any():
        return _Part(chosen, dual.prices, bands, 0.0, possible=False, complete=left() > 0)
    if excess.any():
        bands = bands.widened(bands.index(problem, chosen))
        again = ascend(problem, bands, rounds=60, start=dual.prices, stop=lambda: left() <= 0)
        return _Part(chosen, again.prices, bands, again.bound, complete=left() > 0)
    found = _Part(chosen, dual.prices, bands, dual.bound, complete=left() > 0)
    return found if search.good(gap) else _finished(problem, found, left, gap)


def _priced(problem: Problem, bands: Bands, left: Left) -> tuple[Dual, float]:
    until = left() * (1 - PRICED)

    def stop() -> bool:
        return left() <= until

    if problem.cost.size > FULL:
        dual = refined(problem, bands, sampled(problem, bands, stop), rounds=300, stop=stop)
    else:
        dual = ascend(problem, bands, rounds=150, start=None, stop=stop)
    per_seller = abs(dual.bound) / len(problem.sellers)
    penalty = max(50 * per_seller, 10 * float(np.abs(dual.prices).max(initial=0)), 1.0)
    if not stop():
        dual = settle(problem, bands, dual, penalty=penalty, rounds=8 if problem.cost.size <= FULL else 2, stop=stop)
        penalty = max(penalty, 10 * float(np.abs(dual.prices).max(initial=0)))
    return dual, penalty


def _rounded(problem: Problem, bands: Bands, dual: Dual, penalty: float) -> tuple[Ints, Dual]:
    """The seller of the largest share within narrower bands; what is told of prices by the way."""
    # What is rounded passes its band by about a unit; as much room is left for it.
    room = bands.soft * np.minimum(0.1 * (bands.upper - bands.lower), ROOM * len(problem.sellers) / len(problem.cost))
    inner = replace(bands, lower=bands.lower + room, upper=bands.upper - room)
    if dual.share is None or dual.built is None:
        return _opened(problem, bands, inner, dual, penalty)
    answer = replace(dual.built, bands=inner).solve(integer=False)
    return chosen_of(dual.built, answer.share if answer.status == "Optimal" else dual.share), dual


def _opened(problem: Problem, bands: Bands, inner: Bands, dual: Dual, penalty: float) -> tuple[Ints, Dual]:
    """The cheapest seller at the prices, but the units that this hardly decides are shared out by themselves."""
    who, what = cheapest(problem, bands, dual.prices, CHOICES)
    chosen = who[:, 0].copy()
    if who.shape[1] < 2:
        return chosen, dual
    open_ = np.sort(np.argsort(what[:, 1] - what[:, 0], kind="stable")[:OPEN])
    held = chosen.copy()
    held[open_] = -1
    taken = bands.index(problem, held)
    unit, place = np.nonzero(np.isfinite(what[open_]))
    seller = who[open_][unit, place]
    left_over = replace(inner, lower=inner.lower - taken, upper=inner.upper - taken)
    cost, weights = problem.cost[open_][unit, seller], bands.weights[open_][unit]
    sellers = np.arange(len(problem.sellers))
    built = Programme(unit, seller, cost, weights, left_over, sellers, len(open_), penalty)
    answer = built.solve(integer=False)
    if answer.status != "Optimal":
        return chosen, dual
    chosen[open_] = chosen_of(built, answer.share)
    proven = bound(problem, bands, answer.prices)
    return chosen, Dual(answer.prices, proven) if proven > dual.bound else dual


def _finished(problem: Problem, part: _Part, left: Left, gap: float) -> _Part:
    """What reduced costs leave open, settled by HiGHS where it is little enough."""
    from geartrain.planning.territories.programme import priced

    room = problem.objective(part.chosen) - part.bound
    cost = priced(problem, part.bands, part.prices) if problem.cost.size <= FULL else None
    if cost is None or left() <= 0:
        return part
    arcs = cost - cost.min(axis=1, keepdims=True) <= room * (1 + 1e-9) + 1e-9
    arcs[np.arange(len(cost)), part.chosen] = True
    if arcs.sum() - len(cost) > MIDDLE:
        return part
    within = part.bands
    for bands in (within, within.narrowed(INNER)):
        built = posed(problem, bands, arcs)
        start = (part.chosen[built.unit] == built.seller).astype(np.float64)
        answer = built.solve(integer=True, seconds=MOSTLY * left(), gap=gap, start=start)
        if bands is within:
            # What was left out by its reduced cost leads to nothing cheaper than what is known already.
            low = min(answer.bound, problem.objective(part.chosen))
            part = replace(part, bound=max(part.bound, low), complete=left() > 0)
        if not len(answer.share):
            break
        chosen = chosen_of(built, answer.share)
        if not within.excess(within.index(problem, chosen)).any():
            better = problem.objective(chosen) < problem.objective(part.chosen)
            return replace(part, chosen=chosen if better else part.chosen)
    return part
