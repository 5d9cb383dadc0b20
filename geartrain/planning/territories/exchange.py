"""Exchange between two sellers: some accounts of one for some of the other, whichever gains most."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import combinations

import numpy as np

from geartrain.planning.territories.expressions import Floats
from geartrain.planning.territories.problem import Ints, Problem
from geartrain.planning.territories.programme import Bands

MATES = 12  # sellers with whom one exchanges
QUICK = (14, 14, 0, 0)  # candidates of which one, two, three and four change hands together
WHOLE = (24, 22, 11, 7)  # the same once quick exchanges find nothing
FIRST = 0.2  # price of what lies outside at first, of what a seller's accounts cost
GROWS = 1.5  # how it grows where exchanges have left something outside
LAST = 100.0  # once all is within: nothing is worth leaving it
FEW = 0.3  # of the sellers: with fewer loads outside than that, exchanges are larger
ROUNDS = 80
HARD = 10.0  # how many times more a hard row counts than a soft one
Found = tuple[float, Ints, Ints]


@cache
def subsets(count: int, most: tuple[int, ...]) -> Ints:
    """Every set of candidates that changes hands together, one a row, `count` where fewer than four do."""
    sizes = (0, *(min(count, m) for m in most))
    rows = [(*s, *[count] * (4 - n)) for n, m in enumerate(sizes) for s in combinations(range(m), n)]
    return np.array(rows, dtype=np.int64).reshape(-1, 4)


class Exchange:
    """An assignment with its loads, changed one exchange at a time.

    Args:
        chosen: The seller of each unit; changed in place. affinity: J × J, who is near whom.
        prices: J × R, of scaled loads: by them candidates are told, and a load outside costs more than they say.
        unit: What a seller's accounts cost, the measure of what a scaled load outside its band costs.
    """

    def __init__(
        self, problem: Problem, bands: Bands, chosen: Ints, affinity: Floats, prices: Floats, unit: float
    ) -> None:
        self.problem, self.bands, self.chosen = problem, bands, chosen
        self.pay, self.prices, self.unit = prices / bands.scale, prices, unit
        self.index = bands.index(problem, chosen)
        self.pairs = _pairs(affinity)
        self.weight = np.zeros_like(prices)
        self.changed = np.ones(len(problem.sellers), dtype=np.int64)
        self.tried = np.zeros(len(self.pairs), dtype=np.int64)
        self.clock = 1
        self.choice = QUICK

    def mend(self, left: Callable[[], float]) -> Ints:
        """Exchange at a low price of what lies outside, dearer wherever something is left there, until all is within.

        The price grows only where it did not suffice, so that what one seller has too much of wanders to where there
        is room for it, over several sellers if need be.
        """
        self._priced(FIRST)
        for _ in range(ROUNDS):
            self.run(left)
            outside = self.bands.excess(self.index) > 0
            if not outside.any() or left() <= 0:
                break
            if outside.sum() <= FEW * len(outside):
                self.choice = WHOLE  # the last ones find room with larger exchanges sooner than at higher prices
            self.weight = np.where(outside, self.weight * GROWS, self.weight)
            self.tried[np.isin(self.pairs, np.flatnonzero(outside.any(axis=1))).any(axis=1)] = 0
        return self.chosen

    def polish(self, left: Callable[[], float]) -> Ints:
        """Larger exchanges, none of which leaves more outside."""
        self.choice = WHOLE
        self._priced(LAST)
        return self.run(left)

    def _priced(self, part: float) -> None:
        """Set the price of what lies outside: that of the load, and so much of a seller's costs beyond it."""
        self.weight = (np.abs(self.prices) + part * self.unit) * np.where(self.bands.soft, 1.0, HARD)
        self.tried[:] = 0

    def run(self, left: Callable[[], float]) -> Ints:
        """Exchange between the pairs that changed since they were tried, until no exchange gains."""
        while True:
            open_ = np.flatnonzero(self.changed[self.pairs].max(axis=1, initial=0) > self.tried)
            if not len(open_):
                return self.chosen
            for at in open_.tolist():
                if left() <= 0:
                    return self.chosen
                self._pair(at, left)

    def _pair(self, at: int, left: Callable[[], float]) -> None:
        one, other = self.pairs[at].tolist()
        while left() > 0 and (found := self._best(one, other)) is not None:
            self.clock += 1
            self.changed[[one, other]] = self.clock
            for units, source, goal in ((found[1], one, other), (found[2], other, one)):
                shift = self.bands.weights[units].sum(axis=0)
                self.chosen[units] = goal
                self.index[source] -= shift / self.bands.scale[source]
                self.index[goal] += shift / self.bands.scale[goal]
        self.tried[at] = self.clock

    def _side(self, seller: int, mate: int) -> tuple[Ints, Floats, Floats]:
        """Candidates to go from one to the other; what each set of them costs, and what it weighs."""
        units = np.flatnonzero(self.chosen == seller)
        units = units[self.problem.allowed[units, mate]]
        cost = self.problem.cost[units, mate] - self.problem.cost[units, seller]
        reduced = cost + self.bands.weights[units] @ (self.pay[mate] - self.pay[seller])
        near = np.argsort(reduced, kind="stable")[: self.choice[0]]
        if (pull := self._pull(seller, mate)).any():
            # Half of them by what they would mend, else what has the right weight may never be looked at.
            mending = np.argsort(reduced - self.bands.weights[units] @ pull, kind="stable")
            half = near[: self.choice[0] // 2]
            near = np.concatenate([half, mending[~np.isin(mending, half)][: self.choice[0] - len(half)]])
        sets = subsets(len(near), self.choice)
        costs = np.append(cost[near], 0.0)
        weights = np.vstack([self.bands.weights[units[near]], np.zeros(self.bands.weights.shape[1])])
        return units[near], costs[sets].sum(axis=1), weights[sets].sum(axis=1)

    def _pull(self, seller: int, mate: int) -> Floats:
        """R: what a unit of weight mends by going from one to the other, at the price of what lies outside."""
        pair = [seller, mate]
        over = self.index[pair] > self.bands.upper[pair]
        under = self.index[pair] < self.bands.lower[pair]
        price = (over.astype(np.float64) - under) * self.weight[pair] / self.bands.scale[pair]
        return np.asarray(price[0] - price[1])

    def _best(self, one: int, other: int) -> Found | None:
        """The exchange that gains most: what it gains, units given, units taken; None where none gains."""
        mine, give, sent = self._side(one, other)
        theirs, take, got = self._side(other, one)
        value = give[:, None] + take[None, :]
        now = 0.0
        for r in range(value.ndim and self.bands.weights.shape[1]):
            net = sent[:, r][:, None] - got[:, r][None, :]
            for who, sign in ((one, -1.0), (other, 1.0)):
                scale, load = self.bands.scale[who, r], self.index[who, r]
                low, high = self.bands.lower[who, r], self.bands.upper[who, r]
                after = net * (sign / scale)
                over = np.abs(after + (load - (low + high) / 2))
                over -= (high - low) / 2
                np.maximum(over, 0.0, out=over)
                over *= self.weight[who, r]
                value += over
                now += max(load - high, low - load, 0.0) * self.weight[who, r]
        at = int(value.argmin())
        row, column = divmod(at, value.shape[1])
        gain = float(value[row, column]) - now
        # Where what lies outside has grown dear, its price times rounding must not pass for a gain: it would go round.
        if gain >= -1e-9 * max(1.0, self.unit, now):
            return None
        sets, back = subsets(len(mine), self.choice)[row], subsets(len(theirs), self.choice)[column]
        return gain, mine[sets[sets < len(mine)]], theirs[back[back < len(theirs)]]


def _pairs(affinity: Floats) -> Ints:
    """Neighbours, the nearest first."""
    pull = affinity.copy()
    np.fill_diagonal(pull, -1.0)
    near = np.argsort(-pull, axis=1, kind="stable")[:, : min(MATES, len(pull) - 1)]
    found = {(min(a, b), max(a, b)) for a, row in enumerate(near.tolist()) for b in row}
    ordered = sorted(found, key=lambda p: (-pull[p], p))
    return np.array(ordered, dtype=np.int64).reshape(-1, 2)
