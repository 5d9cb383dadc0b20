"""Credits on their way into pricing: weighed, dated, and marked with the conditions that hold for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

import ibis

from geartrain.incentives.engine.support import conditions
from geartrain.incentives.engine.terms import Day, Term
from geartrain.incentives.plan import Component
from geartrain.kernel.rules import parse

INTEGER = "int64"
WIDE = "decimal(38, 0)"  # where a total does not fit 64 bits; what does not fit 38 digits raises
SAFE = 10**17  # of 18 digits, and of 64 bits


@dataclass(frozen=True)
class Weights:
    """How a component's multipliers, gates and windfall weigh a line, by the bits of the conditions that hold."""

    component: Component

    @cached_property
    def parts(self) -> int:
        """Into how many parts credit multipliers cut a unit: 1.25 makes 100."""
        digits = sum(self._digits(m.credit) for m in self.component.multipliers if m.credit is not None)
        return int(10**digits)

    @staticmethod
    def _digits(value: Decimal) -> int:
        exponent = value.normalize().as_tuple().exponent
        return max(0, -int(exponent))

    def factor(self, mask: int) -> Fraction:
        """What the pay of a line is multiplied by.

        Example: gate × 0 in bit 1, pay × 1.10 in bit 0: a mask of 1 gives 11/10, of 3 gives 0.
        """
        found = Fraction(1)
        pays = [m.pay for m in self.component.multipliers] + [g.multiply for g in self.component.gates]
        for bit, pay in enumerate(pays):
            if pay is not None and mask >> bit & 1:
                found *= Fraction(pay)
        return found

    @cached_property
    def most(self) -> Fraction:
        """The largest factor of any line."""
        pays = [m.pay for m in self.component.multipliers] + [g.multiply for g in self.component.gates]
        found = Fraction(1)
        for pay in pays:
            found *= max(Fraction(1), Fraction(pay)) if pay is not None else 1
        return found

    def columns(self, table: ibis.Table) -> dict[str, Any]:
        """The mask and the windfall flag of each line."""
        flags = [_holds(c, table) for c in conditions(self.component)]
        windfall = flags.pop() if self.component.windfall else ibis.literal(False)
        mask = ibis.literal(0, "int64")
        for bit, flag in enumerate(flags):
            mask = mask + flag.ifelse(ibis.literal(1 << bit, "int64"), ibis.literal(0, "int64"))
        return {"mask": mask, "fall": windfall}

    def weighed(self, table: ibis.Table, units: Any) -> Any:
        """The credit after credit multipliers, in parts."""
        for m in self.component.multipliers:
            if m.credit is None:
                continue
            whole = 10 ** self._digits(m.credit)
            units = units * _holds(m.when, table).ifelse(ibis.literal(int(m.credit * whole)), ibis.literal(whole)).cast(
                units.type()
            )
        return units


def _holds(condition: str, table: ibis.Table) -> Any:
    """Whether a condition holds; not where it cannot be told, as for a single line."""
    return parse(condition).column(lambda path: table[f"seen.{path}"]).fill_null(False)


def weighed_credits(
    credits: ibis.Table,
    component: Component,
    calendar: ibis.Table,
    terms: Sequence[Term],
    *,
    number: str,
    people: ibis.Table | None = None,
) -> ibis.Table:
    """Grain: a credit. Columns: payee, id, type, day, mask, fall, rate, w.

    Args:
        credits: payee, id, day, type, amount, booked, rate, and the columns conditions read.
        calendar: As of `calendar_of`.
        number: The type that totals of credit fit.
        people: payee and `user.…` columns, where conditions read them.
    """
    weights = Weights(component)
    table = credits if people is None else credits.join(people, "payee")
    seen = _seen(table, component, calendar, terms)
    units = _units(seen.amount, number)
    return seen.select(
        *("payee", "id", "type", "day"),
        rate=seen.rate if "rate" in credits.columns else ibis.literal(None, "decimal(38, 18)"),
        w=weights.weighed(seen, units),
        **weights.columns(seen),
    )


def calendar_of(days: Sequence[Day]) -> ibis.Table:
    """Grain: a day of the plan, with its window, the period it is due in and the group it is priced with."""
    schema = {"day": "date", "window": "string", "period": "string", "grp": "string"}
    rows = {
        "day": [d.day for d in days],
        "window": [d.window for d in days],
        "period": [d.period for d in days],
        "grp": [d.group for d in days],
    }
    return ibis.memtable(rows, schema=ibis.schema(schema))


def _units(amount: Any, number: str) -> Any:
    """Amounts as whole numbers."""
    if amount.type().is_integer():
        return amount.cast(number)
    scale = amount.type().scale or 0
    wide = amount if number == INTEGER else amount.cast(f"decimal(38, {scale})")
    return (wide * 10**scale).cast(number)


def _seen(table: ibis.Table, component: Component, calendar: ibis.Table, terms: Sequence[Term]) -> ibis.Table:
    """The table with a column `seen.x` for each path x that conditions read."""
    reads = {path for c in conditions(component) for path in parse(c).fields}
    if "quota" in reads:
        quotas = ibis.memtable(
            {
                "payee": [t.payee for t in terms],
                "window": [t.window.key for t in terms],
                "quota": [_nine(t.quota) for t in terms],
            },
            schema={"payee": "string", "window": "string", "quota": "decimal(38, 9)"},
        )
        table = table.join(calendar.select("day", "window"), "day").join(quotas, ["payee", "window"])
    names: Mapping[str, str] = {"amount": "booked", "credit": "amount", "credit_type": "type"}
    return table.mutate({f"seen.{path}": table[names.get(path, path)] for path in sorted(reads)})


def _nine(quota: Fraction | None) -> Decimal | None:
    from geartrain.incentives.conditions import decimal

    return None if quota is None else decimal(quota)
