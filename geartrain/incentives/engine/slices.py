"""The slice relation, credit × tier: the lineage of what lines pay under tiers that price each line once.

Pricing every line needs no running total over all of them: a day whose total cannot have crossed a bound, whatever the
order of its lines, lies in one tier, and all its lines with it. Only the lines of the other days are put in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import ibis

from geartrain.incentives.engine.terms import Term

LINE = ("payee", "id", "type", "day", "mask", "fall", "rate")
Keep = Callable[[str, ibis.Table], ibis.Table]
Row = tuple[str, str, bool, int, int, int | None]


def marginal_slices(
    weighed: ibis.Table, calendar: ibis.Table, terms: Sequence[Term], *, number: str, keep: Keep
) -> tuple[ibis.Table, ibis.Table]:
    """Slices, and the days they were told by (grain: payee and day; `total` in fine parts).

    Grain of slices: a credit in a tier. Columns: those of a line, n (place among the bands), part (in fine parts).
    F(X+c) − F(X) by tier: `part` is what of the credit lies in the tier, negative where the total falls.

    Args:
        keep: Writes a relation down and gives it back. Days and the two kinds of slices are asked for one by one:
            engines would hold the lines, which they share, in memory.
    """
    bands = bands_table(terms, number=number)
    lines = fine_lines(weighed, calendar, terms, number=number)
    days = keep("day", _days(lines, calendar, bands))
    plain = days.filter(days.n.notnull()).select("payee", "day", "n")
    within = lines.join(plain, ["payee", "day"]).select(*LINE, "n", part=lambda t: t.w)
    crossing = days.filter(days.n.isnull()).select("payee", "window", "day", "before")
    one_tier = keep("slice", within.filter(within.part != 0))
    return one_tier.union(keep("slice_crossing", _crossing(lines, crossing, bands))), days


def flat_slices(
    weighed: ibis.Table, calendar: ibis.Table, terms: Sequence[Term], *, number: str, keep: Keep
) -> ibis.Table:
    """Grain: a credit, under the tier that its own size falls in; columns as of `marginal_slices`."""
    upper = terms[0].table.upper_inclusive if terms else False
    bands = bands_table(terms, number=number)
    fine = fine_lines(weighed, calendar, terms, number=number).mutate(size=lambda t: t.w.abs())
    lines = fine.join(calendar.select("day", "window"), "day")
    above = (lines.size > bands.lo) if upper else (lines.size >= bands.lo)
    below = (lines.size <= bands.hi) if upper else (lines.size < bands.hi)
    same = [lines.payee == bands.payee, lines.window == bands.window, lines.fall == bands.fall]
    met = lines.join(bands, [*same, above, bands.hi.isnull() | below])
    return keep("slice", met.filter(met.w != 0).select(*LINE, "n", part=lambda t: t.w))


def fine_lines(weighed: ibis.Table, calendar: ibis.Table, terms: Sequence[Term], *, number: str) -> ibis.Table:
    """Lines with their credit in parts that every bound is a whole number of."""
    fines = {t.fine for t in terms}
    if fines <= {1}:
        return weighed
    if len(fines) == 1:
        return weighed.mutate(w=weighed.w * ibis.literal(fines.pop()).cast(number))
    schema = {"payee": "string", "window": "string", "fine": number}
    small = _small(((t.payee, t.window.key, t.fine) for t in terms), schema)
    dated = weighed.join(calendar.select("day", "window"), "day").join(small, ["payee", "window"])
    return dated.mutate(w=dated.w * dated.fine).drop("window", "fine")


def bands_table(terms: Sequence[Term], *, number: str) -> ibis.Table:
    """Grain: payee, window, with or without accelerators, and tier."""
    schema = {"payee": "string", "window": "string", "fall": "boolean", "n": "int64", "lo": number, "hi": number}
    return _small((row for term in terms for fall in (False, True) for row in _bands(term, fall)), schema)


def _bands(term: Term, fall: bool) -> Iterator[Row]:
    table = term.windfall if fall else term.table
    floor = term.parts(table.start) if table.deductible else None
    for n, band in enumerate(table.bands):
        low, high = term.parts(band.low), None if band.high is None else term.parts(band.high)
        low = low if floor is None else max(low, floor)
        if high is None or high > low:
            yield term.payee, term.window.key, fall, n, low, high


def _days(lines: ibis.Table, calendar: ibis.Table, bands: ibis.Table) -> ibis.Table:
    """Grain: payee and day, with the total before it and the tier all its lines lie in; null: maybe several."""
    none = ibis.literal(0).cast(lines.w.type())
    sums = lines.group_by("payee", "day").agg(
        total=_summed(lines.w.sum(), lines.w),
        up=_summed(ibis.greatest(lines.w, none).sum(), lines.w),
        falls=lines.fall.any(),
    )
    days = sums.join(calendar.select("day", "window"), "day").semi_join(bands, ["payee", "window"])
    order = ibis.window(group_by=["payee", "window"], order_by="day", preceding=None, following=0)
    running = days.mutate(before=_summed(days.total.sum().over(order), days.total) - days.total)
    running = running.mutate(low=running.before + running.total - running.up, high=running.before + running.up)
    own = bands.filter(~bands.fall)
    met = running.join(
        own,
        [
            running.payee == own.payee,
            running.window == own.window,
            running.low >= own.lo,
            own.hi.isnull() | (running.high <= own.hi),
            ~running.falls,
        ],
        how="left",
    )
    return met.group_by("payee", "window", "day", "before", "total").agg(n=met.n.max())


def _crossing(lines: ibis.Table, days: ibis.Table, bands: ibis.Table) -> ibis.Table:
    """The slices of the days on which a bound may have been crossed, line after line."""
    met = lines.join(days, ["payee", "day"])
    order = ibis.window(group_by=["payee", "day"], order_by=[met.id, met.type, met.w], preceding=None, following=0)
    after = met.mutate(after=met.before + _summed(met.w.sum().over(order), met.w))
    span = after.mutate(
        first=ibis.least(after.after, after.after - after.w), last=ibis.greatest(after.after, after.after - after.w)
    )
    same = [span.payee == bands.payee, span.window == bands.window, span.fall == bands.fall]
    cut = span.join(bands, [*same, span.last > bands.lo, bands.hi.isnull() | (span.first < bands.hi)])
    top: Any = ibis.least(cut.last, cut.hi.fill_null(cut.last))
    size = top - ibis.greatest(cut.first, cut.lo)
    return cut.select(*LINE, "n", part=(cut.w < 0).ifelse(-size, size))


def _summed(total: Any, like: Any) -> Any:
    """A sum in the type of what it adds up; engines widen it, and what is wider would be kept as a float.

    By way of decimals, because a cast to the type that a sum is taken to have already is left out.
    """
    return total.cast("decimal(38, 0)").cast(like.type())


def _small(rows: Iterator[tuple[Any, ...]], schema: dict[str, str]) -> ibis.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return ibis.memtable(dict(zip(schema, map(list, columns), strict=True)), schema=ibis.schema(schema))
