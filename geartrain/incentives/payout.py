"""From lines to what is paid in each period: SPIFs, holdbacks, clawbacks, draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from geartrain.incentives.conditions import as_day, days_in, evaluate, holds
from geartrain.incentives.exact import rounded
from geartrain.incentives.lines import Line
from geartrain.incentives.plan import Clawback, CompPlan, Draw
from geartrain.incentives.windows import pay_period, pay_periods
from geartrain.kernel.periods import Calendar, Period, add_months

NOTHING = Decimal(0)
MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}


@dataclass(frozen=True)
class Movement:
    """One dated movement on a line besides earning it: withheld, released, cancelled, clawed_back.

    Args:
        amount: Positive: to the payee; negative: from them. A cancelled one moves what was held, not what is paid.
    """

    kind: str
    component: str
    id: str
    day: date
    period: str
    amount: Decimal
    why: str


@dataclass(frozen=True)
class PeriodPay:
    """What one period pays. paid = earned + held + released + clawed_back + drawn + recovered.

    Args:
        held: Withheld, at most 0.
        clawed_back: At most 0.
        drawn: Advanced beyond what is earned; recoverable or not.
        recovered: Advances paid back, at most 0.
        owed: Recoverable advances at the end of the period.
        holding: Withheld and not yet released at the end of the period.
    """

    period: str
    start: date
    end: date
    earned: Decimal
    held: Decimal
    released: Decimal
    clawed_back: Decimal
    drawn: Decimal
    recovered: Decimal
    owed: Decimal
    holding: Decimal
    paid: Decimal


def movements(comp_plan: CompPlan, lines: Sequence[Line], calendar: Calendar) -> list[Movement]:
    """What is withheld, released, cancelled and clawed back of some lines, in order of day."""
    found = [m for line in lines for m in _of_line(comp_plan, line, calendar)]
    return sorted(found, key=lambda m: (m.day, m.component, m.id, m.kind))


def _of_line(comp_plan: CompPlan, line: Line, calendar: Calendar) -> Iterable[Movement]:
    def moved(kind: str, day: date, amount: Decimal, why: str) -> Movement:
        key = line.period if kind == "withheld" else pay_period(day, comp_plan.pay.frequency, calendar).key
        return Movement(kind, line.component, line.id, day, key, amount, why)

    paid_day = line.due - timedelta(days=1)
    withheld = NOTHING
    if comp_plan.holdback is not None and line.amount:
        withheld = rounded(Fraction(line.amount) * Fraction(comp_plan.holdback.percent), comp_plan.rounding)
        if withheld:
            yield moved(
                "withheld",
                paid_day,
                -withheld,
                f"{comp_plan.holdback.percent:f} held until {comp_plan.holdback.release}",
            )
    released = _released(comp_plan, line) if withheld else None
    back = _clawed(comp_plan, line)
    if back is not None:
        day, part, why = back
        own = min(Fraction(line.amount), line.own) if line.amount > 0 else Fraction(0)
        unpaid = withheld if released is None or released > day else NOTHING
        cancelled = rounded(Fraction(unpaid) * part, comp_plan.rounding)
        clawed = rounded(own * part, comp_plan.rounding) - cancelled
        withheld -= cancelled
        if cancelled:
            yield moved("cancelled", day, -cancelled, why)
        if clawed > 0:
            yield moved("clawed_back", max(day, paid_day), -clawed, why)
    if released is not None and comp_plan.holdback is not None and withheld:
        yield moved("released", max(released, paid_day), withheld, f"{comp_plan.holdback.release} on {released}")


def _released(comp_plan: CompPlan, line: Line) -> date | None:
    assert comp_plan.holdback is not None
    return as_day(evaluate(comp_plan.holdback.release, line.values, where=f"{comp_plan.key}/holdback"))


def _clawed(comp_plan: CompPlan, line: Line) -> tuple[date, Fraction, str] | None:
    """When a line's pay comes back, which part of it and why; None where it does not, or where its credit does."""
    rule = comp_plan.clawback
    if rule is None or rule.affects_attainment or line.type == "score":
        return None
    found = reversal(rule, line.day, line.values, where=f"{comp_plan.key}/clawback")
    return None if found is None else (*found, f"{rule.when} on {found[0]}")


def reversal(rule: Clawback, day: date, values: Mapping[str, Any], *, where: str) -> tuple[date, Fraction] | None:
    """The day a clawback's condition came about and the share that comes back; None where nothing does.

    The day is the latest that the columns of the condition hold. pro_rata is by the unexpired days of the term, which
    is `term_months` from the credit's day, else `within_days`.
    """
    if not holds(rule.when, values, where=where):
        return None
    days = days_in(rule.when, values)
    at = max(days) if days else day
    if at < day or (rule.within_days is not None and (at - day).days > rule.within_days):
        return None
    if rule.amount == "full":
        return at, Fraction(1)
    months = values.get("term_months")
    end = add_months(day, int(months)) if isinstance(months, int | Decimal) and months > 0 else None
    if end is None:
        end = day + timedelta(days=rule.within_days or 0)
    term = (end - day).days
    return at, Fraction(max(0, (end - at).days), term) if term > 0 else Fraction(1)


def period_pays(
    comp_plan: CompPlan,
    lines: Sequence[Line],
    moves: Sequence[Movement],
    calendar: Calendar,
    *,
    begins: date,
    until: date,
) -> list[PeriodPay]:
    """Every pay period from somebody's first to the one that holds the last day, with balances carried on."""
    found: list[PeriodPay] = []
    owed, holding = NOTHING, NOTHING
    for n, period in enumerate(pay_periods(begins, until, comp_plan.pay.frequency, calendar), 1):
        earned = sum((x.amount for x in lines if x.period == period.key), NOTHING)
        by = {k: _sum(moves, period, k) for k in ("withheld", "released", "cancelled", "clawed_back")}
        base = earned + by["withheld"] + by["released"] + by["clawed_back"]
        drawn, recovered = (
            _drawn(comp_plan.draw, base, owed, period, n, begins) if comp_plan.draw else (NOTHING, NOTHING)
        )
        owed += (drawn if comp_plan.draw and comp_plan.draw.recoverable else NOTHING) + recovered
        holding += -by["withheld"] - by["released"] + by["cancelled"]
        paid = base + drawn + recovered
        found.append(
            PeriodPay(period.key, period.start, period.end, earned, by["withheld"], by["released"], by["clawed_back"],
                      drawn, recovered, owed, holding, paid)
        )  # fmt: skip
    return found


def _sum(moves: Sequence[Movement], period: Period, kind: str) -> Decimal:
    return sum((m.amount for m in moves if m.kind == kind and m.period == period.key), NOTHING)


def _drawn(
    draw: Draw, base: Decimal, owed: Decimal, period: Period, number: int, begins: date
) -> tuple[Decimal, Decimal]:
    """What is advanced in a period, and what is paid back (at most 0).

    Example: draw 2,000; earned 1,500 is topped up by 500; earned 2,375 later pays back 375.
    """
    months = (period.end.year - period.start.year) * 12 + period.end.month - period.start.month
    amount = rounded(Fraction(draw.amount) * months / MONTHS[draw.per])
    since = (period.start.year - begins.year) * 12 + period.start.month - begins.month
    running = draw.months is None or since < draw.months
    if running and base < amount:
        return amount - base, NOTHING
    if number < draw.recovery.start_period or not owed:
        return NOTHING, NOTHING
    floor = amount if draw.recovery.floor == "draw" else NOTHING
    room = Fraction(max(NOTHING, base - floor)) * Fraction(draw.recovery.percent)
    return NOTHING, -min(owed, rounded(room))
