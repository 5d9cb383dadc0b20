"""The median duration where some are still running (Kaplan-Meier)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

import ibis
from pydantic import Field

from geartrain.kernel.measure.aggregate import Aggregate, Expression, Part, Rows, Value, divide, rounded

SECONDS = 86_400
# Survival is a product of many ratios in binary floating point: a hair above q is q.
HAIR = 1e-9


class KmMedian(Aggregate):
    """The time by which a share q has ended, reading those still running as "longer than so far".

    In days of the wall clock. Rows that end before they start are left out and counted; those that start after as_of
    do not exist. Unknown where the curve never comes down to 1 - q.
    Source: E. L. Kaplan and P. Meier, "Nonparametric estimation from incomplete observations", 1958.
    """

    agg: Literal["km_median"] = "km_median"
    start: Expression = Field(description="instant or day it began")
    end: Expression = Field(description="instant or day it ended; unknown: still running")
    q: float = Field(default=0.5, gt=0, lt=1)

    def rules(self) -> tuple[str, ...]:
        """Both ends."""
        return (self.start, self.end)

    def gives(self, rows: Rows) -> Any:
        """Both ends as text, the second empty while it is running."""
        start, end = (rows.value(rule).cast("string") for rule in (self.start, self.end))
        return start.fill_null("") + " to " + end.fill_null("")

    def parts(self) -> Mapping[str, Part]:
        """None: the curve needs more than one pass."""
        return {}

    def own(self, rows: Rows, keys: Mapping[str, Any]) -> Any:
        """Per key: rows, those ended, those that end before they start, and the seconds by which q has ended."""
        keys = keys or {"whole": ibis.literal(0)}
        cut = ibis.literal(rows.frame.window.wall_cut, "timestamp(6)")
        start, end = (rows.value(rule).cast("timestamp(6)") for rule in (self.start, self.end))
        ended = (end < cut).fill_null(False)
        seconds = ibis.ifelse(ended, end, cut).epoch_seconds() - start.epoch_seconds()
        lives = rows.frame.table
        began = start < cut
        lives = lives.filter(began if rows.condition is None else began & rows.condition)
        lives = lives.select(**keys, t=seconds, ended=ended)
        by = list(keys)
        counts = lives.group_by(by).aggregate(
            n=lives.count(where=lives.t >= 0),
            ended=lives.count(where=(lives.t >= 0) & lives.ended),
            negative=lives.count(where=lives.t < 0),
        )
        lives = lives.filter(lives.t >= 0)
        steps = lives.group_by([*by, "t"]).aggregate(d=lives.count(where=lives.ended), m=lives.count())
        later = ibis.window(group_by=by, order_by=steps.t.desc(), preceding=None, following=0)
        steps = steps.mutate(at_risk=steps.m.sum().over(later))
        left = (steps.at_risk - steps.d).cast("float64") / steps.at_risk.cast("float64")
        # ln 0 is taken for the step that leaves nobody: far below any q.
        steps = steps.mutate(fall=ibis.ifelse(left > 0, left, ibis.literal(1e-300)).ln())
        earlier = ibis.window(group_by=by, order_by=steps.t, preceding=None, following=0)
        steps = steps.mutate(survive=steps.fall.sum().over(earlier).exp())
        steps = steps.filter(steps.d > 0, steps.survive <= (1 - self.q) + HAIR)
        reached = steps.group_by(by).aggregate(seconds=steps.t.min())
        same = [counts[k].identical_to(reached[k]) for k in by]
        return counts.left_join(reached, same)[[*by, "n", "ended", "negative", "seconds"]]

    def finish(self, parts: Mapping[str, Any], *, scale: int) -> Value:
        """Days, rounded to the scale."""
        n, ended = int(parts.get("n") or 0), int(parts.get("ended") or 0)
        detail = {"ended": ended, "running": n - ended, "negative": int(parts.get("negative") or 0)}
        seconds = parts.get("seconds")
        if seconds is None:
            reason = f"only {ended} of {n} have ended: fewer than {Decimal(str(self.q)):%}" if n else "no rows"
            return Value(None, n, detail, reason)
        days = divide(seconds, SECONDS, scale)
        return Value(None if days is None else rounded(days, scale), n, detail)


PRIMITIVE = KmMedian
