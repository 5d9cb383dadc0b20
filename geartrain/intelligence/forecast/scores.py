"""How wrong forecasts were: WAPE, bias, pinball loss, coverage; Brier and AUC of the deals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def wape(forecast: Sequence[float], actual: Sequence[float]) -> float | None:
    """Σ|forecast − actual| / Σ|actual|; None where nothing was actual. Example: (90, 120), (100, 100): 0.15."""
    whole = sum(abs(a) for a in actual)
    return sum(abs(f - a) for f, a in zip(forecast, actual, strict=True)) / whole if whole else None


def bias(forecast: Sequence[float], actual: Sequence[float]) -> float | None:
    """Σ(forecast − actual) / Σ|actual|; + is over-forecast. Example: (90, 120), (100, 100): 0.05."""
    whole = sum(abs(a) for a in actual)
    return sum(f - a for f, a in zip(forecast, actual, strict=True)) / whole if whole else None


def pinball(quantiles: Sequence[tuple[float, float]], actual: float) -> float:
    """Mean loss of (level, value) pairs. Example: P50 of 90 where 100 came: 0.5 × 10 = 5."""
    losses = [max(q * (actual - v), (q - 1) * (actual - v)) for q, v in quantiles]
    return sum(losses) / len(losses)


def brier(chance: Array, happened: Array) -> float | None:
    """Mean squared distance of a chance from what happened, 0 the best; None without deals."""
    return float(np.mean((chance - happened) ** 2)) if len(chance) else None


def auc(chance: Array, happened: Array) -> float | None:
    """The chance that one which happened was given more than one which did not, ties half; None without both."""
    wins = int(happened.sum())
    losses = len(happened) - wins
    if not wins or not losses:
        return None
    _, inverse, counts = np.unique(chance, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((rank[happened > 0].sum() - wins * (wins + 1) / 2) / (wins * losses))
