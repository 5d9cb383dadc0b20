"""A forecast: the rung it stands on by the gate, its distribution, and what its deals are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from geartrain.intelligence.forecast import interval
from geartrain.intelligence.forecast.engine import AVERAGE, Engine, Parts, Span, contributions, distribution
from geartrain.intelligence.forecast.gate import Past, Step, blend, choose, plain, weights
from geartrain.intelligence.forecast.history import Floats

LEVELS = (0.1, 0.5, 0.9)
LAST = 9  # past periods that are looked at
APART = 14  # days between the leads whose errors say how wide a forecast must be


@dataclass(frozen=True)
class Forecast:
    """A forecast with its distribution.

    Args:
        rung: The rung it stands on; `basis` is the rung whose chances its deals have.
        why: In words.
        mean, p10, p50, p90: Of the total.
        widen: By how much the simulation was widened to cover what came of past origins; `level`: what was asked of
            them to cover 80 %; `scored`: how many there were.
        weights: How much each rung counts where it is the mean of them.
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
    level: float
    scored: int
    scale: float
    shock: float
    weights: Mapping[str, float] = field(default_factory=dict)

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


def history_at(engine: Engine, day: int, span: Span, *, left: int | None = None) -> Past:
    """Past periods as they were forecast with as much time left, as known on the day.

    Args:
        left: Days to the end, of the day itself on; None: as many as there are now.
    """
    left = span[1] - day if left is None else left
    periods = tuple(engine.past(day, span)[-LAST:])
    key = ("past", left, periods)
    if key not in engine.kept:
        found = [engine.parts(e - left, (s, e)) for s, e in periods if e - left > 0]
        found = [p for p in found if p.totals]
        engine.kept[key] = Past(tuple(found), tuple(engine.history.bookings(*p.span, known=day) for p in found))
    past: Past = engine.kept[key]
    return past


def _missed(engine: Engine, day: int, span: Span, rung: str, shock: float) -> list[float]:
    """How far past periods were missed, at this lead and every other week of them, the earliest origin first."""
    now = span[1] - day
    longest = max(now, span[1] - span[0])
    leads = [left for left in range(now % APART, longest + 1, APART) if left > 7]
    found = []
    for left in leads:
        found += interval.scores(history_at(engine, day, span, left=left), rung, shock)
    return [score for _, score in sorted(found)]


def forecast(engine: Engine, day: int, span: Span, *, seed: int = 0) -> Forecast:
    """The forecast of a period as known at the end of a day."""
    parts = engine.parts(day, span)
    if span[1] - 1 <= day:
        why, booked = "the period is over: what was booked is known", parts.closed
        return Forecast(
            parts, "closed", None, why, (), False, booked, booked, booked, booked, 0.0, interval.NOMINAL, 0, 1.0, 0.0
        )
    past = history_at(engine, day, span)
    gate, rung, why, ranked = choose(parts, past)
    basis, mean = interval.basis(parts, rung), _mean(parts, past, rung)
    # What is to come scales: the chances of deals and the intake together make up the mean.
    remaining, expected = mean - parts.closed, _expected(parts, basis)
    scale = float(np.clip(remaining / expected, 0.0, 3.0)) if expected > 0 else 1.0
    shock = interval.shared(past, rung)
    found = _missed(engine, day, span, rung, shock)
    widen, level = interval.adapted(found)
    draws = distribution(parts, basis, scale=scale, shock=shock, seed=seed)
    quantiles = interval.spread(draws, mean, interval.deviation(parts, rung, mean, shock), widen)
    # Never below what is booked already, unless more is expected to be taken back.
    low, middle, high = (max(min(parts.closed, mean), q) for q in quantiles)
    return Forecast(
        parts, rung, basis, why, gate, ranked, mean, low, middle, high, widen, level, len(found), scale, shock,
        weights(parts, past) if rung == AVERAGE else {},
    )  # fmt: skip


def _mean(parts: Parts, past: Past, rung: str) -> float:
    if rung in parts.totals:
        return max(parts.totals[rung], parts.closed)
    if rung == AVERAGE:
        return max(blend(parts, past) or parts.closed, parts.closed)
    told = plain(parts)
    return parts.closed if told is None else told


def _expected(parts: Parts, basis: str | None) -> float:
    """What the deals' own chances and the intake say is still to come."""
    deals = float((parts.chance[basis] * parts.value).sum()) if basis else 0.0
    return deals + parts.intake
