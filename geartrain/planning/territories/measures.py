"""What makes an assignment fair: index, spread and what was kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geartrain.planning.territories.expressions import Floats

SLIP = 1e-9  # of the target: what floating point may add to a load


def in_tolerance(load: float, target: float, tolerance: float) -> bool:
    """Whether |index − 1| <= tolerance; without a target nothing may be carried."""
    return abs(load - target) <= tolerance * target + SLIP * max(target, 1.0)


@dataclass(frozen=True)
class Spread:
    """How unequal the indices of the sellers are.

    Args:
        outside: Share of sellers out of tolerance. deviation: Largest |index − 1|. variation: Coefficient of variation
            (population). gini: Of the indices. Each is None where no seller has a target.
    """

    outside: float | None
    deviation: float | None
    variation: float | None
    gini: float | None


def spread(loads: Sequence[float] | Floats, targets: Sequence[float] | Floats, tolerance: float) -> Spread:
    """The spread of one measure over the sellers that have a target.

    Example: loads 80, 100, 120, 100 with targets of 100: variation 0.141421, Gini 0.075, half outside ± 15 %.
    """
    pairs = [(float(a), float(t)) for a, t in zip(loads, targets, strict=True) if t > 0]
    if not pairs:
        return Spread(None, None, None, None)
    index = np.array([a / t for a, t in pairs])
    outside = sum(not in_tolerance(a, t, tolerance) for a, t in pairs) / len(pairs)
    mean = float(index.mean())
    if mean == 0:
        return Spread(outside, float(np.abs(index - 1).max()), None, None)
    ranked = np.sort(index)
    order = np.arange(1, len(ranked) + 1)
    gini = float((2 * order - len(ranked) - 1) @ ranked / (len(ranked) ** 2 * mean))
    return Spread(outside, float(np.abs(index - 1).max()), float(index.std() / mean), gini)
