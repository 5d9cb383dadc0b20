"""A balance: the sum over the rows open at the end of the period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

import ibis
from pydantic import Field

from geartrain.kernel.measure.aggregate import Aggregate, Expression, Part, Value, count_part, exact, known_part
from geartrain.kernel.measure.frame import BALANCE_DAY, Frame
from geartrain.kernel.measure.primitives.sum import Sum, sum_part
from geartrain.kernel.periods import FiscalCalendar, Grain
from geartrain.kernel.records import ColumnKind


class AsOfSum(Aggregate):
    """A balance at an instant: what is open at the end of each period, or of as_of where that is earlier.

    A row is open from the instant `opened` up to, not including, `closed`; of day columns, from that day up to the one
    before. Balances of several periods never add up.
    """

    agg: Literal["as_of_sum"] = "as_of_sum"
    of: Expression | None = Field(default=None, description="left out: rows are counted")
    opened: str = Field(description="column: from when a row counts")
    closed: str | None = Field(default=None, description="column: from when it no longer does; unknown: still")
    due: str | None = Field(default=None, description="column: keep rows due within the period of the balance")

    @property
    def additive(self) -> bool:
        """Parts of one balance sum to it."""
        return True

    @property
    def basis(self) -> tuple[str, ...]:
        """Balances of the same rows share a scan."""
        return ("balance", self.opened, self.closed or "", self.due or "")

    def rules(self) -> tuple[str, ...]:
        """What is summed."""
        return () if self.of is None else (self.of,)

    def columns(self) -> tuple[str, ...]:
        """The dates it reads."""
        return tuple(c for c in (self.opened, self.closed, self.due) if c)

    def spread(self, frame: Frame, grain: Grain | None) -> tuple[Frame, Any | None]:
        """One row per row and balance it is part of."""
        days = frame.window.balance_days(grain, begins=_earliest(frame, self.opened, grain))
        calendar = frame.window.calendar
        if len(days) == 1:
            period, day = days[0]
            table = frame.table.mutate(
                balance_key=ibis.literal(period.key), balance_day=ibis.literal(day, "date"),
                balance_at=ibis.literal(_end(day, calendar), "timestamp(6)"),
                balance_from=ibis.literal(period.start, "date"), balance_to=ibis.literal(period.end, "date"),
            )  # fmt: skip
        else:
            rows = [(p.key, d, _end(d, calendar), p.start, p.end) for p, d in days]
            schema = {"balance_key": "string", "balance_day": "date", "balance_at": "timestamp(6)",
                      "balance_from": "date", "balance_to": "date"}  # fmt: skip
            table = frame.table.cross_join(ibis.memtable(rows, schema=schema))
        frame = replace(frame, table=table)
        table = table.filter(self._open(frame))
        spread = replace(frame, table=table, beside=frozenset({BALANCE_DAY}))
        return spread, table.balance_key

    def _open(self, frame: Frame) -> list[Any]:
        table = frame.table

        def begun(column: str) -> Any:
            if frame.kind(column) is ColumnKind.day:
                return table[column] <= table.balance_day
            return table[column] < table.balance_at

        found = [begun(self.opened)]
        if self.closed:
            found.append(table[self.closed].isnull() | ~begun(self.closed))
        if self.due:
            due = frame.read(self.due)
            due = due.date() if due.type().is_timestamp() else due
            found += [due >= table.balance_from, due < table.balance_to]
        return found

    def parts(self) -> Mapping[str, Part]:
        """The sum with its counts, or the count."""
        if self.of is None:
            return {"n": count_part()}
        return {"n": count_part(), "known": known_part(self.of), "sum": sum_part(self.of)}

    def finish(self, parts: Mapping[str, Any], *, scale: int) -> Value:
        """The balance itself; nothing open is 0."""
        if self.of is None:
            n = int(parts.get("n") or 0)
            return Value(n, n)
        done = Sum(of=self.of).finish(parts, scale=scale)
        return replace(done, value=exact(done.value), detail={"n_null": done.detail["n_null"]})


def _earliest(frame: Frame, opened: str, grain: Grain | None) -> date | None:
    """The first day anything was open, where the question does not say when to begin."""
    if grain is None or frame.window.since is not None:
        return None
    first = frame.source.execute(frame.table.aggregate(first=frame.table[opened].min())).to_pylist()[0]["first"]
    return frame.window.calendar.day_of(first) if isinstance(first, datetime) else first


def _end(day: date, calendar: FiscalCalendar) -> datetime:
    return calendar.instant(day + timedelta(days=1))


PRIMITIVE = AsOfSum
