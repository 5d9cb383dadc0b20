"""The distribution of a total: each deal won or not, intake drawn from the past, and a shock that all share."""

from __future__ import annotations

import numpy as np

from geartrain.intelligence.forecast.history import Floats, Ints

DRAWS = 1_000
AT_ONCE = 100
EXACT = 4_000  # deals up to which each is drawn; beyond it a part is normal by its mean and variance


def wins(chance: Floats) -> Floats:
    """The chance of 0, 1, … n wins of independent deals. Example: .5, .3, .2: .28, .47, .22, .03."""
    found = np.ones(1)
    for p in chance:
        found = np.convolve(found, [1 - p, p])
    return found


def at_least(chance: Floats, amounts: Floats, bar: float) -> float:
    """The chance that the won amounts reach a bar, exact. Example: .5, .3, .2 of 100, 200, 300: 300 by 0.32."""
    totals: dict[float, float] = {0.0: 1.0}
    for p, amount in zip(chance, amounts, strict=True):
        following: dict[float, float] = {}
        for total, weight in totals.items():
            following[total] = following.get(total, 0.0) + weight * (1 - p)
            following[total + amount] = following.get(total + amount, 0.0) + weight * p
        totals = following
    return float(sum(w for t, w in totals.items() if t >= bar))


def draw(
    chance: Floats, amounts: Floats, group: Ints, groups: int, *, shock: float, seed: int, draws: int = DRAWS
) -> Floats:
    """Totals by draw and group of deals.

    Args:
        group: The group of each deal, 0 to `groups` - 1.
        shock: Standard deviation of the logarithm of a factor on every chance, the same for all deals of a draw.
    """
    rng = np.random.default_rng(seed)
    common = np.exp(rng.normal(0, shock, draws) - shock**2 / 2) if shock > 0 else np.ones(draws)
    found = np.zeros((draws, groups))
    if not len(chance):
        return found
    if len(chance) <= EXACT:
        order = np.argsort(group, kind="stable")
        held, first = np.unique(group[order], return_index=True)
        p, value = chance[order].astype(np.float32), amounts[order]
        for at in range(0, draws, AT_ONCE):
            part = common[at : at + AT_ONCE, None].astype(np.float32)
            won = rng.random((len(part), len(p)), dtype=np.float32) < p * part
            found[at : at + AT_ONCE, held] = np.add.reduceat(won * value, first, axis=1)
        return found
    mean = np.bincount(group, weights=chance * amounts, minlength=groups)
    spread = np.sqrt(np.bincount(group, weights=chance * (1 - chance) * amounts**2, minlength=groups))
    return np.maximum(mean * common[:, None] + spread * rng.normal(size=(draws, groups)), 0.0)
