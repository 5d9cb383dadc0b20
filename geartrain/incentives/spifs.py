"""SPIFs: a sum per deal for a while, first come, first served while the budget lasts."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from geartrain.incentives.conditions import holds, seen
from geartrain.incentives.exact import rounded
from geartrain.incentives.lines import Line, LineSlice, Payee
from geartrain.incentives.plan import CompPlan, Spif
from geartrain.incentives.rules import Slice
from geartrain.incentives.windows import pay_period
from geartrain.kernel.periods import Calendar

ZERO = Fraction(0)
ONE = Fraction(1)


def spif_lines(comp_plan: CompPlan, payees: Iterable[Payee], calendar: Calendar) -> dict[str, list[Line]]:
    """The awards by payee: of all payees together, by day, then deal, then person, up to the budget.

    A deal counts once a person, by the share of its direct credit; `units` or `quantity` of a deal count as so many.
    """
    found: dict[str, list[Line]] = {}
    everyone = list(payees)
    for spif in comp_plan.spifs:
        left = None if spif.budget is None else Fraction(spif.budget)
        for day, deal, who, units, values in _claims(comp_plan, spif, everyone):
            wanted = units * Fraction(spif.per_unit)
            paid = wanted if left is None else min(wanted, left)
            left = None if left is None else left - paid
            why = (f"budget of {spif.budget:f} used up",) if paid < wanted else ()
            amount = rounded(paid, comp_plan.rounding)
            due = pay_period(day, comp_plan.pay.frequency, calendar)
            part = Slice(0, ZERO, None, units, Fraction(spif.per_unit), paid)
            found.setdefault(who, []).append(
                Line(spif.key, deal, day, "spif", None, units, units, None, ONE, due.key, due.key, due.end,
                     (LineSlice("own", part, paid),), paid, amount, why, values)
            )  # fmt: skip
    return found


def _claims(comp_plan: CompPlan, spif: Spif, payees: Iterable[Payee]) -> list[tuple]:  # type: ignore[type-arg]
    claims = {}
    for payee in payees:
        for c in payee.credits:
            if c.type != "direct" or not spif.since <= c.day < spif.until or c.amount <= 0:
                continue
            values = seen(c, payee.user, quota=None, attained=ZERO)
            if spif.when is not None and not holds(spif.when, values, where=f"{comp_plan.key}/{spif.key}"):
                continue
            each = c.values.get("units", c.values.get("quantity"))
            units = Fraction(each) if isinstance(each, int | Decimal) else ONE
            claims[c.day, c.id, payee.id] = (c.day, c.id, payee.id, units * c.share, c.values)
    return [claims[key] for key in sorted(claims)]
