"""What other rate tables would cost everybody together, on totals that are already known."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

from geartrain.incentives.plan import Tier

ZERO = Fraction(0)
FINE = 10**9  # parts of a money unit in which sums run: a payroll of millions is off by less than a cent


@dataclass(frozen=True)
class Reached:
    """What one payee credits in a window, against their quota and their target incentive × weight."""

    credit: Fraction
    quota: Fraction
    target: Fraction


class Payroll:
    """Everybody's totals, ordered by attainment, with running sums: a table then takes a look-up a bound.

    A tier from `lo` to `hi` pays v · Σ w · (min(a, hi) − lo) over those above `lo`, where a is the attainment and w the
    target (of a rate that is a multiple of par) or the quota (of a plain rate). Payees without a quota are left out.
    """

    def __init__(self, reached: Sequence[Reached]) -> None:
        held = sorted((r.credit / r.quota, r.target, r.quota) for r in reached if r.quota > 0)
        self._attained = [a for a, _, _ in held]
        self._sums = {
            multiple: (_running([w[1 + at] for w in held]), _running([w[0] * w[1 + at] for w in held]))
            for at, multiple in enumerate((True, False))
        }

    def cost(self, table: Sequence[Tier]) -> Fraction:
        """What marginal tiers over shares of quota pay everybody together, before rounding.

        Example: credited 600,000 of 1,000,000, target 96,000, 0.5x to a half and 1.5x above: 38,400.
        """
        found = ZERO
        for tier in table:
            low = self._above(Fraction(tier.low), multiple=tier.rate.multiple)
            high = ZERO if tier.high is None else self._above(Fraction(tier.high), multiple=tier.rate.multiple)
            found += Fraction(tier.rate.value) * (low - high)
        return found

    def _above(self, bound: Fraction, *, multiple: bool) -> Fraction:
        """Σ w · (a − bound) over those who are above it."""
        weights, products = self._sums[multiple]
        n = bisect_left(self._attained, bound)
        return Fraction(products[-1] - products[n], FINE) - bound * Fraction(weights[-1] - weights[n], FINE)


def _running(values: Sequence[Fraction]) -> list[int]:
    return [0, *accumulate(round(v * FINE) for v in values)]
