"""Of those that began, the share to have ended one way by so many days (Aalen-Johansen)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import ibis
from pydantic import Field

from geartrain.kernel.measure.aggregate import Aggregate, Expression, Part, Rows, Value, exact, rounded

DAY = 86_400  # seconds


class CumulativeIncidence(Aggregate):
    """The probability of ending one way within so many days, where others end another way and some are still running.

    What a young cohort's plain share cannot say: those still running count as long as they were followed, and an end of
    the other kind (a lost deal) is an end, not a "not yet". In days of the wall clock; rows that end before they start
    are left out and counted. Unknown where nobody was followed for so long.

    Example: won after 10 and 30 days, lost after 20, one running for 15: 1/4 + 3/8 = 0.625 within 30 days.
    Source: O. Aalen and S. Johansen, "An empirical transition matrix for non-homogeneous Markov chains", 1978.
    """

    agg: Literal["cumulative_incidence"] = "cumulative_incidence"
    start: Expression = Field(description="instant or day it began")
    end: Expression = Field(description="instant or day it ended, either way; unknown: still running")
    reached: Expression = Field(description="rule: it ended the way that is meant")
    within: int = Field(gt=0, description="days from the start that count")

    def rules(self) -> tuple[str, ...]:
        """Both ends, and which of the two ways."""
        return (self.start, self.end, self.reached)

    def gives(self, rows: Rows) -> Any:
        """Whether the row ended that way, the other way, or not yet."""
        ended = rows.value(self.end).notnull()
        return ibis.cases((rows.value(self.reached) & ended, "reached"), (ended, "ended"), else_="running")

    def parts(self) -> Mapping[str, Part]:
        """None: the curve needs more than one pass."""
        return {}

    def own(self, rows: Rows, keys: Mapping[str, Any]) -> Any:
        """Per key: rows, those that reached, all that ended, those followed for the whole time, and the share."""
        keys = keys or {"whole": ibis.literal(0)}
        cut = ibis.literal(rows.frame.window.wall_cut, "timestamp(6)")
        start, end = (rows.value(rule).cast("timestamp(6)") for rule in (self.start, self.end))
        ended = (end < cut).fill_null(False)
        reached = ended & rows.value(self.reached).fill_null(False)
        seconds = ibis.ifelse(ended, end, cut).epoch_seconds() - start.epoch_seconds()
        lives, began = rows.frame.table, start < cut
        lives = lives.filter(began if rows.condition is None else began & rows.condition)
        lives = lives.select(**keys, t=seconds, ended=ended, reached=reached)
        by, last = list(keys), self.within * DAY
        counts = lives.group_by(by).aggregate(
            n=lives.count(where=lives.t >= 0),
            reached=lives.count(where=(lives.t >= 0) & lives.reached),
            ended=lives.count(where=(lives.t >= 0) & lives.ended),
            followed=lives.count(where=(lives.t >= last) | ((lives.t >= 0) & lives.ended)),
            negative=lives.count(where=lives.t < 0),
        )
        lives = lives.filter(lives.t >= 0)
        steps = lives.group_by([*by, "t"]).aggregate(
            d=lives.count(where=lives.ended), own=lives.count(where=lives.reached), m=lives.count()
        )
        later = ibis.window(group_by=by, order_by=steps.t.desc(), preceding=None, following=0)
        steps = steps.mutate(at_risk=steps.m.sum().over(later))
        left = (steps.at_risk - steps.d).cast("float64") / steps.at_risk.cast("float64")
        # After the step that leaves nobody there is no other, so its fall is never used.
        steps = steps.mutate(fall=ibis.ifelse(left > 0, left, ibis.literal(1.0)).ln())
        earlier = ibis.window(group_by=by, order_by=steps.t, preceding=None, following=0)
        steps = steps.mutate(survive=(steps.fall.sum().over(earlier) - steps.fall).exp())
        steps = steps.mutate(rise=steps.survive * steps.own.cast("float64") / steps.at_risk.cast("float64"))
        shares = steps.group_by(by).aggregate(share=steps.rise.sum(where=steps.t <= last))
        same = [counts[k].identical_to(shares[k]) for k in by]
        names = ["n", "reached", "ended", "followed", "negative", "share"]
        return counts.left_join(shares, same)[[*by, *names]]

    def finish(self, parts: Mapping[str, Any], *, scale: int) -> Value:
        """The share, rounded to the scale, with how many it rests on."""
        names = ("n", "reached", "ended", "followed", "negative")
        n, reached, ended, followed, negative = (int(parts.get(name) or 0) for name in names)
        detail = {"reached": reached, "ended": ended, "running": n - ended, "followed": followed, "negative": negative}
        if not n or not followed:
            return Value(None, n, detail, f"nobody was followed for {self.within} days" if n else "no rows")
        return Value(rounded(exact(float(parts.get("share") or 0)), scale), n, detail)


PRIMITIVE = CumulativeIncidence
