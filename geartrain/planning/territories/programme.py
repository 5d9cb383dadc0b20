"""The assignment as a linear or an integer programme, solved by HiGHS, and the bound that any prices prove."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import highspy
import numpy as np

from geartrain.planning.territories.expressions import Floats
from geartrain.planning.territories.problem import Flags, Ints, Problem

EXACT = 1e-9  # what a load may pass its band by and still be within it, of the target
CHUNK = 2_000_000  # pairs that are priced at a time
Stop = Callable[[], bool]


@dataclass(frozen=True)
class Bands:
    """What each seller's load has to lie in, row by row: R rows a seller, the balanced measures and then the count.

    Args:
        weights: U × R. scale: J × R, what a load is divided by. lower, upper: J × R, of the scaled load.
        soft: R; whether a row may be passed where it cannot be kept.
    """

    weights: Floats
    scale: Floats
    lower: Floats
    upper: Floats
    soft: Flags

    def index(self, problem: Problem, chosen: Ints) -> Floats:
        """J × R: scaled loads of an assignment."""
        found = np.zeros_like(self.scale)
        given = chosen >= 0
        np.add.at(found, chosen[given], self.weights[given])
        return found / self.scale

    def excess(self, index: Floats) -> Floats:
        """How far scaled loads lie outside, 0 within."""
        over = np.maximum(index - self.upper, self.lower - index)
        return np.where(over > EXACT, over, 0.0)

    def narrowed(self, by: float) -> Bands:
        """Soft rows narrower by as much on either side."""
        return replace(self, lower=self.lower + by * self.soft, upper=self.upper - by * self.soft)

    def widened(self, index: Floats) -> Bands:
        """Soft rows as wide as these loads need."""
        low = np.where(self.soft[None, :], np.minimum(self.lower, index - EXACT), self.lower)
        high = np.where(self.soft[None, :], np.maximum(self.upper, index + EXACT), self.upper)
        return replace(self, lower=low, upper=high)


def bands_of(problem: Problem) -> Bands:
    """The bands of the balanced measures and, where there are limits, of the number of accounts."""
    limited = problem.least > 0 or problem.most < len(problem.accounts)
    ones = np.ones((len(problem.sellers), 1))
    scale = np.where(problem.targets > 0, problem.targets, 1.0)
    fair = (problem.targets > 0).astype(np.float64)
    lower, upper = fair * np.maximum(0.0, 1 - problem.tolerance), fair * (1 + problem.tolerance)
    soft = np.ones(len(problem.measures), dtype=np.bool_)
    if not limited:
        return Bands(problem.weights, scale, lower, upper, soft)
    return Bands(
        np.hstack([problem.weights, problem.size[:, None].astype(np.float64)]),
        np.hstack([scale, ones]),
        np.hstack([lower, ones * problem.least]),
        np.hstack([upper, ones * problem.most]),
        np.append(soft, False),
    )


def priced(problem: Problem, bands: Bands, prices: Floats, rows: Any = slice(None)) -> Floats:
    """Cost of units with sellers at prices (J × R, per scaled load); infinite where hard rules forbid it."""
    found = problem.cost[rows] + bands.weights[rows] @ (prices / bands.scale).T
    return np.where(problem.allowed[rows], found, np.inf)


def chunks(problem: Problem) -> list[slice]:
    """Slices of the units that are priced at a time."""
    step = max(1, CHUNK // max(1, len(problem.sellers)))
    return [slice(n, n + step) for n in range(0, len(problem.cost), step)]


def bound(problem: Problem, bands: Bands, prices: Floats) -> float:
    """A lower bound of the objective within the bands, whatever the prices: LB = Σ min − Σ (U λ⁺ − L λ⁻)."""
    least = sum(float(priced(problem, bands, prices, rows).min(axis=1).sum()) for rows in chunks(problem))
    return least - float((bands.upper * np.maximum(prices, 0) + bands.lower * np.minimum(prices, 0)).sum())


@cache
def _greeted() -> None:
    """Let HiGHS greet once into the void: from 1.16 its first instance of a process writes to standard output.

    No option keeps it from that, since it does so before it can be given any; a command's JSON would begin with it.
    """
    kept, void = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(void, 1)
        highspy.Highs()  # type: ignore[no-untyped-call]
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(void)


@dataclass(frozen=True)
class Answer:
    """What HiGHS found: share of each arc, prices of rows (J × R), its objective and proven bound."""

    status: str
    share: Floats
    prices: Floats
    objective: float
    bound: float


@dataclass
class Programme:
    """Units and sellers joined by arcs, as a programme.

    Args:
        units, unit, seller: The units taken part in, and each arc's place among `units` and its seller.
        cost: Of each arc. bands: As they are left for these units.
        sellers: The sellers whose rows are there.
        penalty: Of a scaled load outside a soft band; infinite: all rows are hard.
    """

    unit: Ints
    seller: Ints
    cost: Floats
    weights: Floats  # arcs × R
    bands: Bands
    sellers: Ints
    units: int
    penalty: float = float("inf")

    def solve(
        self,
        *,
        integer: bool,
        seconds: float = 1e9,
        nodes: int | None = None,
        gap: float = 0.0,
        start: Floats | None = None,
        stop: Stop | None = None,
    ) -> Answer:
        """Solve it: deterministic but for what the seconds cut off."""
        _greeted()
        solver = highspy.Highs()  # type: ignore[no-untyped-call]
        options = {
            "output_flag": False,
            "log_to_console": False,
            "threads": 1,
            "random_seed": 1,
            "time_limit": max(0.05, seconds),
        }
        options |= {"mip_rel_gap": gap, "mip_abs_gap": 1e-9}
        if nodes is not None:
            options["mip_max_nodes"] = nodes
        for name, value in options.items():
            solver.setOptionValue(name, value)
        solver.passModel(self._lp(integer))
        if start is not None:
            begin = highspy.HighsSolution()
            begin.col_value = [*start.tolist(), *self._slack(start).tolist()]
            solver.setSolution(begin)
        if stop is not None and integer:
            solver.cbMipInterrupt.subscribe(lambda event: setattr(event.data_in, "user_interrupt", stop()))
        solver.run()
        return self._answer(solver, integer)

    def _softly(self) -> bool:
        return bool(np.isfinite(self.penalty)) and bool(self.bands.soft.any())

    def _soft_rows(self) -> Ints:
        rows = np.arange(len(self.sellers) * self.bands.scale.shape[1])
        return rows[np.tile(self.bands.soft, len(self.sellers))]

    def _slack(self, share: Floats) -> Floats:
        if not self._softly():
            return np.zeros(0)
        index = self._index(share)
        low, high = self.bands.lower[self.sellers], self.bands.upper[self.sellers]
        short, over = np.maximum(0, low - index).ravel(), np.maximum(0, index - high).ravel()
        rows = self._soft_rows()
        return np.concatenate([short[rows], over[rows]])

    def _index(self, share: Floats) -> Floats:
        place = np.full(int(self.sellers.max()) + 1, -1)
        place[self.sellers] = np.arange(len(self.sellers))
        found = np.zeros((len(self.sellers), self.bands.scale.shape[1]))
        np.add.at(found, place[self.seller], self.weights * share[:, None])
        return found / self.bands.scale[self.sellers]

    def _lp(self, integer: bool) -> Any:
        arcs, wide = len(self.unit), self.bands.scale.shape[1]
        place = np.full(int(self.sellers.max()) + 1, -1)
        place[self.sellers] = np.arange(len(self.sellers))
        rows = np.hstack([self.unit[:, None], self.units + place[self.seller][:, None] * wide + np.arange(wide)])
        values = np.hstack([np.ones((arcs, 1)), self.weights / self.bands.scale[self.seller]])
        starts = np.arange(arcs + 1) * (wide + 1)
        index, value, slacks = rows.ravel(), values.ravel(), 0
        cost = self.cost
        if self._softly():
            soft = self._soft_rows() + self.units
            slacks = 2 * len(soft)
            index = np.concatenate([index, soft, soft])
            value = np.concatenate([value, np.ones(len(soft)), -np.ones(len(soft))])
            starts = np.concatenate([starts, starts[-1] + 1 + np.arange(slacks)])
            cost = np.concatenate([cost, np.full(slacks, self.penalty)])
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = arcs + slacks, self.units + len(self.sellers) * wide
        lp.col_cost_, lp.col_lower_ = cost, np.zeros(arcs + slacks)
        lp.col_upper_ = np.concatenate([np.ones(arcs), np.full(slacks, highspy.kHighsInf)])
        lp.row_lower_ = np.concatenate([np.ones(self.units), self.bands.lower[self.sellers].ravel()])
        lp.row_upper_ = np.concatenate([np.ones(self.units), self.bands.upper[self.sellers].ravel()])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = starts, index, value
        if integer:
            whole, free = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
            lp.integrality_ = [whole] * arcs + [free] * slacks
        return lp

    def _answer(self, solver: Any, integer: bool) -> Answer:
        status = str(solver.getModelStatus()).rsplit(".k", 1)[-1]
        solution, info = solver.getSolution(), solver.getInfo()
        arcs, wide = len(self.unit), self.bands.scale.shape[1]
        found = np.array(solution.col_value[:arcs])
        if len(found) != arcs or str(info.primal_solution_status).endswith(("None", "Infeasible")):
            found = np.zeros(0)
        prices = np.zeros_like(self.bands.scale)
        if not integer and len(solution.row_dual) > self.units:
            prices[self.sellers] = -np.array(solution.row_dual[self.units :]).reshape(len(self.sellers), wide)
        proven = float(info.mip_dual_bound) if integer else float(info.objective_function_value)
        return Answer(status, found, prices, float(info.objective_function_value), proven)


def posed(problem: Problem, bands: Bands, arcs: Flags, penalty: float = float("inf")) -> Programme:
    """The whole problem over some of its arcs (U × J)."""
    unit, seller = np.nonzero(arcs)
    sellers = np.arange(len(problem.sellers))
    weights = bands.weights[unit]
    return Programme(unit, seller, problem.cost[unit, seller], weights, bands, sellers, len(problem.cost), penalty)


def chosen_of(built: Programme, share: Floats) -> Ints:
    """The seller of each unit: that of its largest share, the first of several."""
    chosen = np.full(built.units, -1, dtype=np.int64)
    order = np.lexsort((built.seller, -share, built.unit))
    first = np.unique(built.unit[order], return_index=True)
    chosen[first[0]] = built.seller[order][first[1]]
    return chosen
