"""What is created and won within the time left: from the same windows of the past, with their drift where it told."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from geartrain.intelligence.forecast.history import Floats

LEAST = 5  # windows from which a drift is looked for
TESTED = 3  # windows that a way must have to say the next one


def level(found: Floats, weights: Floats) -> float:
    """The weighted mean."""
    whole = float(weights.sum())
    return float((found * weights).sum() / whole) if whole > 0 else 0.0


def drift(found: Floats, weights: Floats) -> float:
    """The weighted straight line through the windows, one step on; never below 0, nor twice the highest."""
    at = np.arange(len(found), dtype=np.float64)
    whole = float(weights.sum())
    if whole <= 0:
        return 0.0
    middle, mean = float((at * weights).sum() / whole), level(found, weights)
    spread = float((weights * (at - middle) ** 2).sum())
    slope = float((weights * (at - middle) * (found - mean)).sum()) / spread if spread > 0 else 0.0
    return float(np.clip(mean + slope * (len(found) - middle), 0.0, 2 * float(np.max(found, initial=0.0))))


WAYS: tuple[Callable[[Floats, Floats], float], ...] = (level, drift)


def expected(found: Floats, weights: Floats, *, apart: bool) -> tuple[float, str]:
    """What the next window brings, by the way that would have told past windows best, and the name of the way.

    Args:
        found: What past windows brought, oldest first; `weights`: how much each counts.
        apart: The windows do not overlap, so that each can be told from those before it.

    Example: 1, 2, 3, 4, 5, 6 of one weight: the line told 4, 5 and 6 from what came before, so 7 is next.
    """
    if not len(found):
        return 0.0, level.__name__
    if not apart or len(found) < LEAST:
        return level(found, weights), level.__name__
    best = min(WAYS, key=lambda way: _error(way, found, weights))
    return best(found, weights), best.__name__


def _error(way: Callable[[Floats, Floats], float], found: Floats, weights: Sequence[float] | Floats) -> float:
    told = [way(found[:n], np.asarray(weights)[:n]) for n in range(TESTED, len(found))]
    return float(np.mean(np.abs(np.array(told) - found[TESTED:])))
