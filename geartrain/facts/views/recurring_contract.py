"""What contracts bring in by the month while they run."""

from __future__ import annotations

from datetime import date

import ibis

from geartrain.facts.transforms import Tables, ViewPolicies, as_seen, quotient, shaped, share_of
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import Column, ColumnKind, RecordType

ONE_OFF = ("one_time", "one-time", "one_off", "one-off", "service", "services", "professional services", "nda")

VIEW = RecordType(
    name="recurring_contract",
    grain="one row per contract that runs from a day to a day",
    key=("contract_id",),
    happened="start_date",
    doc="Contracts with a start, an end and a value that is spread over their months; one-off work is left out.",
    columns=(
        Column("contract_id", required=True, ref="contract"),
        Column("account_id", required=True, ref="account"),
        Column("opportunity_id", ref="opportunity"),
        Column("type", required=True),
        Column("start_date", ColumnKind.day, required=True),
        Column("ends_on", ColumnKind.day, required=True, doc="first day on which it no longer runs"),
        Column("months", ColumnKind.integer, required=True, doc="days / 30.4375, rounded, at least 1"),
        Column("monthly_value", ColumnKind.money, required=True, doc="value / months, rounded once"),
        Column("quarterly_value", ColumnKind.money, required=True, doc="value × 3 / months, rounded once"),
        Column("yearly_value", ColumnKind.money, required=True, doc="value × 12 / months, rounded once"),
        Column("currency"),
        Column("is_new", ColumnKind.flag, required=True, doc="the first contract of its account to start"),
    ),
)


def build(tables: Tables, *, as_of: date, calendar: FiscalCalendar, policies: ViewPolicies) -> ibis.Table:
    """Contracts executed by the end of the day, or without a date of execution that have started by then.

    A contract's last day may be written as its end or as the day after: both round to the same months.
    Example: 12,000 from 2026-01-01 to 2026-12-31 is 1,000 a month.
    """
    found = as_seen(tables, as_of=as_of, calendar=calendar)("contract")
    known = found.executed_at.notnull() | (found.start_date <= ibis.literal(as_of))
    rows = found.filter(known & (found.start_date < found.end_date) & ~found.type.lower().strip().isin(ONE_OFF))
    length = rows.end_date.delta(rows.start_date, unit="day")
    rows = rows.mutate(months=ibis.greatest(quotient(length * 20_000 + 304_375, 608_750), ibis.literal(1)))
    first = ibis.row_number().over(group_by="account_id", order_by=["start_date", "contract_id"]) == 0
    return shaped(
        rows.mutate(
            ends_on=rows.end_date,
            monthly_value=share_of(rows.value, 1, rows.months),
            quarterly_value=share_of(rows.value, 3, rows.months),
            yearly_value=share_of(rows.value, 12, rows.months),
            is_new=first,
        ),
        VIEW,
    )
