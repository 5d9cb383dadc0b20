"""Of those that entered in the period, the share that reached."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

import ibis
from pydantic import Field

from geartrain.kernel.measure.aggregate import Aggregate, Expression, Part, Rows, Value, count_part, divide


class CohortConversion(Aggregate):
    """The share of a cohort that got there, by the day it entered; never the month's arrivals over its entries.

    Days are those of the wall clock. The cohort's maturity, the share of it that has had its time by as_of, stands
    beside the number: below 1 the share can still rise.
    """

    agg: Literal["cohort_conversion"] = "cohort_conversion"
    entered: str = Field(description="column: when a row joined its cohort")
    reached: Expression = Field(description="when it got there; unknown: it has not")
    within: int | None = Field(default=None, gt=0, description="days from entering that count; any where left out")
    matures: int | None = Field(default=None, gt=0, description="days after which a row is mature; else within")

    @property
    def dated(self) -> str:
        """A cohort is those that entered in the period."""
        return self.entered

    def rules(self) -> tuple[str, ...]:
        """Both dates."""
        return (self.entered, self.reached)

    def gives(self, rows: Rows) -> Any:
        """Whether the row got there."""
        return ibis.ifelse(self._reached(rows).fill_null(False), "reached", "not reached")

    def parts(self) -> Mapping[str, Part]:
        """The cohort, those that reached, and of both those that have had their time."""
        key = (self.entered, self.reached, self.within, self.matures)
        found = {"n": count_part(), "reached": Part(("reached", *key), lambda rows: _count(rows, self._reached(rows)))}
        if self.matures or self.within:
            found["mature"] = Part(("mature", *key), lambda rows: _count(rows, self._mature(rows)))
            both = Part(("both", *key), lambda rows: _count(rows, self._mature(rows) & self._reached(rows)))
            found["reached_mature"] = both
        return found

    def _reached(self, rows: Rows) -> Any:
        entered, reached = _day(rows.value(self.entered)), _day(rows.value(self.reached))
        there = reached <= ibis.literal(rows.frame.window.as_of, "date")
        return there if self.within is None else there & (reached.delta(entered, unit="day") <= self.within)

    def _mature(self, rows: Rows) -> Any:
        last = rows.frame.window.as_of - timedelta(days=self.matures or self.within or 0)
        return _day(rows.value(self.entered)) <= ibis.literal(last, "date")

    def finish(self, parts: Mapping[str, Any], *, scale: int) -> Value:
        """Reached over the cohort."""
        n, reached = int(parts.get("n") or 0), int(parts.get("reached") or 0)
        detail: dict[str, Any] = {"numerator": reached, "denominator": n}
        if self.matures or self.within:
            mature = int(parts.get("mature") or 0)
            detail["maturity"] = divide(mature, n, scale)
            detail["matured"] = divide(int(parts.get("reached_mature") or 0), mature, scale)
        return Value(divide(reached, n, scale), n, detail, "" if n else "nobody entered")


def _count(rows: Rows, condition: Any) -> Any:
    return rows.frame.table.count(where=rows.also(condition))


def _day(value: Any) -> Any:
    return value.date() if value.type().is_timestamp() else value


PRIMITIVE = CohortConversion
