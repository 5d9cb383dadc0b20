"""What sets can price exactly; for the rest the evaluator of one payee is taken."""

from __future__ import annotations

from collections.abc import Iterable

from geartrain.incentives.plan import Component
from geartrain.incentives.rules import tier_rules
from geartrain.kernel.rules import parse

RUNNING = "attainment"  # known only line by line


def conditions(component: Component) -> list[str]:
    """Every condition of a component, in the order of its bits: multipliers, gates, windfall."""
    windfall = [component.windfall.when] if component.windfall else []
    return [m.when for m in component.multipliers] + [g.when for g in component.gates] + windfall


def unsupported(component: Component, columns: Iterable[str]) -> str | None:
    """Why sets cannot price a component; None where they can.

    Args:
        columns: What is known of a credit, `user.role` of its payee.
    Example: "`attainment > 1` depends on the lines before".
    """
    if component.tiers is None:
        return "it is paid by a score, not by credits"
    rule = tier_rules()[component.tiers.kind]
    known = {*columns, "credit_type", "quota"}
    for condition in conditions(component):
        reads = parse(condition).fields
        if RUNNING in reads:
            return f"`{condition}` depends on the lines before"
        if missing := sorted(reads - known):
            return f"`{condition}` reads {missing[0]}, which is no column of the credits"
    alone = component.window == "per_deal"
    deductible = component.threshold is not None and component.threshold.kind == "deductible"
    late = component.threshold is not None and component.threshold.at > 0 and not deductible
    carried = component.caps.per_deal is not None and component.caps.excess == "carry"
    if carried and (rule.whole is not None or late):
        return "what a deal carries over its cap depends on the lines before"
    if alone and component.grouping == "period":
        return "deals that stand alone are rounded one by one"
    if alone and component.caps.per_period is not None:
        return "a cap per period over deals that stand alone is taken line by line"
    if rule.per_unit and component.settle == "period_lines" and component.grouping == "line" and not alone:
        return "what a line was paid stays at the tier of its day"
    if component.tiers.kind == "flat_per_deal" and deductible:
        return "the threshold cuts a single deal"
    if rule.whole is not None and not rule.per_unit and component.caps.per_deal is not None:
        return "a deal's part of a sum for the total is capped line by line"
    return None
