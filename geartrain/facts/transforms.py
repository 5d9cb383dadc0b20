"""What the views share: how records looked at the end of a day, time in columns, exact shares of money."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import ibis
import pyarrow as pa

from geartrain.kernel.measure import Cut
from geartrain.kernel.measure.money import HOLDS, RATE_TYPE
from geartrain.kernel.measure.when import local
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import ColumnKind, RecordType
from geartrain.kernel.records.types import IBIS_TYPE

Tables = Callable[[str], ibis.Table]
"""Record types by name: one row per record, everything that is known, whenever it happened."""

# How each record type looks at the end of an earlier day: see `Cut`. Types that are not listed stand as they are.
CUTS: Mapping[str, Cut] = {
    "opportunity": Cut("created_at", {"closed_at": {"is_closed": False, "is_won": False, "loss_reason": None}}),
    "opportunity_change": Cut("changed_at"),
    "lead": Cut(
        "created_at",
        {
            "mql_at": {},
            "sal_at": {},
            "sql_at": {},
            "rejected_at": {"reject_reason": None},
            "recycled_at": {},
            "converted_at": {"opportunity_id": None},
            "assigned_at": {},
            "first_touch_at": {},
        },
    ),
    "touch": Cut("occurred_at"),
    "time_entry": Cut("week"),
    "quote": Cut("created_at", {"sent_at": {}, "accepted_at": {}}),
    "contract": Cut(None, {"executed_at": {}}),
    "invoice": Cut("issued_at", {"paid_at": {}}),
    "tool_use": Cut("occurred_at"),
}


@dataclass(frozen=True, slots=True)
class Goal:
    """What the company wants of a metric in a period, `[start, end)`."""

    key: str
    metric: str
    start: date
    end: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class ViewPolicies:
    """What policies say that views need; the defaults are what a workspace without such policies gets.

    Args:
        time_classes: Category of a time entry (lower case) to core, adjacent or non_core.
        goals: Corporate goals with their periods.
        stages: Stages of an opportunity in order; empty: in the order in which deals first enter them on average.
        size_bands: Lower bounds of the deal size bands above the first, rising.
        currency: The workspace's: that of an amount which names none. Empty: such an amount is in whatever it meets.
    """

    time_classes: Mapping[str, str] = field(default_factory=dict)
    goals: tuple[Goal, ...] = ()
    stages: tuple[str, ...] = ()
    size_bands: tuple[Decimal, ...] = (Decimal(1_000), Decimal(5_000), Decimal(25_000), Decimal(100_000))
    currency: str = ""


def end_of(as_of: date, calendar: FiscalCalendar) -> datetime:
    """The first instant after a day, as stored (naive UTC)."""
    return calendar.instant(as_of + timedelta(days=1))


def instant(at: datetime) -> Any:
    """A stored instant as a literal."""
    return ibis.literal(at, "timestamp(6)")


def as_seen(tables: Tables, *, as_of: date, calendar: FiscalCalendar) -> Tables:
    """The same records as they looked at the end of a day: what happened later is not seen (`CUTS`).

    A record that does not say when it began is there on every day.
    """

    def table(name: str) -> ibis.Table:
        found, cut = tables(name), CUTS.get(name)
        return found if cut is None else _cut(found, cut, as_of=as_of, calendar=calendar)

    return table


def _cut(table: ibis.Table, cut: Cut, *, as_of: date, calendar: FiscalCalendar) -> ibis.Table:
    def later(column: str) -> Any:
        if table[column].type().is_date():
            return table[column] > ibis.literal(as_of)
        return table[column] >= instant(end_of(as_of, calendar))

    undone: dict[str, Any] = {}
    for event, cleared in cut.clears.items():
        not_yet = later(event).fill_null(False)
        undone[event] = ibis.ifelse(not_yet, ibis.null(table[event].type()), table[event])
        for column, value in cleared.items():
            undone[column] = ibis.ifelse(not_yet, ibis.literal(value, table[column].type()), table[column])
    if cut.born:
        kept = table.filter(~later(cut.born).fill_null(False))
        return kept.mutate(**undone)
    return table.mutate(**undone)


def shaped(table: ibis.Table, view: RecordType) -> ibis.Table:
    """Exactly the columns a view declares, in its order and types."""
    return table.select(**{c.name: table[c.name].cast(c.ibis_type) for c in view.columns})


def elapsed_seconds(start: Any, end: Any, *, calendar: FiscalCalendar) -> Any:
    """Seconds on the wall clock between two stored instants, so that a bare date counts whole days in any season."""
    return local(end, calendar).epoch_seconds().cast("int64") - local(start, calendar).epoch_seconds().cast("int64")


def number(value: Any) -> Any:
    """A computed value as a column of kind number."""
    return value.cast(IBIS_TYPE[ColumnKind.number])


def days(seconds: Any) -> Any:
    """Seconds as days, a number."""
    return number(seconds.cast("float64") / 86_400)


def hours(seconds: Any) -> Any:
    """Seconds as hours, a number."""
    return number(seconds.cast("float64") / 3_600)


def day_of(at: Any, calendar: FiscalCalendar) -> Any:
    """The day in the workspace's zone that a stored instant falls on; a day column as it is."""
    return at if at.type().is_date() else local(at, calendar).date()


