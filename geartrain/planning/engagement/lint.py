"""What a set of clauses makes of every scenario of its axes: gaps, and overlaps that the order settles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.rules import Coverage
from geartrain.planning.kinds.rules_of_engagement import RulesOfEngagement, said


def lint(rules: RulesOfEngagement, where: str = "") -> list[Issue]:
    """Gaps as errors; overlaps, which the first clause wins, and clauses that never decide as warnings.

    Example: source {inbound, outbound, partner} × life {new, customer} × open_opp {y, n} with the clauses
    open_opp = 'y', life = 'customer', inbound and new: 12 scenarios, 2 gaps, 4 overlaps.
    """
    found = rules.coverage()
    return [*_gaps(found, where), *_overlaps(found, where), *_idle(rules, found, where)]


def _gaps(found: Coverage, where: str) -> Iterator[Issue]:
    for scenario in found.gaps:
        hint = "Add a clause for it, or a last one for everything else."
        yield Issue("roe_gap", Level.error, f"No clause decides: {said(scenario)}.", where, hint)
    for scenario, keys in found.undecided:
        message = f"It cannot be told whether {', '.join(keys)} decides: {said(scenario)}."
        yield Issue("roe_undecided", Level.error, message, where, "Compare the axes only with their own values.")


def _overlaps(found: Coverage, where: str) -> Iterator[Issue]:
    for scenario, keys in found.overlaps:
        message = f"{keys[0]} decides before {' and '.join(keys[1:])}: {said(scenario)}."
        yield Issue(
            "roe_overlap", Level.warning, message, where, "Right if the order is meant; else narrow one of them."
        )


def _idle(rules: RulesOfEngagement, found: Coverage, where: str) -> Iterator[Issue]:
    """Clauses that decide nothing, since those before them take all they hold for."""
    for key in idle(rules):
        yield Issue(
            "roe_clause_idle", Level.warning, f"The clause {key} never decides.", where, "Move it up, or drop it."
        )


def idle(rules: RulesOfEngagement) -> list[str]:
    """The clauses that no scenario reaches, in their order."""
    from geartrain.kernel.rules import enumerate_scenarios

    parsed = {c.key: c.rule() for c in rules.clauses}
    deciding = set()
    for scenario in enumerate_scenarios(rules.axes):
        deciding.add(next((key for key, rule in parsed.items() if rule.evaluate(scenario) is True), None))
    return [c.key for c in rules.clauses if c.key not in deciding]


def told(rules: RulesOfEngagement) -> dict[str, Any]:
    """The scenarios, counted and listed, for programs."""
    found = rules.coverage()
    return {
        "scenarios": found.scenarios,
        "gaps": found.gaps,
        "overlaps": [{"scenario": s, "clauses": list(keys), "decides": keys[0]} for s, keys in found.overlaps],
        "undecided": [{"scenario": s, "clauses": list(keys)} for s, keys in found.undecided],
        "idle": idle(rules),
    }
