"""Each quota with what was credited against it."""

from __future__ import annotations

from datetime import date

import ibis

from geartrain.facts.transforms import Tables, ViewPolicies, converted, day_of, number, shaped, share_of
from geartrain.facts.views import credited_booking
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import Column, ColumnKind, RecordType

VIEW = RecordType(
    name="seller_quota",
    grain="one row per person, measure and quota period",
    key=("user_id", "measure", "period_start", "period_end"),
    owner="user_id",
    happened="period_start",
    doc="Quotas, prorated by the days the person was with us, with the bookings credited in their period.",
    columns=(
        Column("user_id", required=True, ref="user"),
        Column("measure", required=True, doc="lower case; bookings are credited, other measures are not"),
        Column("period_start", ColumnKind.day, required=True),
        Column("period_end", ColumnKind.day, required=True, doc="first day after the period"),
        Column("quota", ColumnKind.money, required=True, doc="as assigned"),
        Column("currency"),
        Column("period_days", ColumnKind.integer, required=True),
        Column(
            "active_days",
            ColumnKind.integer,
            required=True,
            doc="days of the period between start and end of employment",
        ),
        Column("prorated_quota", ColumnKind.money, doc="quota × active days / days of the period"),
        Column(
            "credited",
            ColumnKind.money,
            doc="direct credit of deals won in the period, up to the day seen, in the quota's currency",
        ),
        Column("overlay_credited", ColumnKind.money, doc="credit of other types, beside it"),
        Column("deals", ColumnKind.integer, doc="won deals with direct credit"),
        Column("unconverted", ColumnKind.integer, doc="of these, deals without an amount, or without a rate for it"),
        Column("attainment", ColumnKind.number, doc="credited / prorated quota; empty where that is not above 0"),
        Column("attainment_band", doc="tenths of attainment, as text that sorts"),
        Column("is_carrier", ColumnKind.flag, required=True, doc="the prorated quota is above 0"),
        Column("is_over", ColumnKind.flag, required=True, doc="the period has ended by the day seen"),
    ),
)


def build(tables: Tables, *, as_of: date, calendar: FiscalCalendar, policies: ViewPolicies) -> ibis.Table:
    """Quotas whose period has begun by the end of the day.

    Example: a quota of 92,000 for a quarter of 92 days; the person left after 46 days: prorated 46,000.
    """
    quotas = tables("quota")
    quotas = quotas.filter(quotas.period_start <= ibis.literal(as_of)).mutate(measure=quotas.measure.lower().strip())
    people = tables("user").select(person="user_id", began="start_date", ended="end_date")
    rows = quotas.left_join(people, quotas.user_id == people.person)
    first = ibis.greatest(rows.period_start, rows.began.fill_null(rows.period_start))
    # The last day of employment is worked: the day after is the first that is not.
    gone = ibis.ifelse(rows.ended.isnull(), rows.period_end, rows.ended + ibis.interval(days=1)).cast("date")
    last = ibis.least(rows.period_end, gone)
    rows = rows.mutate(
        period_days=rows.period_end.delta(rows.period_start, unit="day"),
        active_days=ibis.greatest(last.delta(first, unit="day"), ibis.literal(0)),
    )
    rows = rows.filter(rows.period_days > 0)
    credits = credited_booking.build(tables, as_of=as_of, calendar=calendar, policies=policies)
    credit = _credited(quotas, credits, tables("fx_rate"), calendar, policies)
    rows = rows.left_join(credit, ["user_id", "measure", "period_start", "period_end"])
    nothing = ibis.literal(0, "decimal(38, 4)")
    rows = rows.mutate(
        quota=rows.amount,
        prorated_quota=share_of(rows.amount, rows.active_days, rows.period_days),
        credited=rows.credited.fill_null(nothing),
        overlay_credited=rows.overlay_credited.fill_null(nothing),
        deals=rows.deals.fill_null(0),
        unconverted=rows.unconverted.fill_null(0),
    )
    rows = rows.mutate(is_carrier=(rows.prorated_quota > 0).fill_null(False))
    ratio = rows.credited.cast("float64") / rows.prorated_quota.cast("float64")
    rows = rows.mutate(attainment=ibis.ifelse(rows.is_carrier, number(ratio), None))
    return shaped(
        rows.mutate(attainment_band=_band(rows.attainment), is_over=rows.period_end <= ibis.literal(as_of)), VIEW
    )


def _credited(
    quotas: ibis.Table, credits: ibis.Table, rates: ibis.Table, calendar: FiscalCalendar, policies: ViewPolicies
) -> ibis.Table:
    """Per quota of bookings, what was credited on the days of its period, in its currency at each day's rate."""
    own = ibis.literal(policies.currency or None, "string")
    bookings = quotas.filter(quotas.measure == "bookings")
    keys = ["user_id", "measure", "period_start", "period_end"]
    bookings = bookings.select(*keys, wanted=ibis.coalesce(bookings.currency, own))
    dated = credits.select(
        "amount",
        "credit_type",
        who="user_id",
        day=day_of(credits.closed_at, calendar),
        deal="opportunity_id",
        held=ibis.coalesce(credits.currency, own),
    )
    met = bookings.inner_join(
        dated,
        [bookings.user_id == dated.who, dated.day >= bookings.period_start, dated.day < bookings.period_end],
    )
    met = converted(met, rates, amount="amount", held="held", wanted="wanted", day="day")
    direct = met.credit_type == credited_booking.DIRECT
    return met.group_by(keys).aggregate(
        credited=met.amount.sum(where=direct),
        overlay_credited=met.amount.sum(where=~direct),
        deals=met.deal.nunique(where=direct),
        unconverted=met.deal.nunique(where=direct & met.amount.isnull()),
    )


def _band(attainment: ibis.Value) -> ibis.Value:
    """0.0 to 0.1, … 1.9 to 2.0, 2.0 and more."""
    branches = [(attainment.isnull(), ibis.null("string")), (attainment < 0, ibis.literal("below 0"))]
    tenths = attainment * 10
    branches += [(tenths < tenth, ibis.literal(f"{(tenth - 1) / 10} to {tenth / 10}")) for tenth in range(1, 21)]
    return ibis.cases(*branches, else_="2.0 and more")
