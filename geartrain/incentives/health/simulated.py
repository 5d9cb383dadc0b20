"""What a period would cost at other attainments of the company: history drawn again and again, priced by the plans."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random
from typing import Any

from geartrain.incentives.evaluate import Evaluation
from geartrain.incentives.exact import plain, share
from geartrain.incentives.health.values import ZERO, quantile
from geartrain.incentives.lines import Payee

LEVELS = (Fraction(8, 10), Fraction(1), Fraction(12, 10))
GRID = tuple(Fraction(n, 4) for n in range(9))  # of a payee's quota: 0 to 200 %
SEED, RUNS = 1, 500
PART = 10**6  # attainment is drawn in millionths, money in cents: whole numbers, the same everywhere


@dataclass(frozen=True)
class Curve:
    """What a payee is paid over attainment; without a quota, over the company's.

    Args:
        quota: Whole units of currency; 0 without one.
        points: (attainment in millionths, cents), rising.
    """

    payee: str
    quota: int
    points: tuple[tuple[int, int], ...]

    def at(self, attained: int) -> int:
        """Cents, linear between points, the last stretch going on."""
        xs = [x for x, _ in self.points]
        n = min(max(bisect_right(xs, attained), 1), len(xs) - 1)
        (x0, y0), (x1, y1) = self.points[n - 1], self.points[n]
        return max(0, y0 + (y1 - y0) * (attained - x0) // (x1 - x0))


@dataclass(frozen=True)
class Simulated:
    """The payout at one attainment of the company: percentiles over the draws."""

    attainment: Fraction
    p10: Fraction
    p50: Fraction
    p90: Fraction

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        amounts = {n: f"{plain(getattr(self, n), 2):.2f}" for n in ("p10", "p50", "p90")}
        return {"attainment": share(self.attainment), **amounts}


def curve_of(
    found: Evaluation,
    price: Callable[[Payee], Fraction],
    *,
    attainment: Fraction | None,
    quota: Fraction | None,
    company: Fraction,
) -> Curve | None:
    """A payee's curve: their own credits scaled; None where there are none to scale.

    Args:
        price: What the plan pays somebody in the period.
    """
    reached = attainment if quota else company
    if not reached or not found.payee.credits:
        return None
    points = tuple((int(x * PART), round(price(scaled(found.payee, x / reached)) * 100)) for x in GRID)
    return Curve(found.payee.id, int(quota or 0), points)


def scaled(payee: Payee, by: Fraction) -> Payee:
    """A payee with every credit so many times as great."""
    return replace(payee, credits=tuple(replace(c, amount=c.amount * by) for c in payee.credits))


def simulate(
    curves: Sequence[Curve],
    history: Sequence[Fraction],
    *,
    levels: Sequence[Fraction] = LEVELS,
    runs: int = RUNS,
    seed: int = SEED,
) -> list[Simulated]:
    """The company's payout where carriers share its attainment as they did in the past.

    Each draw gives every carrier somebody's past attainment, with replacement, and scales them all so that
    Σ attained / Σ quota is the level. Nothing where there is no past to draw from.
    """
    carriers = [c for c in curves if c.quota]
    past = [int(h * PART) for h in history]
    if not curves or (carriers and not any(past)):
        return []
    flat, random = [c for c in curves if not c.quota], Random(seed)
    drawn = [[random.choice(past) for _ in carriers] for _ in range(runs if carriers else 1)]
    found = []
    for level in levels:
        sums = [s for picks in drawn if (s := _payout(carriers, picks, flat, int(level * PART))) is not None]
        low, middle, high = (quantile(sums, Fraction(q, 10)) or ZERO for q in (1, 5, 9))
        found.append(Simulated(level, low, middle, high))
    return found


def _payout(carriers: Sequence[Curve], picks: Sequence[int], flat: Sequence[Curve], level: int) -> Fraction | None:
    """One draw's payout; None where everybody drew nothing."""
    weighed = sum(p * c.quota for p, c in zip(picks, carriers, strict=True))
    quotas = sum(c.quota for c in carriers)
    if carriers and not weighed:
        return None
    cents = sum(c.at(level * p * quotas // weighed) for p, c in zip(picks, carriers, strict=True))
    return Fraction(cents + sum(c.at(level) for c in flat), 100)
