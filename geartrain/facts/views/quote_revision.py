"""What changed from one revision of a quote to the next."""

from __future__ import annotations

from datetime import date

import ibis

from geartrain.facts.transforms import Tables, ViewPolicies, as_seen, shaped
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import Column, ColumnKind, RecordType

VIEW = RecordType(
    name="quote_revision",
    grain="one row per revision of a quote",
    key=("quote_id", "revision"),
    happened="created_at",
    doc="Revisions with whether they change what is offered: items, quantities, prices, term or payment terms.",
    columns=(
        Column("quote_id", required=True),
        Column("revision", ColumnKind.integer, required=True),
        Column("opportunity_id", required=True, ref="opportunity"),
        Column("created_at", ColumnKind.instant, required=True),
        Column(
            "is_material", ColumnKind.flag, required=True, doc="differs from the revision before in what is offered"
        ),
        Column(
            "change",
            choices=("first", "none", "items", "quantity", "discount", "price", "terms"),
            doc="what differs; of several the first of items, quantity, discount, price, terms",
        ),
    ),
)


def build(tables: Tables, *, as_of: date, calendar: FiscalCalendar, policies: ViewPolicies) -> ibis.Table:
    """Revisions created by the end of the day, each against the one before it by number.

    The order of lines, notes and status change nothing; back and forth counts twice.
    Example: X at 10 % and Y; the same; lines swapped; X 12 times; a note; X at 15 %; X at 10 % again: three are
    material (quantity, discount, discount).
    """
    quotes, lines = as_seen(tables, as_of=as_of, calendar=calendar)("quote"), tables("quote_line")
    in_order = ibis.window(group_by="quote_id", order_by="revision")
    headed = quotes.mutate(
        before=quotes.revision.lag().over(in_order),
        days_before=quotes.payment_days.lag().over(in_order),
        term_before=quotes.term_months.lag().over(in_order),
    )
    counted = _compared(headed, lines)
    rows = headed.left_join(counted, ["quote_id", "revision"])
    terms = ~(rows.payment_days.identical_to(rows.days_before) & rows.term_months.identical_to(rows.term_before))
    change = ibis.cases(
        (rows.before.isnull(), "first"),
        ((rows.items > 0).fill_null(False), "items"),
        ((rows.quantities > 0).fill_null(False), "quantity"),
        ((rows.discounts > 0).fill_null(False), "discount"),
        ((rows.prices > 0).fill_null(False), "price"),
        (terms, "terms"),
        else_="none",
    )
    rows = rows.mutate(change=change)
    return shaped(rows.mutate(is_material=~rows.change.isin(["first", "none"])), VIEW)


def _compared(headed: ibis.Table, lines: ibis.Table) -> ibis.Table:
    """Per revision with one before it, how many lines differ from it in what; an item in only one of them differs."""
    steps = headed.filter(headed.before.notnull()).select("quote_id", "revision", "before")
    kept = lines.select("quote_id", "sku", "quantity", "list_price", "net_price", at="revision")
    now = steps.inner_join(kept, [steps.quote_id == kept.quote_id, steps.revision == kept["at"]])
    then = steps.inner_join(kept, [steps.quote_id == kept.quote_id, steps.before == kept["at"]])
    columns = ("quantity", "list_price", "net_price")
    sides = [
        side.select("quote_id", "revision", "sku", *columns, is_now=ibis.literal(flag))
        for side, flag in ((now, True), (then, False))
    ]
    both = ibis.union(*sides, distinct=False)
    item = both.group_by("quote_id", "revision", "sku").aggregate(
        sides=both.count(), **{f"{c}s": both[c].nunique() for c in columns}
    )
    same = item.sides == 2
    moved = same & (item.net_prices > 1)
    return item.group_by("quote_id", "revision").aggregate(
        items=item.count(where=~same),
        quantities=item.count(where=same & (item.quantitys > 1)),
        discounts=item.count(where=moved & (item.list_prices == 1)),
        prices=item.count(where=moved & (item.list_prices > 1)),
    )
