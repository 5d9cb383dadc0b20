"""Which rung a forecast stands on, and how wide it must be: both by past origins at the same lead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geartrain.intelligence.forecast.engine import (
    DEALS,
    DEFAULT,
    RANKED,
    RUNGS,
    Engine,
    Parts,
    Span,
    contributions,
    distribution,
)
from geartrain.intelligence.forecast.history import Floats
from geartrain.intelligence.forecast.scores import wape

NOMINAL = 0.8
PRIOR = 0.7  # the score of an origin that is not known yet: about what a simulation with its shock misses by
PRIOR_WEIGHT = 0.3
SHOCK = 0.1  # what all deals of a period share where nothing past says it
HALF_LIFE = 2.0  # past periods after which an origin counts half
UNRANKED = ("last_period", "run_rate", DEFAULT, "hazard", "boosting")
LEVELS = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Step:
    """A rung at the gate: its error on past origins beside that of the best below it."""

    rung: str
    wape: float | None
    below: float | None
    n: int
    used: bool

    def as_json(self) -> dict[str, object]:
        """Ready for a JSON writer."""
        return {"rung": self.rung, "wape": self.wape, "wape_below": self.below, "n": self.n, "used": self.used}


@dataclass(frozen=True)
class Forecast:
    """A forecast with its distribution.

    Args:
        rung: The rung it stands on; `basis` is the rung whose chances its deals have.
        why: In words.
        mean, p10, p50, p90: Of the total.
        widen: By how much the simulation was widened to cover what came of past origins.
        scale: What chances and intake were multiplied by, so that the parts add up to the mean.
    """

    parts: Parts
    rung: str
    basis: str | None
    why: str
    gate: tuple[Step, ...]
    ranked: bool
    mean: float
    p10: float
    p50: float
    p90: float
    widen: float
    scale: float
    shock: float

    @property
    def chance(self) -> Floats:
        """The chance of each open deal."""
        p = self.parts.chance.get(self.basis or "")
        return np.zeros(0) if p is None else np.minimum(p * self.scale, 1.0)

    @property
    def intake(self) -> float:
        """The mean of what is not created yet: what the mean holds beyond closed and open."""
        return self.mean - self.parts.closed - self.open

    @property
    def open(self) -> float:
        """The mean of what open deals bring."""
        return float((self.chance * self.parts.value).sum()) if self.basis else 0.0

    def reasons(self) -> list[dict[str, float]]:
        """Per open deal, its chance as a sum."""
        told = contributions(self.parts, self.basis or "")
        for one, raw, p in zip(told, self.parts.chance.get(self.basis or "", np.zeros(0)), self.chance, strict=False):
            one["calibration"] = float(p - raw)
        return told


def forecast(engine: Engine, day: int, span: Span, *, seed: int = 0) -> Forecast:
    """The forecast of a period as known at the end of a day."""
    parts = engine.parts(day, span)
    past = [
        engine.parts(e - (span[1] - day), (s, e)) for s, e in engine.past(day, span)[-9:] if e - (span[1] - day) > 0
    ]
    past = [p for p in past if p.totals]
    actual = [engine.history.bookings(*p.span, known=day) for p in past]
    gate, rung, why, ranked = _gate(parts, past, actual)
    if span[1] - 1 <= day:
        gate, rung, why, ranked = (), "closed", "the period is over: what was booked is known", False
    basis = rung if rung in parts.chance else (DEFAULT if DEFAULT in parts.chance else next(iter(parts.chance), None))
    mean = _mean(parts, rung, ranked)
    if ranked:
        mean = parts.closed + (mean - parts.closed) * _calibration(past, actual, rung, parts)
    # Too few past periods rank nothing and measure no error either: the first ones are those of a company starting up.
    seen, came = (past, actual) if ranked else ([], [])
    shock = _shock(seen, came, rung)
    draws = distribution(parts, basis, shock=shock, seed=seed) if basis else np.full(3, mean)
    widen = _widen(seen, came, rung, shock)
    low, middle, high = np.quantile(draws, LEVELS)
    # Around the mean that was chosen; never below what is booked already.
    remaining = mean - parts.closed
    half = max(float(high - low) / 2, 0.03 * abs(remaining))
    if span[1] - 1 <= day:
        widen = half = 0.0
    shift = mean - float(np.mean(draws)) if basis else 0.0
    p50 = max(parts.closed, (float(middle) + shift) if basis else mean)
    up = (
        widen * half * (1.0 if high + low == 2 * middle else min(1.4, max(0.7, float(high - middle) / max(half, 1e-9))))
    )
    down = widen * half * min(1.4, max(0.7, float(middle - low) / max(half, 1e-9)))
    # What is to come scales: the chances of deals and the intake together make up the mean.
    expected = parts.totals.get(basis or "", parts.closed) - parts.closed
    scale = float(np.clip(remaining / expected, 0.0, 3.0)) if expected > 0 else 1.0
    return Forecast(
        parts, rung, basis, why, gate, ranked, mean, max(parts.closed, p50 - down), p50, max(parts.closed, p50 + up),
        widen, scale, shock,
    )  # fmt: skip


def _gate(parts: Parts, past: Sequence[Parts], actual: Sequence[float]) -> tuple[tuple[Step, ...], str, str, bool]:
    """Climb while a rung beats the best below it on the same past origins."""
    if len(past) < RANKED:
        names = [r for r in UNRANKED if r in parts.totals]
        why = f"insufficient history to rank: {len(past)} past periods, {RANKED} are needed"
        why += f"; the plain mean of {', '.join(names)}"
        return (), "mean_of_all" if names else "none", why, False
    steps: list[Step] = []
    best: str | None = None
    for rung in RUNGS:
        if rung not in parts.totals:
            continue
        both = [(p.totals[rung], a) for p, a in zip(past, actual, strict=True) if rung in p.totals]
        if len(both) < RANKED:
            steps.append(Step(rung, None, None, len(both), False))
            continue
        error = wape(*zip(*both, strict=True))
        below = _same(best, rung, past, actual)
        used = error is not None and (below is None or error < below)
        steps.append(Step(rung, error, below, len(both), used))
        if used:
            best = rung
    if best is None:
        return tuple(steps), "mean_of_all", "no rung has enough past origins", False
    last = next(s for s in steps if s.rung == best)
    why = f"{best}: WAPE {last.wape:.3f} on {last.n} past origins at the same lead"
    why += f", {last.below:.3f} for the best rung below" if last.below is not None else ""
    if best not in DEALS:
        why += "; no model of deals beats it, so the forecast falls back to it"
    return tuple(steps), best, why, True


def _same(best: str | None, rung: str, past: Sequence[Parts], actual: Sequence[float]) -> float | None:
    """The error of the best so far on those origins that the rung has too."""
    if best is None:
        return None
    both = [(p.totals[best], a) for p, a in zip(past, actual, strict=True) if rung in p.totals and best in p.totals]
    return wape(*zip(*both, strict=True)) if both else None


def _mean(parts: Parts, rung: str, ranked: bool) -> float:
    if ranked:
        return max(parts.totals[rung], parts.closed)
    if rung == "closed":
        return parts.closed
    told = [max(parts.totals[r], parts.closed) for r in UNRANKED if r in parts.totals]
    return float(np.mean(told)) if told else parts.closed


def _calibration(past: Sequence[Parts], actual: Sequence[float], rung: str, parts: Parts) -> float:
    """What came of past remainders by what was said, shrunk to 1 by four origins."""
    told = [(a - p.closed, p.totals[rung] - p.closed) for p, a in zip(past, actual, strict=True) if rung in p.totals]
    said = sum(t for _, t in told)
    if said <= 0:
        return 1.0
    ratio = sum(a for a, _ in told) / said
    return float(np.clip(1 + (ratio - 1) * len(told) / (len(told) + 4), 0.75, 1.3))


def _errors(past: Sequence[Parts], actual: Sequence[float], rung: str) -> list[float]:
    """Logarithms of what came over what was said, of the remainders."""
    found = []
    for p, a in zip(past, actual, strict=True):
        said = _mean(p, rung, rung in p.totals) - p.closed
        if said > 0 and a - p.closed > 0:
            found.append(float(np.clip(np.log((a - p.closed) / said), -1.5, 1.5)))
    return found


def _shock(past: Sequence[Parts], actual: Sequence[float], rung: str) -> float:
    """The deviation all deals share: of past origins, late ones counting more, shrunk to `SHOCK` by two of them."""
    errors = _errors(past, actual, rung)[::-1]
    weights = [0.5 ** (age / HALF_LIFE) for age in range(len(errors))]
    total = sum(w * e**2 for w, e in zip(weights, errors, strict=True)) + 2 * SHOCK**2
    return float(np.sqrt(total / (sum(weights) + 2)))


def _widen(past: Sequence[Parts], actual: Sequence[float], rung: str, shock: float) -> float:
    """The factor by which the simulated interval covers 80 % of past origins, late ones counting more.

    The weighted quantile of |actual − mean| / half the width; one origin at `PRIOR` stands for what is not known yet.
    """
    scores, weights = [PRIOR], [PRIOR_WEIGHT]
    for age, (p, a) in enumerate(zip(reversed(past), reversed(actual), strict=True)):
        basis = rung if rung in p.chance else DEFAULT
        if basis not in p.chance:
            continue
        low, high = np.quantile(distribution(p, basis, shock=shock), (0.1, 0.9))
        said = _mean(p, rung, rung in p.totals)
        half = max(float(high - low) / 2, 0.03 * abs(said - p.closed), 1e-9)
        scores.append(abs(a - said) / half)
        weights.append(0.5 ** (age / HALF_LIFE))
    order = np.argsort(scores)
    reached = np.cumsum(np.array(weights)[order]) / sum(weights)
    # Between the scores, so that one origin more moves it little.
    return float(np.interp(NOMINAL, reached - np.array(weights)[order] / sum(weights) / 2, np.array(scores)[order]))
