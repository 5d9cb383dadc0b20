"""How long new sellers take to their first deal and to full productivity."""

from __future__ import annotations

from datetime import date, timedelta

import ibis

from geartrain.facts.transforms import (
    Tables,
    ViewPolicies,
    as_seen,
    day_of,
    month_number,
    month_start,
    numbers,
    shaped,
    share_of,
)
from geartrain.facts.views import credited_booking
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import Column, ColumnKind, RecordType

MONTHS = 60

VIEW = RecordType(
    name="seller_ramp",
    grain="one row per seller who started within the history of the facts",
    key=("user_id",),
    owner="user_id",
    happened="start_date",
    doc="New sellers with the day of their first credited deal and the month they reached full productivity.",
    columns=(
        Column("user_id", required=True, ref="user"),
        Column("start_date", ColumnKind.day, required=True),
        Column("end_date", ColumnKind.day, doc="left"),
        Column("first_deal_on", ColumnKind.day, doc="day of the first deal credited directly"),
        Column(
            "monthly_quota", ColumnKind.money, doc="fully ramped: the highest of their bookings quotas, by the month"
        ),
        Column("productive_on", ColumnKind.day, doc="first day after the month in which they were productive"),
        Column(
            "first_deal_from", ColumnKind.day, required=True, doc="where a clock to the first deal would have started"
        ),
        Column("first_deal_to", ColumnKind.day, doc="where it stopped; empty while it runs or for leavers"),
        Column("ramp_from", ColumnKind.day, required=True, doc="where a clock to productivity would have started"),
        Column("ramp_to", ColumnKind.day, doc="where it stopped; empty while it runs or for leavers"),
    ),
)


def build(tables: Tables, *, as_of: date, calendar: FiscalCalendar, policies: ViewPolicies) -> ibis.Table:
    """Sellers (people with a quota, or who own a deal) who started by the end of the day.

    Productive: the first month in which the bookings credited over three months are at least 80 % of three months of
    the full quota, and so in the month after too. Who started before the facts begin is left out: a first deal may lie
    before them. Who left without it is counted for the days they were here: their clock starts so much before the end.
    """
    seen = as_seen(tables, as_of=as_of, calendar=calendar)
    deals, quotas, people = seen("opportunity"), tables("quota"), tables("user")
    sellers = quotas.select("user_id").union(deals.select(user_id="owner_id"), distinct=True)
    begins = deals.aggregate(begins=day_of(deals.created_at, calendar).min())
    starters = people.filter(people.start_date.notnull() & (people.start_date <= ibis.literal(as_of)))
    starters = starters.semi_join(sellers, "user_id").select("user_id", "start_date", "end_date").cross_join(begins)
    starters = starters.filter(starters.start_date >= starters.begins)
    credits = credited_booking.build(tables, as_of=as_of, calendar=calendar, policies=policies)
    credits = credits.filter(credits.credit_type == credited_booking.DIRECT)
    credits = credits.select("amount", who="user_id", day=day_of(credits.closed_at, calendar))
    firsts = credits.group_by(winner=credits.who).aggregate(first_deal_on=credits.day.min())
    full = _monthly_quota(quotas)
    rows = starters.left_join(firsts, starters.user_id == firsts.winner).left_join(
        full, starters.user_id == full.carrier
    )
    productive = _productive(rows, credits, as_of=as_of)
    rows = rows.left_join(productive, rows.user_id == productive.of)
    return shaped(_clocks(rows, as_of), VIEW)


def _monthly_quota(quotas: ibis.Table) -> ibis.Table:
    """The highest bookings quota of each person, by the month."""
    months = month_number(quotas.period_end) - month_number(quotas.period_start)
    booked = quotas.mutate(months=months).filter((quotas.measure.lower().strip() == "bookings") & (months > 0))
    monthly = booked.mutate(monthly=share_of(booked.amount, 1, booked.months))
    return monthly.group_by(carrier="user_id").aggregate(monthly_quota=monthly.monthly.max())


def _productive(rows: ibis.Table, credits: ibis.Table, *, as_of: date) -> ibis.Table:
    """Per person who got there, the day after their first productive month. Only whole months are looked at."""
    carriers = rows.filter(rows.monthly_quota > 0).select("start_date", "monthly_quota", of="user_id")
    grid = carriers.cross_join(numbers(MONTHS))
    grid = grid.mutate(month=month_number(grid.start_date) + grid.n)
    grid = grid.filter(month_start(grid.month + 1) <= ibis.literal(as_of + timedelta(days=1)))
    monthly = credits.group_by(who="who", credit_month=month_number(credits.day)).aggregate(
        credited=credits.amount.sum()
    )
    met = grid.left_join(monthly, [grid.of == monthly.who, grid.month == monthly.credit_month])
    met = met.mutate(credited=met.credited.fill_null(ibis.literal(0, "decimal(38, 4)")))
    trailing = met.credited.sum().over(ibis.window(group_by="of", order_by="n", preceding=2, following=0))
    met = met.mutate(enough=trailing * 10 >= met.monthly_quota * 24)
    met = met.mutate(again=met.enough.lead().over(group_by="of", order_by="n").fill_null(False))
    first = met.filter(met.enough & met.again).group_by("of").aggregate(month=ibis._.month.min())
    return first.select("of", productive_on=month_start(first.month + 1))


def _clocks(rows: ibis.Table, as_of: date) -> ibis.Table:
    """Both clocks: from the start, or for who left without, from as many days before the end as they were here."""
    stayed = rows.end_date.delta(rows.start_date, unit="day").cast("int64").as_interval("D")
    gone = rows.end_date.notnull() & (rows.end_date <= ibis.literal(as_of))
    shifted = (ibis.literal(as_of) - stayed).cast("date")

    def begins(event: ibis.Value) -> ibis.Value:
        return ibis.ifelse(event.isnull() & gone, shifted, rows.start_date)

    return rows.mutate(
        first_deal_from=begins(rows.first_deal_on),
        first_deal_to=rows.first_deal_on,
        ramp_from=begins(rows.productive_on),
        ramp_to=rows.productive_on,
    )
