"""An assignment made better group by group: the accounts of a few sellers are shared out anew, exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from geartrain.planning.territories.dual import cheapest
from geartrain.planning.territories.exchange import Exchange
from geartrain.planning.territories.expressions import Floats
from geartrain.planning.territories.problem import Ints, Problem
from geartrain.planning.territories.programme import Bands, Programme

INNER = 2e-6  # what HiGHS may pass a row by, and so how much narrower the bands are within a group
SPARE = 1e-4  # of a target: how much narrower the bands are that are aimed at, so that no sliver is left outside
GROUPS = (3, 4, 6)  # sellers that are looked at together, the next size once the one before finds nothing
WHOLE = 40_000  # pairs up to which what is left open by reduced costs is settled in one piece
ARCS = 80  # of one group beside those in use, the likeliest first
NODES = 10  # of one group's tree
FINE = 0.2  # of the gap that is aimed at: nearer the group's own optimum is not worth the time
Left = Callable[[], float]


@dataclass
class Search:
    """Where the search stands.

    Args:
        chosen: The seller of each unit. prices: Of the loads. floor: The proven bound. near: What each unit's cheapest
            sellers are, from which neighbours are told. penalty: Of a scaled load outside its band.
    """

    problem: Problem
    bands: Bands
    chosen: Ints
    prices: Floats
    floor: float
    penalty: float
    left: Left
    near: tuple[Ints, Floats] = field(init=False)
    affinity: Floats = field(init=False)
    aim: Bands = field(init=False)
    tried: dict[tuple[int, ...], int] = field(default_factory=dict)
    changed: Ints = field(init=False)
    round: int = 0
    fine: float = 1e-4

    def __post_init__(self) -> None:
        soft = self.bands.soft * np.minimum(SPARE, (self.bands.upper - self.bands.lower) / 4)
        self.aim = replace(self.bands, lower=self.bands.lower + soft, upper=self.bands.upper - soft)
        self.near = cheapest(self.problem, self.bands, self.prices, 4)
        self.affinity = self._affinity()
        self.changed = np.zeros(len(self.problem.sellers), dtype=np.int64)

    def run(self, gap: float) -> Ints:
        """Improve until the gap is reached, nothing helps any more, or the time is over."""
        self._exchanged(gap)
        if self._few():
            return self.chosen  # HiGHS settles the rest better than group by group
        self._groups(gap)
        return self.chosen

    def _few(self) -> bool:
        within = not self.bands.excess(self.bands.index(self.problem, self.chosen)).any()
        return within and self.problem.cost.size <= WHOLE

    def _groups(self, gap: float) -> None:
        """Share out group by group, the larger ones last."""
        self.fine = FINE * gap
        for size in GROUPS:
            while self.left() > 0 and not self.good(gap):
                group = self._next(min(size, len(self.problem.sellers)))
                if group is None:
                    break
                self._redo(group)

    def _exchanged(self, gap: float) -> None:
        """Exchanges between two sellers: they mend what rounding has broken, then lower the cost."""
        unit = max(abs(self.floor) / len(self.problem.sellers), 1e-6)
        begun = Exchange(self.problem, self.aim, self.chosen.copy(), self.affinity, self.prices, unit)
        self.chosen = begun.mend(self.left).copy()
        if not self.good(gap):
            self.chosen = begun.polish(self.left).copy()

    def good(self, gap: float) -> bool:
        """Whether every band is kept and the objective within the gap of the bound."""
        if self.bands.excess(self.bands.index(self.problem, self.chosen)).any():
            return False
        return self.problem.objective(self.chosen) - self.floor <= gap * abs(self.floor)

    def _affinity(self) -> Floats:
        """J × J: how many units are torn between two sellers, the closer the call the more."""
        who, what = self.near
        count = len(self.problem.sellers)
        found = np.zeros((count, count))
        if who.shape[1] < 2:
            return found
        known = np.isfinite(what)
        typical = np.median((what[:, 1] - what[:, 0])[known[:, 1]]) if known[:, 1].any() else 1.0
        for n in range(1, who.shape[1]):
            rows = known[:, n]
            weight = 1 / (1 + (what[rows, n] - what[rows, 0]) / max(typical, 1e-9))
            np.add.at(found, (who[rows, 0], who[rows, n]), weight)
        return found + found.T

    def _scores(self) -> Floats:
        """J: what each seller's accounts cost beyond the bound, and how far the loads lie outside."""
        what = self.near[1]
        rows = np.arange(len(self.chosen))
        pay = (self.bands.weights * (self.prices / self.bands.scale)[self.chosen]).sum(axis=1)
        extra = self.problem.cost[rows, self.chosen] + pay - what[:, 0]
        score = np.zeros(len(self.problem.sellers))
        np.add.at(score, self.chosen, extra)
        index = self.bands.index(self.problem, self.chosen)
        slack = np.maximum(self.prices, 0) * (self.bands.upper - index)
        slack += np.minimum(self.prices, 0) * (self.bands.lower - index)
        return np.asarray(score + slack.sum(axis=1) + self.penalty * self.aim.excess(index).sum(axis=1))

    def _next(self, size: int) -> tuple[int, ...] | None:
        """The most promising group that has changed since it was tried."""
        scores = self._scores()
        pull = self.affinity * (1 + scores / max(float(scores.sum()), 1e-9) * len(scores))[None, :]
        for seed in np.argsort(-scores, kind="stable"):
            others = pull[seed].copy()
            others[seed] = -1
            order = np.argsort(-others, kind="stable")
            for shift in range(3):
                mates = [int(j) for j in order[shift * (size - 1) : (shift + 1) * (size - 1)] if j != seed]
                group = tuple(sorted([int(seed), *mates]))
                if len(group) > 1 and self.tried.get(group, -1) < int(self.changed[list(group)].max()):
                    return group
        return None

    def _redo(self, group: tuple[int, ...]) -> None:
        self.round += 1
        self.tried[group] = self.round
        sellers = np.array(group, dtype=np.int64)
        units = np.flatnonzero(np.isin(self.chosen, sellers))
        if not len(units):
            return
        built, start = self._model(sellers, units)
        answer = built.solve(integer=True, seconds=min(self.left(), 20.0), nodes=NODES, gap=self.fine, start=start)
        if not len(answer.share):
            return
        picked = self.chosen.copy()
        order = np.lexsort((-answer.share, built.unit))
        first = np.unique(built.unit[order], return_index=True)[1]
        picked[units] = built.seller[order][first]
        if self._value(picked, sellers) < self._value(self.chosen, sellers) - 1e-9 * max(1.0, abs(self.floor)):
            self.chosen = picked
            self.changed[sellers] = self.round + 1

    def _value(self, chosen: Ints, sellers: Ints) -> float:
        units = np.flatnonzero(np.isin(chosen, sellers))
        excess = self.aim.excess(self.bands.index(self.problem, chosen))[sellers].sum()
        return float(self.problem.cost[units, chosen[units]].sum()) + self.penalty * float(excess)

    def _model(self, sellers: Ints, units: Ints) -> tuple[Programme, Floats]:
        cost = self.problem.cost[np.ix_(units, sellers)]
        allowed = self.problem.allowed[np.ix_(units, sellers)]
        pay = self.bands.weights[units] @ (self.prices[sellers] / self.bands.scale[sellers]).T
        reduced = np.where(allowed, cost + pay, np.inf)
        reduced -= reduced.min(axis=1, keepdims=True)
        kept = allowed.copy()
        at = np.searchsorted(sellers, self.chosen[units])
        kept[np.arange(len(units)), at] = False
        if kept.sum() > ARCS:
            kept &= reduced <= np.partition(reduced[kept], ARCS)[ARCS]
        kept[np.arange(len(units)), at] = True
        unit, seller = np.nonzero(kept)
        soft = self.bands.soft * INNER
        bands = replace(self.aim, lower=self.aim.lower + soft, upper=np.maximum(self.aim.upper - soft, 0))
        weights = self.bands.weights[units][unit]
        bands = bands if self._kept(sellers) else replace(bands, soft=np.ones_like(bands.soft))
        built = Programme(unit, sellers[seller], cost[unit, seller], weights, bands, sellers, len(units), self.penalty)
        return built, (seller == at[unit]).astype(np.float64)

    def _kept(self, sellers: Ints) -> bool:
        """Whether these sellers keep their hard rows."""
        excess = self.bands.excess(self.bands.index(self.problem, self.chosen))
        return not excess[sellers][:, ~self.bands.soft].any()
