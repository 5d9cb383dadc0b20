"""A component's terms for everybody: a row per payee and window, with its rate table in whole units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from math import lcm

from geartrain.incentives.components import Ground
from geartrain.incentives.lines import Payee
from geartrain.incentives.plan import Component, CompPlan
from geartrain.incentives.rules import Table
from geartrain.incentives.tables import money_table, windfall_table
from geartrain.incentives.windows import due_period, pay_period, window_of
from geartrain.kernel.periods import Calendar, Period


@dataclass(frozen=True)
class Term:
    """What one payee is held against in one window.

    Args:
        fine: In how many parts a unit of credit is cut so that every bound is a whole number of parts.
    """

    payee: str
    window: Period
    quota: Fraction | None
    table: Table
    windfall: Table
    unit: int
    fine: int

    def parts(self, amount: Fraction) -> int:
        """A bound in parts.

        Example: half of a quota of 1,000.01 in cents is 100,001 halves: `fine` is 2.
        """
        return int(amount * self.unit * self.fine)

    @cached_property
    def top_rate(self) -> Fraction:
        """The most that one unit of credit pays, in any tier."""
        return max((abs(b.rate) for b in (*self.table.bands, *self.windfall.bands)), default=Fraction(0))


@dataclass(frozen=True)
class Day:
    """Where a day's lines belong: their window, the period they are due in, and the group they are priced with."""

    day: date
    window: str
    period: str
    group: str


def terms_of(
    comp_plan: CompPlan, component: Component, payees: Sequence[Payee], calendar: Calendar, *, unit: int
) -> Iterator[Term]:
    """The terms of everybody who has a quota, or needs none.

    Args:
        unit: Parts of one money unit that credits are counted in: 100 for cents.
    """
    windows = list(windows_of(comp_plan, component, calendar))
    for payee in payees:
        ground = Ground(comp_plan, payee, calendar)
        for window in windows:
            quota = ground.quota(component, window)
            if component.quota is not None and not (quota and quota > 0):
                continue
            target = ground.target(component, window)
            table = money_table(component, target=target, quota=quota)
            windfall = windfall_table(table, component, target=target, quota=quota) if component.windfall else table
            bounds = {b * unit for t in (table, windfall) for b in t.bounds}
            fine = lcm(*(b.denominator for b in bounds)) if bounds else 1
            yield Term(payee.id, window, quota, table, windfall, unit, fine)


def windows_of(comp_plan: CompPlan, component: Component, calendar: Calendar) -> Iterator[Period]:
    """Every window of a component within the plan's days, in order."""
    day = comp_plan.effective[0]
    while day < comp_plan.effective[1]:
        window = window_of(day, component.window, comp_plan, calendar)
        yield window
        day = window.end


def days_of(comp_plan: CompPlan, component: Component, calendar: Calendar) -> Iterator[Day]:
    """Every day of a plan."""
    for at in range(comp_plan.effective[0].toordinal(), comp_plan.effective[1].toordinal()):
        day = date.fromordinal(at)
        window = window_of(day, component.window, comp_plan, calendar).key
        due = due_period(day, component.window, comp_plan, calendar).key
        yield Day(day, window, due, pay_period(day, comp_plan.pay.frequency, calendar).key)