def month_number(day: Any) -> Any:
    """Months since year 0: what makes two days fall into one fiscal month (fiscal months are calendar months)."""
    return day.year().cast("int64") * 12 + day.month().cast("int64") - 1


def month_start(months: Any) -> Any:
    """The first day of a month given by its number."""
    return ibis.date((months // 12).cast("int32"), (months % 12 + 1).cast("int32"), ibis.literal(1, "int32"))


def quarter_start(day: Any, calendar: FiscalCalendar, *, later: int = 0) -> Any:
    """The first day of the fiscal quarter a day falls in, or of the one so many quarters later."""
    first = calendar.start_month - 1
    return month_start((month_number(day) - first) // 3 * 3 + first + 3 * later)


def decimal_text(text: Any) -> Any:
    """A number written as text, as money; null where it is not written plainly: one bad cell stops no question."""
    plain = text.re_search(r"^-?[0-9]{1,30}(\.[0-9]+)?$")
    return ibis.ifelse(plain, text, ibis.null("string")).cast(IBIS_TYPE[ColumnKind.money])


def day_text(text: Any) -> Any:
    """A day written as text (an instant's day is its first ten characters); null where it is not one."""
    plain = text.re_search(r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])") | text.re_search(
        r"^[0-9]{4}-((0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
    )
    leap = text.re_search(r"^([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29")
    return ibis.ifelse(plain | leap, text.substr(0, 10), ibis.null("string")).cast("date")


def quotient(dividend: Any, divisor: Any) -> Any:
    """The exact integer quotient, rounded down. Engines divide in binary floating point: the rest is divided again."""
    near = dividend // divisor
    return near + (dividend - near * divisor) // divisor


def share_of(amount: Any, part: Any, whole: Any) -> Any:
    """amount × part / whole, exact and rounded once, halves up, to the four decimals of money.

    Args:
        amount: Money, up to 9 × 10^14.
        part: Whole number >= 0, small (days, months).
        whole: Whole number > 0, small.

    Take shares of cumulative parts and their differences where the parts must add up to the amount.
    Example: 100 × 31 / 92 = 33.6957.
    """
    units = (amount * 10_000).cast("int64")
    full = quotient(units, whole)
    rest = quotient((units - full * whole) * part * 2 + whole, whole * 2)
    money = IBIS_TYPE[ColumnKind.money]
    return ((full * part + rest).cast(money) * ibis.literal(Decimal("0.0001"), money)).cast(money)


def converted(rows: ibis.Table, rates: ibis.Table, *, amount: str, held: str, wanted: str, day: str) -> ibis.Table:
    """The rows with the amount in another currency, at the rate of a day, rounded once to money's four decimals.

    Args:
        rates: The `fx_rate` records.
        amount: Column of money below 10^16; replaced. Unknown where its currency has no rate for the day (`HOLDS`).
        held, wanted: Columns of the currency it is in and is to be in; where either is unknown, or both are one, the
            amount stays as it is.
        day: Column of the day whose rate holds.

    Example: 100 EUR on a day of 1.1: 110 USD.
    """
    same = rows[held].isnull() | rows[wanted].isnull() | (rows[held] == rows[wanted])
    columns = rows.columns
    rows = rows.mutate(__same=ibis.ifelse(same, ibis.literal(Decimal(1), RATE_TYPE), ibis.null(RATE_TYPE)))
    for kind, last in HOLDS.items():
        span = rates.filter(rates.kind == kind)
        turn = span.date.lead().over(group_by=["from_currency", "to_currency"], order_by="date")
        ends = (span.date + ibis.interval(days=last)).cast("date")
        named = {f"{kind}_from": span.from_currency, f"{kind}_to": span.to_currency, f"{kind}_since": span.date}
        span = span.select(**named, **{f"{kind}_until": ibis.least(ibis.coalesce(turn, ends), ends), kind: span.rate})
        met = [
            rows[held] == span[f"{kind}_from"],
            rows[wanted] == span[f"{kind}_to"],
            rows[day] >= span[f"{kind}_since"],
            rows[day] < span[f"{kind}_until"],
        ]
        rows = rows.left_join(span, met)
    rate = ibis.coalesce(rows["__same"], *(rows[kind].cast(RATE_TYPE) for kind in HOLDS))
    money = (rows[amount].cast(RATE_TYPE) * rate).cast(IBIS_TYPE[ColumnKind.money])
    return rows.mutate(**{amount: money}).select(columns)


def numbers(count: int) -> ibis.Table:
    """A table of one column `n`: 0, 1, … count - 1."""
    return small_table({"n": "int64"}, n=list(range(count)))


def small_table(schema: Mapping[str, str], **columns: Sequence[Any]) -> ibis.Table:
    """A table of given values; it may be empty."""
    kinds = ibis.schema(schema).to_pyarrow()
    return ibis.memtable(pa.table({name: pa.array(columns[name], kinds.field(name).type) for name in schema}))


def acyclic_parents(table: ibis.Table, key: str, parent: str) -> ibis.Table:
    """Columns `id`, `parent`, `root`: a parent that does not exist, or that closes a cycle, is none.

    A cycle is cut at the greatest id in it, as `kernel.hierarchy.Hierarchy` does. Lines up to 16 levels deep.
    """
    ids = table.select(id=table[key], up=table[parent])
    known = ids.select(known=ids.id)
    joined = ids.left_join(known, ids.up == known.known)
    step = joined.select(id=joined.id, up=joined.known.fill_null(joined.id), own=joined.known)
    # `up` is the 2^k-th ancestor (a top is its own), `top` the greatest id from the row up to there.
    walk = step.select("id", "up", top=ibis.greatest(step.id, step.up))
    for _ in range(4):
        above = walk.select(mid="id", far="up", far_top="top")
        met = walk.left_join(above, walk.up == above.mid)
        walk = met.select(id=met.id, up=met.far, top=ibis.greatest(met.top, met.far_top))
    # Whoever is 16 steps up is a top, or in the cycle; the greatest id from there on is the top after cutting.
    ends = walk.select(end="id", root="top")
    tops = step.filter(step.up == step.id).select(highest="id")
    placed = walk.left_join(ends, walk.up == ends.end)
    placed = placed.left_join(tops, placed.up == tops.highest)
    roots = placed.select(of=placed.id, root=ibis.coalesce(placed.highest, placed.root))
    out = step.left_join(roots, step.id == roots.of)
    return out.select(id=out.id, parent=ibis.ifelse(out.id == out.root, ibis.null("string"), out.own), root=out.root)
