"""A team's attainment: the pooled ratio, or the mean of its people's."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

Member = tuple[Fraction, Fraction]
"""Credited and quota of one person."""


def pooled(team: Sequence[Member]) -> Fraction | None:
    """ΣX / ΣQ over those who carry a quota; None where nobody does.

    Example: 120/100, 150/300 and 95/100 thousand: 365/500, 73 %.
    """
    held = [(x, q) for x, q in team if q > 0]
    total = sum((q for _, q in held), Fraction(0))
    return sum((x for x, _ in held), Fraction(0)) / total if total else None


def mean_of_ratios(team: Sequence[Member]) -> Fraction | None:
    """The mean of X / Q over those who carry a quota; None where nobody does.

    Example: 120/100, 150/300 and 95/100 thousand: 88.33 %.
    """
    ratios = [x / q for x, q in team if q > 0]
    return sum(ratios, Fraction(0)) / len(ratios) if ratios else None
