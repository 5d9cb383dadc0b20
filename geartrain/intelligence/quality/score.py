"""The data-quality score: passing units over applicable units, by dimension, weighted over what is assessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from geartrain.intelligence.quality.findings import Assessed
from geartrain.intelligence.quality.ruleset import Dimension


@dataclass(frozen=True, slots=True)
class DimensionScore:
    """Passing and applicable units (a record under a rule is one unit, times the rule's weight)."""

    dimension: Dimension
    passing: Decimal
    applicable: Decimal

    @property
    def value(self) -> Decimal | None:
        """0 to 1; unknown where nothing applies."""
        return self.passing / self.applicable if self.applicable else None


@dataclass(frozen=True, slots=True)
class Score:
    """The overall score, its parts and what it says nothing about."""

    overall: Decimal | None
    dimensions: tuple[DimensionScore, ...]
    unassessed: tuple[Dimension, ...]


def score(assessed: Iterable[Assessed], *, weights: Mapping[Dimension, Decimal]) -> Score:
    """Weigh the dimensions that were assessed; the others are listed, never counted as perfect or as nothing.

    Example: completeness 155/180, validity 180/200, uniqueness 98/100 with weights .4 .3 .2 and an unassessed
    timeliness of .1: (.4 x .8611 + .3 x .9 + .2 x .98) / .9 = 0.9005.
    Source: the process specification, worked case 9.
    """
    sums = {d: [Decimal(0), Decimal(0)] for d in weights}
    for one in assessed:
        if one.dimension in sums:
            weight = Decimal(str(one.weight))
            sums[one.dimension][0] += weight * one.passing
            sums[one.dimension][1] += weight * one.applicable
    parts = tuple(DimensionScore(d, passing, applicable) for d, (passing, applicable) in sums.items())
    known = [(weights[p.dimension], p.value) for p in parts if p.value is not None]
    total = sum((w for w, _ in known), Decimal(0))
    overall = sum((w * v for w, v in known), Decimal(0)) / total if total else None
    return Score(overall, parts, tuple(p.dimension for p in parts if p.value is None))
