"""Two plans on one past: who would have been paid how much more or less; what a plan costs at other attainments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import unified_diff
from fractions import Fraction
from typing import Any

from geartrain.incentives.evaluate import evaluate_payee
from geartrain.incentives.explain import explain_plan
from geartrain.incentives.lines import Payee
from geartrain.incentives.plan import CompPlan
from geartrain.incentives.spifs import spif_lines
from geartrain.incentives.statements import money
from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue
from geartrain.kernel.periods import Period
from geartrain.services.access import Actor, Permission, operator, require
from geartrain.services.pay.inputs import Inputs, gather
from geartrain.services.records.facts import open_facts
from geartrain.services.workspace import Workspace

LEVELS = (Fraction(8, 10), Fraction(1), Fraction(12, 10))


@dataclass(frozen=True)
class Difference:
    """One payee's earnings under two plans; None: the plan is not for them, or cannot be worked out."""

    payee: str
    old: Decimal | None
    new: Decimal | None

    @property
    def change(self) -> Decimal:
        """What they would have earned more."""
        return (self.new or Decimal(0)) - (self.old or Decimal(0))


@dataclass(frozen=True)
class Compared:
    """Two plans: how their renderings differ, and the money where a past was named."""

    text: tuple[str, ...]
    period: str | None
    rows: tuple[Difference, ...]
    currency: str
    issues: tuple[Issue, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The shape of `pay plan diff --format json`."""
        sums = {side: sum((getattr(r, side) or Decimal(0) for r in self.rows), Decimal(0)) for side in ("old", "new")}
        rows = [
            {"payee": r.payee, "old": _money(r.old), "new": _money(r.new), "difference": money(r.change)}
            for r in self.rows
        ]
        return {
            "on": self.period,
            "currency": self.currency,
            "text": list(self.text),
            "payees": rows,
            "old": money(sums["old"]),
            "new": money(sums["new"]),
            "difference": money(sums["new"] - sums["old"]),
            "issues": [i.as_json() for i in self.issues],
        }


def text_difference(old: CompPlan, new: CompPlan) -> tuple[str, ...]:
    """How the renderings of two plans differ, line by line."""
    texts = [explain_plan(p).text.splitlines() for p in (old, new)]
    return tuple(unified_diff(*texts, "old", "new", lineterm="", n=1))


def compare_plans(ws: Workspace, actor: Actor, *, old: CompPlan, new: CompPlan, on: str) -> Compared:
    """Both plans over the facts of a period, as if each had held in it.

    Raises:
        Invalid: not a period.
    """
    require(actor, Permission.view_pay)
    span = ws.calendar.parse(on)
    results = [_earned(ws, _redated(p, span), span) for p in (old, new)]
    people = sorted({*results[0][0], *results[1][0]})
    rows = tuple(Difference(p, results[0][0].get(p), results[1][0].get(p)) for p in people)
    issues = tuple(dict.fromkeys([*results[0][1], *results[1][1]]))
    return Compared(text_difference(old, new), span.key, rows, new.currency, issues)


@dataclass(frozen=True)
class Simulated:
    """What a plan costs where the company attains so much of its quotas."""

    attainment: Fraction
    credited: Fraction
    quota: Fraction
    cost: Decimal


def simulate_plan(
    ws: Workspace, actor: Actor, *, comp_plan: CompPlan, on: str, levels: Sequence[Fraction] = LEVELS
) -> list[Simulated]:
    """A plan's cost at several attainments of the company: every deal of a past period scaled alike.

    Raises:
        Invalid: not a period, or nobody in it has a quota and credits to scale.
    """
    require(actor, Permission.view_pay)
    span = ws.calendar.parse(on)
    dated = _redated(comp_plan, span)
    inputs = _gathered(ws, dated, span)
    payees = inputs.payees[dated.key]
    results = [evaluate_payee(dated, p, ws.calendar) for p in payees]
    parts = [p for r in results for p in r.components if p.quota]
    credited, quota = (sum((getattr(p, n) for p in parts), Fraction(0)) for n in ("credited", "quota"))
    if not credited or not quota:
        hint = "Name a period with won deals and quotas: --on 2025."
        raise Invalid(f"Nobody eligible has credits and a quota in {span.key}.", hint=hint)
    found = []
    for level in levels:
        scaled = [_scaled(p, level * quota / credited) for p in payees]
        awards = spif_lines(dated, scaled, ws.calendar)
        costs = _sums(dated, scaled, ws, awards)
        total = sum((v for v in costs.values() if v is not None), Decimal(0))
        found.append(Simulated(level, credited * level * quota / credited, quota, total))
    return found


def _redated(comp_plan: CompPlan, span: Period) -> CompPlan:
    start, end = comp_plan.effective
    if start <= span.start and span.end <= end:
        return comp_plan.model_copy(update={"effective": (span.start, span.end)})
    years = span.start.year - start.year
    spifs = tuple(
        s.model_copy(update={"since": _moved(s.since, years), "until": _moved(s.until, years)}) for s in comp_plan.spifs
    )
    return comp_plan.model_copy(update={"effective": (span.start, span.end), "spifs": spifs})


def _moved(day: Any, years: int) -> Any:
    from geartrain.kernel.periods import add_months

    return add_months(day, 12 * years)


def _gathered(ws: Workspace, comp_plan: CompPlan, span: Period) -> Inputs:
    with open_facts(ws, operator(), as_of=max(span.end, ws.calendar.day_of(ws.now()))) as facts:
        return gather(facts, [comp_plan], until=span.end)


def _earned(ws: Workspace, comp_plan: CompPlan, span: Period) -> tuple[dict[str, Decimal | None], tuple[Issue, ...]]:
    inputs = _gathered(ws, comp_plan, span)
    payees = inputs.payees[comp_plan.key]
    return _sums(comp_plan, payees, ws, spif_lines(comp_plan, payees, ws.calendar)), inputs.issues


def _sums(
    comp_plan: CompPlan, payees: Iterable[Payee], ws: Workspace, awards: Mapping[str, Any]
) -> dict[str, Decimal | None]:
    found: dict[str, Decimal | None] = {}
    for p in payees:
        parts = evaluate_payee(comp_plan, p, ws.calendar, awards=awards.get(p.id, ())).parts
        known = [x.earned for x in parts if x.earned is not None]
        found[p.id] = sum(known, Decimal(0)) if known else None
    return found


def _scaled(payee: Payee, by: Fraction) -> Payee:
    return replace(payee, credits=tuple(replace(c, amount=c.amount * by) for c in payee.credits))


def _money(value: Decimal | None) -> str | None:
    return None if value is None else money(value)
