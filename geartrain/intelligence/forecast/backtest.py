"""Rolling origins: what would have been said on each day, beside every baseline, and what came."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from geartrain.intelligence.forecast.engine import RANKED, Engine, Parts, Span
from geartrain.intelligence.forecast.ladder import LEVELS, Forecast, forecast
from geartrain.intelligence.forecast.scores import auc, bias, brier, pinball, wape

BASELINES = ("stage_weighted", "category_weighted", "pacing", "run_rate", "last_period", "last_year", "human")
FORECAST = "forecast"


@dataclass(frozen=True)
class Said:
    """What one method said of a period on a day, and what came."""

    span: Span
    day: int
    method: str
    mean: float
    low: float
    middle: float
    high: float
    actual: float


@dataclass(frozen=True)
class Tested:
    """A backtest: one row per origin and method, and the chances of the deals."""

    rows: tuple[Said, ...]
    chance: np.ndarray[Any, Any]
    happened: np.ndarray[Any, Any]
    periods: int
    overlapping: int
    separate: int
    rungs: Mapping[str, int]

    def scores(self, rows: Sequence[Said] | None = None) -> dict[str, dict[str, Any]]:
        """Scores by method over the origins that the forecast and the method share, the forecast's own beside them."""
        rows = self.rows if rows is None else rows
        ours = {(r.span, r.day): r for r in rows if r.method == FORECAST}
        found: dict[str, dict[str, Any]] = {}
        for method in (FORECAST, *BASELINES):
            theirs = [r for r in rows if r.method == method and (r.span, r.day) in ours]
            if not theirs:
                continue
            told = _scored(theirs)
            if method != FORECAST:
                paired = _scored([ours[r.span, r.day] for r in theirs])
                told |= {"forecast_wape": paired["wape"], "forecast_pinball": paired["pinball"]}
                told["better"] = _better(paired, told)
            found[method] = told
        return found

    def by_lead(self) -> list[dict[str, Any]]:
        """Scores by weeks to the end."""
        leads = sorted({(r.span[1] - 1 - r.day) // 7 for r in self.rows})
        return [
            {"weeks_to_end": n, "methods": self.scores([r for r in self.rows if (r.span[1] - 1 - r.day) // 7 == n])}
            for n in leads
        ]

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        scores = self.scores()
        losing = [m for m, s in scores.items() if m != FORECAST and s["better"] is False]
        return {
            "origins": self.overlapping,
            "non_overlapping_origins": self.separate,
            "periods": self.periods,
            "methods": scores,
            "brier": brier(self.chance, self.happened),
            "auc": auc(self.chance, self.happened),
            "deals_scored": len(self.chance),
            "rungs_used": dict(self.rungs),
            "beats_every_baseline": not losing if len(scores) > 1 else None,
            "not_better_than": losing,
            "by_weeks_to_end": self.by_lead(),
        }


def _better(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool | None:
    if ours["wape"] is None or theirs["wape"] is None:
        return None
    return bool(ours["wape"] < theirs["wape"] and ours["pinball"] < theirs["pinball"])


def _scored(rows: Sequence[Said]) -> dict[str, Any]:
    means, actual = [r.mean for r in rows], [r.actual for r in rows]
    whole = sum(abs(a) for a in actual)
    losses = [pinball(list(zip(LEVELS, (r.low, r.middle, r.high), strict=True)), r.actual) for r in rows]
    widths = sum(r.high - r.low for r in rows)
    return {
        "n": len(rows),
        "wape": wape(means, actual),
        "bias": bias(means, actual),
        "pinball": float(np.mean(losses)),
        "coverage_80": float(np.mean([r.low <= r.actual <= r.high for r in rows])),
        "width": widths / whole if whole else None,
    }


def origins(engine: Engine, *, known: int, last: int, every: int, only: Sequence[Span] = ()) -> list[tuple[int, Span]]:
    """(day, period) of the last so many periods that are over on the day `known`, in steps of days before the end."""
    over = [p for p in engine.periods if p[1] - 1 <= known and p[0] >= engine.history.begins]
    chosen = [p for p in over if p in only] if only else over[-last:]
    # A period before which nothing is over has nothing to be said from.
    chosen = [p for p in chosen if engine.past(p[0], p)]
    return [(e - 1 - left, (s, e)) for s, e in chosen for left in range(every, e - s, every)]


def backtest(
    engine: Engine,
    asked: Sequence[tuple[int, Span]],
    *,
    known: int,
    human: Callable[[int, Span], float | None] = lambda day, span: None,
    progress: Callable[[int], None] = lambda done: None,
) -> Tested:
    """What the forecast and each baseline would have said at each origin, as known then.

    Args:
        human: What people called for a period up to a day.
    """
    rows: list[Said] = []
    chances, happened = [np.zeros(0)], [np.zeros(0)]
    rungs: dict[str, int] = {}
    for n, (day, span) in enumerate(asked):
        actual = engine.history.bookings(*span, known=known)
        told = forecast(engine, day, span)
        rungs[told.rung] = rungs.get(told.rung, 0) + 1
        rows.append(Said(span, day, FORECAST, told.mean, told.p10, told.p50, told.p90, actual))
        for method, mean in _baselines(told.parts, human).items():
            low, middle, high = _spread(engine, told, method, mean, human)
            rows.append(Said(span, day, method, mean, low, middle, high, actual))
        if told.basis:
            won = engine.history.won_in(day + 1, span[1], known=known)[told.parts.rows.deal]
            chances.append(told.chance)
            happened.append(won.astype(np.float64))
        progress(n + 1)
    spans = {span for _, span in asked}
    return Tested(
        tuple(rows), np.concatenate(chances), np.concatenate(happened), len(spans), len(asked), len(spans), rungs
    )


def _baselines(parts: Parts, human: Callable[[int, Span], float | None]) -> dict[str, float]:
    found = {m: parts.totals[m] for m in BASELINES if m in parts.totals}
    called = human(parts.day, parts.span)
    return found if called is None else found | {"human": called}


def _spread(
    engine: Engine, told: Forecast, method: str, mean: float, human: Callable[[int, Span], float | None]
) -> tuple[float, float, float]:
    """A baseline's interval: its own errors on past origins at the same lead; a point where there are too few."""
    day, span = told.parts.day, told.parts.span
    ratios = []
    for s, e in engine.past(day, span)[-9:]:
        said = _baselines(engine.parts(e - (span[1] - day), (s, e)), human).get(method, 0.0)
        if said > 0:
            ratios.append(engine.history.bookings(s, e, known=day) / said)
    if len(ratios) < RANKED:
        return mean, mean, mean
    low, middle, high = (float(q) for q in np.quantile(ratios, LEVELS))
    return mean * low, mean * middle, mean * high


def day_text(day: int) -> str:
    """An ordinal as ISO 8601."""
    return date.fromordinal(day).isoformat()
