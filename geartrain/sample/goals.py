"""What the company wants of the years it is simulated in, as data and as a policy."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from geartrain.kernel.periods import FiscalCalendar, Grain
from geartrain.sample.company import TODAY

# Bookings wanted of a seller's seat in the first whole year, and how much more in each year after; by quarter.
PER_SEAT, MORE = Decimal(915_000), Decimal("1.27")
NEXT = Decimal("1.15")  # of the current year, wanted of the year that is being planned
QUARTERS = (Decimal("0.24"), Decimal("0.24"), Decimal("0.25"), Decimal("0.27"))


def goals(*, sellers: int = 60, years: int = 3, today: date | None = None) -> dict[str, Decimal]:
    """Bookings wanted by fiscal quarter, from the first of the history to the last of the year that is planned next."""
    last = today or TODAY
    calendar = FiscalCalendar()
    begin = calendar.containing(last, Grain.quarter)
    first = calendar.quarter(calendar.year_of(last) - years, int(begin.key[-1]))
    periods = calendar.between(first.start, calendar.year(calendar.year_of(last)).end, Grain.quarter)
    wanted = {}
    for period in periods:
        year, quarter = int(period.key[:4]), int(period.key[-1])
        amount = PER_SEAT * sellers * MORE ** (year - first.start.year - 1) * QUARTERS[quarter - 1]
        wanted[period.key] = Decimal(round(amount / 50_000) * 50_000)
    for quarter in range(1, 5):
        amount = wanted[calendar.quarter(calendar.year_of(last), quarter).key] * NEXT
        wanted[calendar.quarter(calendar.year_of(last) + 1, quarter).key] = Decimal(round(amount / 50_000) * 50_000)
    return wanted


def goals_policy(*, sellers: int = 60, years: int = 3, today: date | None = None) -> str:
    """A corporate_goals policy in YAML, with the values the sample company works towards."""
    wanted = goals(sellers=sellers, years=years, today=today)
    bookings = ", ".join(f"{key}: {amount}" for key, amount in wanted.items())
    return f"""\
kind: corporate_goals
key: default
name: Corporate goals
owner: head-of-sales
definition: >-
  What Meridian Instruments wants to reach: bookings by quarter as the board approved them, and what selling may cost.
spec:
  goals:
    - key: grow-new-business
      name: Grow new business
      owner: head-of-sales
      metric: bookings
      values: {{{bookings}}}
    - {{key: sell-efficiently, name: Sell efficiently, owner: head-of-finance, metric: sm_expense_ratio}}
    - {{key: grow-recurring-revenue, name: Grow recurring revenue, owner: head-of-sales, metric: recurring_revenue}}
  shared_stages:
    mql: {{marketing: mql_count, sales: mql_count}}
    sal: {{marketing: sal_count, sales: sal_count}}
    sql: {{marketing: sql_count, sales: sql_count}}
"""
