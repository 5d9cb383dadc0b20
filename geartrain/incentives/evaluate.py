"""What one payee earns and is paid under a plan, exactly: behind quotes, estimates and every run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from geartrain.incentives.components import Ground, component_result
from geartrain.incentives.conditions import as_day
from geartrain.incentives.lines import ComponentResult, Credit, Line, Payee
from geartrain.incentives.payout import Movement, PeriodPay, movements, period_pays, reversal
from geartrain.incentives.plan import CompPlan
from geartrain.incentives.spifs import spif_lines
from geartrain.kernel.issues import Issue
from geartrain.kernel.periods import Calendar


@dataclass(frozen=True)
class Evaluation:
    """A payee under a plan: components, SPIFs, movements and what each period pays."""

    comp_plan: CompPlan
    payee: Payee
    components: tuple[ComponentResult, ...]
    spifs: tuple[ComponentResult, ...]
    moves: tuple[Movement, ...]
    periods: tuple[PeriodPay, ...]

    @property
    def parts(self) -> tuple[ComponentResult, ...]:
        """Components and SPIFs, as the plan lists them."""
        return (*self.components, *self.spifs)

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every line."""
        return tuple(line for part in self.parts for line in part.lines)

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What could not be worked out, and why."""
        return tuple(i for part in self.parts for i in part.issues)


def evaluate_payee(
    comp_plan: CompPlan,
    payee: Payee,
    calendar: Calendar,
    *,
    awards: Sequence[Line] | None = None,
    until: date | None = None,
) -> Evaluation:
    """What a payee earns and is paid.

    Args:
        awards: Their SPIF awards, where a budget is shared with others; None: they are alone.
        until: The day after the last whose period is paid; None: as far as anything happens.
    """
    payee = replace(payee, credits=(*payee.credits, *_reversed(comp_plan, payee)))
    ground = Ground(comp_plan, payee, calendar)
    components = tuple(component_result(ground, c) for c in comp_plan.components)
    own = awards if awards is not None else spif_lines(comp_plan, [payee], calendar).get(payee.id, [])
    spifs = tuple(_awarded(comp_plan, s.key, own) for s in comp_plan.spifs)
    lines = [line for part in (*components, *spifs) for line in part.lines]
    moves = movements(comp_plan, lines, calendar)
    begins = max(comp_plan.effective[0], as_day(payee.user.get("start_date")) or comp_plan.effective[0])
    ends = until or max([x.due for x in lines] + [m.day + timedelta(days=1) for m in moves], default=begins)
    periods = period_pays(comp_plan, lines, moves, calendar, begins=begins, until=ends)
    return Evaluation(comp_plan, payee, components, spifs, tuple(moves), tuple(periods))


def _awarded(comp_plan: CompPlan, key: str, awards: Sequence[Line]) -> ComponentResult:
    lines = tuple(a for a in awards if a.component == key)
    return ComponentResult(key, lines, sum((x.amount for x in lines), Decimal(0).scaleb(-comp_plan.rounding.scale)))


def _reversed(comp_plan: CompPlan, payee: Payee) -> list[Credit]:
    """Credits taken back where a clawback takes the attainment with it: dated when it came about, and re-priced."""
    if comp_plan.clawback is None or not comp_plan.clawback.affects_attainment:
        return []
    found = []
    for c in payee.credits:
        back = reversal(comp_plan.clawback, c.day, c.values, where=f"{comp_plan.key}/clawback")
        if back is not None:
            day, part = back
            found.append(replace(c, id=f"{c.id}:reversed", day=day, amount=-c.amount * Fraction(part), booked=None))
    return found
