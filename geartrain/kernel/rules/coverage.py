"""Which cases of a finite world no rule covers, and which more than one does."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from geartrain.kernel.errors import Invalid
from geartrain.kernel.rules.rule import Rule

MOST = 100_000  # scenarios that are looked at
Scenario = dict[str, object]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a set of clauses makes of every scenario.

    `gaps` no clause holds for; `overlaps` are those for which several hold, with their keys in the order of the clauses
    (the first wins); `undecided` those for which a clause is unknown and none holds, which are no gaps.
    """

    scenarios: int
    gaps: list[Scenario]
    overlaps: list[tuple[Scenario, tuple[str, ...]]]
    undecided: list[tuple[Scenario, tuple[str, ...]]]


def enumerate_scenarios(axes: Mapping[str, Sequence[object]]) -> list[Scenario]:
    """Every combination of one value per axis, the last axis turning fastest.

    Raises:
        Invalid: more than 100,000 of them.
    """
    count = math.prod(len(values) for values in axes.values())
    if count > MOST:
        raise Invalid(f"{count:,} scenarios are too many to look at.", hint=f"At most {MOST:,}: leave out an axis.")
    return [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]


def coverage(clauses: Mapping[str, Rule], axes: Mapping[str, Sequence[object]]) -> Coverage:
    """Try every clause on every scenario.

    Example: source {inbound, outbound, partner} × life {new, customer} × open_opp {y, n} and the clauses
    open_opp = 'y'; life = 'customer'; source = 'inbound' and life = 'new' leave 2 gaps and 4 overlaps in 12 scenarios.
    """
    result = Coverage(0, [], [], [])
    scenarios = enumerate_scenarios(axes)
    for scenario in scenarios:
        truth = {key: rule.evaluate(scenario) for key, rule in clauses.items()}
        hold = tuple(key for key, value in truth.items() if value is True)
        unknown = tuple(key for key, value in truth.items() if value is None)
        if len(hold) > 1:
            result.overlaps.append((scenario, hold))
        elif not hold and unknown:
            result.undecided.append((scenario, unknown))
        elif not hold:
            result.gaps.append(scenario)
    return Coverage(len(scenarios), result.gaps, result.overlaps, result.undecided)
