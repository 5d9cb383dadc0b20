"""Quick repair: one account given away, or two exchanged, as long as what lies outside its band and the cost shrink."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from geartrain.planning.territories.expressions import Floats
from geartrain.planning.territories.problem import Ints, Problem
from geartrain.planning.territories.programme import Bands

MATES = 10  # sellers with whom one exchanges
UNITS = 250  # accounts of each that are tried, those with the least to lose first
STAGES = (0.001, 0.004, 0.02, 0.1, 1.0)  # of the penalty: what is cheap to mend is mended first
HARD = 10.0  # how many times more a hard row counts than a soft one


class Exchange:
    """An assignment with its loads, changed one exchange at a time.

    Args:
        chosen: The seller of each unit; changed in place. affinity: J × J, who is near whom.
        prices: J × R, of scaled loads: what is torn between two sellers costs the same with both.
        penalty: Of a scaled load outside its band.
    """

    def __init__(
        self, problem: Problem, bands: Bands, chosen: Ints, affinity: Floats, prices: Floats, penalty: float
    ) -> None:
        self.problem, self.bands, self.chosen = problem, bands, chosen
        self.pay = prices / bands.scale
        self.index = bands.index(problem, chosen)
        self.mates = np.argsort(-affinity, axis=1, kind="stable")[:, :MATES]
        self.weight = np.where(bands.soft, 1.0, HARD) * penalty
        self.stuck = np.zeros(len(problem.sellers), dtype=np.bool_)

    def run(self, left: Callable[[], float]) -> Ints:
        """Repair while it is cheap, then at any price, until nothing helps or the time is over."""
        full = self.weight
        for part in STAGES:
            self.weight = full * part
            self.stuck[:] = False
            while left() > 0:
                outside = (self.bands.excess(self.index) * self.weight).sum(axis=1)
                outside[self.stuck] = 0.0
                worst = int(outside.argmax())
                if outside[worst] <= 0:
                    break
                self._help(worst)
        return self.chosen

    def _help(self, seller: int) -> None:
        best: tuple[float, int, int, int] | None = None
        for mate in self.mates[seller].tolist():
            if mate != seller and (found := self._best(seller, mate)) is not None and (best is None or found < best):
                best = found
        if best is None:
            self.stuck[seller] = True
            return
        _, mate, one, other = best
        for unit, source, goal in ((one, seller, mate), (other, mate, seller)):
            if unit >= 0:
                self.chosen[unit] = goal
                self.index[source] -= self.bands.weights[unit] / self.bands.scale[source]
                self.index[goal] += self.bands.weights[unit] / self.bands.scale[goal]
        self.stuck[[seller, mate]] = False

    def _candidates(self, seller: int, mate: int) -> tuple[Ints, Floats]:
        """Units that may go from one to the other, −1 for none, and what each costs to move."""
        units = np.flatnonzero((self.chosen == seller) & self.problem.allowed[:, mate])
        cost = self.problem.cost[units, mate] - self.problem.cost[units, seller]
        cost = cost + self.bands.weights[units] @ (self.pay[mate] - self.pay[seller])
        near = np.argsort(cost, kind="stable")[:UNITS]
        return np.append(units[near], -1), np.append(cost[near], 0.0)

    def _best(self, seller: int, mate: int) -> tuple[float, int, int, int] | None:
        """The exchange that gains most: (value, mate, unit given, unit taken); None where none gains."""
        mine, costs = self._candidates(seller, mate)
        theirs, other = self._candidates(mate, seller)
        none = np.zeros((1, self.bands.weights.shape[1]))
        give = np.vstack([self.bands.weights[mine[:-1]], none])[:, None, :]
        take = np.vstack([self.bands.weights[theirs[:-1]], none])[None, :, :]
        value = costs[:, None] + other[None, :]
        for who, shift in ((seller, take - give), (mate, give - take)):
            after = self.index[who] + shift / self.bands.scale[who]
            over = np.maximum(after - self.bands.upper[who], self.bands.lower[who] - after)
            value = value + (np.maximum(over, 0.0) * self.weight).sum(axis=2)
        now = float((self.bands.excess(self.index)[[seller, mate]] * self.weight).sum())
        at = int(value.argmin())
        row, column = divmod(at, value.shape[1])
        gain = float(value[row, column]) - now
        return (gain, mate, int(mine[row]), int(theirs[column])) if gain < -1e-9 * max(1.0, now) else None
