"""Amounts in other currencies: converted at a dated rate, or counted as not convertible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import ibis

from geartrain.kernel.measure.frame import CURRENCY, Frame
from geartrain.kernel.measure.source import Source
from geartrain.kernel.records import ColumnKind

RATES = "fx_rate"
FX_DAY = "fx_on"
# Kinds in order of preference, and for how many days a rate of the kind still holds.
HOLDS: Mapping[str, int] = {"spot": 7, "month_end": 31, "plan": 366}
# Amounts below 10^16 and rates alike: mixed decimal types do not multiply.
RATE_TYPE = "decimal(24, 8)"


def foreign(source: Source, name: str) -> frozenset[str]:
    """The currencies other than the workspace's that a type's amounts stand in."""
    kind = source.types[name]
    if CURRENCY not in kind or not any(c.kind is ColumnKind.money for c in kind.columns):
        return frozenset()
    return source.currencies(name) - {source.currency}


def with_rates(frame: Frame, currencies: frozenset[str], day: Any) -> Frame:
    """The frame with the rate of each row's currency on a day beside it; unknown where there is none.

    Args:
        frame: The rows.
        currencies: The foreign ones that occur.
        day: Day column: the closing day of what is closed, as_of for what is open.
    """
    source, window = frame.source, frame.window
    table = source.table(RATES)
    table = table.filter(table.to_currency == source.currency, table.from_currency.isin(sorted(currencies)))
    stated = source.execute(table.select("from_currency", "kind", "date", "rate")).to_pylist()
    rows = list(daily_rates(stated, until=window.as_of))
    schema = {"fx_currency": "string", "fx_day": "date", "fx_rate": RATE_TYPE}
    rates = ibis.memtable(rows, schema=schema)
    left = frame.table.mutate(**{FX_DAY: day})
    joined = left.left_join(rates, [left[CURRENCY] == rates.fx_currency, left.fx_on == rates.fx_day])
    own = joined[CURRENCY].isnull() | (joined[CURRENCY] == source.currency)
    one = ibis.literal(Decimal(1), RATE_TYPE)
    return replace(frame, table=joined.mutate(fx=ibis.ifelse(own, one, joined.fx_rate)), rate="fx")


def daily_rates(stated: Iterable[Mapping[str, Any]], *, until: date) -> Iterable[tuple[str, date, Decimal]]:
    """The rate of every currency and day up to `until`: the latest spot rate, else month-end, else plan (`HOLDS`)."""
    by_currency: dict[str, dict[str, dict[date, Decimal]]] = {}
    for row in stated:
        kinds = by_currency.setdefault(row["from_currency"], {})
        kinds.setdefault(row["kind"], {})[row["date"]] = Decimal(row["rate"]).quantize(Decimal("1e-8"))
    for currency in sorted(by_currency):
        kinds = by_currency[currency]
        best: dict[date, Decimal] = {}
        for kind, days in reversed(list(HOLDS.items())):
            at = kinds.get(kind, {})
            dates = sorted(at)
            for start, end in zip(dates, [*dates[1:], date.max][: len(dates)], strict=True):
                last = min(end, start + timedelta(days=days), until + timedelta(days=1))
                for n in range((last - start).days):
                    best[start + timedelta(days=n)] = at[start]
        yield from ((currency, day, best[day]) for day in sorted(best))
