"""What a payee is sent to sign: the plan in words, and the letter of their quota."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256

from geartrain.incentives.exact import plain
from geartrain.incentives.lines import QuotaFact
from geartrain.incentives.plan import CompPlan


def quota_letter(
    comp_plan: CompPlan, *, payee: str, name: str, quotas: Sequence[QuotaFact], target: Decimal | None
) -> str:
    """The letter: what this person's quotas and target incentive are under the plan. Same facts, same bytes."""
    start, end = comp_plan.effective
    wanted = {c.quota.measure for c in comp_plan.components if c.quota} | {
        c.score for c in comp_plan.components if c.score
    }
    mine = [q for q in quotas if q.measure in wanted and q.start < end and q.end > start]
    said = [
        f"{comp_plan.name} ({comp_plan.key})",
        "",
        f"For {name} ({payee}), from {start} to {end}, that day not included.",
    ]
    if comp_plan.target_incentive:
        said += ["", f"Target incentive: {comp_plan.target_incentive.annual:,f} {comp_plan.currency} a year."]
    elif target is not None:
        said += ["", f"Target incentive: {plain(Fraction(target), 2):,f} {comp_plan.currency} a year."]
    said += ["", "Quotas" if mine else "No quota is assigned under this plan."]
    for q in sorted(mine, key=lambda q: (q.measure, q.start, q.end)):
        unit = q.currency or comp_plan.currency
        said.append(f"  {q.measure}, {q.start} to {q.end}: {plain(q.amount, 2):,f} {unit}")
    totals = {
        m: sum((q.amount for q in mine if q.measure == m), Fraction(0)) for m in sorted({q.measure for q in mine})
    }
    said += [f"  {m}, in all: {plain(v, 2):,f}" for m, v in totals.items()]
    return "\n".join(said) + "\n"


def fingerprint(text: str) -> str:
    """The hash that stands for a text when it is signed."""
    return sha256(text.encode()).hexdigest()
