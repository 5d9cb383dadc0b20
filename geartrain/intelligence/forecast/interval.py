"""How wide a forecast is: its own simulation, widened or narrowed by what past origins missed by."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from geartrain.intelligence.forecast.engine import AVERAGE, DEFAULT, RANKED, Parts
from geartrain.intelligence.forecast.gate import PLAIN, SETTLED, Past
from geartrain.intelligence.forecast.history import Floats

NOMINAL = 0.8
SHOCK = 0.1  # what all deals of a period share where nothing past says it
STEP = 0.1  # how far the level moves with each past origin that was missed
# Where scores of a simulation lie that is right: they stand for what is not known yet.
PRIOR = tuple(NormalDist().inv_cdf(0.5 + n / 12) for n in range(1, 6))
USUAL = NormalDist().inv_cdf(0.9)


def basis(parts: Parts, rung: str) -> str | None:
    """The rung whose chances the deals have: its own, else that of the mean of them all."""
    order = (rung, AVERAGE, DEFAULT, *parts.chance)
    return next((r for r in order if r in parts.chance), None)


def deviation(parts: Parts, rung: str, mean: float, shock: float) -> float:
    """The standard deviation of a total: of its deals, of its intake, and of what they share."""
    named = basis(parts, rung)
    p = np.zeros(0) if named is None else parts.chance[named]
    deals = float((p * (1 - p) * parts.value**2).sum()) if named else 0.0
    usual = float((parts.intakes * parts.weights).sum())
    intake = float(((parts.intakes - usual) ** 2 * parts.weights).sum())
    return float(np.sqrt(deals + intake + (shock * (mean - parts.closed)) ** 2))


def shared(past: Past, rung: str) -> float:
    """The shock that deals share: the less, the more past origins say how wide the total is.

    Example: nothing past: 0.1; 3 origins: 0.1 × 3 / 6 = 0.05.
    """
    return SHOCK * RANKED / (RANKED + len(_alike(past, rung)))


def _alike(past: Past, rung: str) -> list[int]:
    """Origins that were forecast as this one is: after enough periods to rank, or before."""
    least = SETTLED if rung == PLAIN else RANKED
    return [n for n, p in enumerate(past.parts) if p.known >= least]


def scores(past: Past, rung: str, shock: float) -> list[tuple[int, float]]:
    """(day, how far it was missed in standard deviations) of past origins."""
    said = past.said(rung)
    found = []
    for n in _alike(past, rung):
        if n in said:
            spread = deviation(past.parts[n], rung, said[n], shock)
            if spread > 0:
                found.append((past.parts[n].day, abs(past.actual[n] - said[n]) / spread))
    return found


def quantile(found: Sequence[float], level: float) -> float:
    """The score below which a new one lies with a probability, by ranks; scores of `PRIOR` stand with those found."""
    held = np.sort(np.r_[np.array(PRIOR), np.array(found)])
    return float(np.interp(level * (len(held) + 1), np.arange(1, len(held) + 1), held))


def adapted(found: Sequence[float]) -> tuple[float, float]:
    """(what the simulation is widened by, the level asked for): adaptive conformal inference over past origins.

    From the oldest on: an origin outside of what those before it said asks for more, one inside for a little less.
    Example: nothing past: the quantile of `PRIOR` at 80 %, about 1.
    Source: Gibbs and Candès, Adaptive Conformal Inference Under Distribution Shift, 2021.
    """
    level = NOMINAL
    for n, score in enumerate(found):
        inside = score <= quantile(found[:n], level)
        level = min(0.97, max(0.5, level + STEP * (NOMINAL - inside)))
    return quantile(found, level) / USUAL, level


def spread(draws: Floats, mean: float, deviation: float, widen: float) -> tuple[float, float, float]:
    """P10, P50 and P90 about a mean, in the shape of the draws; of a normal distribution without them."""
    if len(draws) < 2 or float(np.ptp(draws)) == 0:
        return mean - USUAL * deviation * widen, mean, mean + USUAL * deviation * widen
    low, middle, high = (float(q) for q in np.quantile(draws, (0.1, 0.5, 0.9)))
    p50 = mean + middle - float(np.mean(draws))
    # The draws give the shape, the deviation the size.
    size = widen * 2 * USUAL * deviation / (high - low) if high > low else widen
    return p50 - size * (middle - low), p50, p50 + size * (high - middle)
