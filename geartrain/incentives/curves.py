"""Payout curves for drawing: pay over attainment, over the amount credited, or over a score."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from geartrain.incentives.exact import plain, rounded
from geartrain.incentives.explain import payout_curve
from geartrain.incentives.plan import Component, CompPlan, TargetIncentive
from geartrain.incentives.rules import tier_rules
from geartrain.incentives.tables import money_table

NOTIONAL = Decimal(100_000)  # a target to draw with where each person has their own
STEPS, CLOSE = 24, 10_000
FINE = tuple(Fraction(n, 20) for n in range(41))


@dataclass(frozen=True)
class Drawn:
    """A component's curve.

    Args:
        over: attainment (x in percent) or amount (x in the plan's currency).
        notional: The target it is drawn for where the plan states none; None where it needs none.
    """

    component: str
    over: str
    points: tuple[tuple[Decimal, Decimal], ...]
    notional: Decimal | None = None


def drawn_curves(comp_plan: CompPlan) -> list[Drawn]:
    """A curve for every component that has one."""
    return [d for c in comp_plan.components if (d := _drawn(comp_plan, c)) is not None]


def _drawn(comp_plan: CompPlan, c: Component) -> Drawn | None:
    stated = comp_plan if comp_plan.annual_target else _with_target(comp_plan)
    notional = None if comp_plan.annual_target else NOTIONAL
    points = payout_curve(stated, c, _marks(c))
    if points:
        return Drawn(c.key, "attainment", tuple((p.attainment, p.pay) for p in points), notional)
    if c.tiers is None or c.tiers.basis != "amount":
        return None
    multiples = any(t.rate.multiple for t in c.rates) or c.curve is not None
    target = stated.annual_target * Fraction(c.weight)
    table = money_table(c, target=target, quota=None)
    last = max(table.bounds, default=Fraction(0)) or Fraction(100_000)
    rule = tier_rules()[c.tiers.kind]
    even = {last * Fraction(3, 2) * n / STEPS for n in range(STEPS + 1)}
    xs = sorted(even | set(table.bounds) | {b - last / CLOSE for b in table.bounds if b > 0})
    pays = tuple((plain(x, 2), rounded(rule.pay_at(table, x), comp_plan.rounding)) for x in xs)
    return Drawn(c.key, "amount", pays, notional if multiples else None)


def _marks(c: Component) -> tuple[Fraction, ...]:
    """Even steps, every bound, and what lies just below it: a jump is drawn upright."""
    bounds = {Fraction(t.low) for t in c.rates} | {Fraction(x) for x, _ in (c.curve.points if c.curve else ())}
    return tuple(sorted({*FINE, *bounds, *(b - Fraction(1, CLOSE) for b in bounds if b > 0)}))


def _with_target(comp_plan: CompPlan) -> CompPlan:
    return comp_plan.model_copy(update={"target_incentive": TargetIncentive(annual=NOTIONAL)})
