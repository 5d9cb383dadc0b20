"""How likely a plan is met, given how sellers attain their quotas."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import erfc, sqrt


def chance_met(sellers: int, ratio: float, *, mean: float, deviation: float) -> float | None:
    """The probability that independent sellers of equal quotas bring the plan, attainment normal.

    Args:
        ratio: Street quota over plan. mean, deviation: Of one seller's attainment, 1 is 100 %.
    Returns:
        None without sellers or ratio.
    Example: 20 sellers, N(0.85, 0.40): 0.0468 at 1.0, 0.2544 at 1.1, 0.5739 at 1.2, 0.7119 at 1.25, 0.8167 at 1.3.
    """
    if sellers <= 0 or ratio <= 0:
        return None
    return chance_of([1.0] * sellers, sellers / ratio, mean=mean, deviation=deviation)


def chance_of(quotas: Sequence[float], planned: float, *, mean: float, deviation: float) -> float | None:
    """The same of unequal street quotas; None without any, or without a plan.

    Example: twenty of 100 against 2,000, N(0.85, 0.40): 0.0468.
    """
    if not quotas or planned <= 0:
        return None
    needed, expected = planned, mean * sum(quotas)
    spread = deviation * sqrt(sum(q * q for q in quotas))
    if spread == 0:
        return 1.0 if expected >= needed else 0.0
    return erfc((needed - expected) / spread / sqrt(2)) / 2


def chance_from_history(
    quotas: Sequence[float], planned: float, attainments: Sequence[float], *, seed: int, runs: int = 10_000
) -> float | None:
    """The same by drawing every seller's attainment from what sellers attained before; None without history.

    Args:
        quotas: Street quotas. attainments: Ratios of earlier periods. seed: Equal seeds, equal answers.
    """
    if not quotas or not attainments or planned <= 0:
        return None
    rng = random.Random(seed)
    met = sum(
        sum(q * a for q, a in zip(quotas, rng.choices(attainments, k=len(quotas)), strict=True)) >= planned
        for _ in range(runs)
    )
    return met / runs
