"""Metrics as pages show them: a value, the same stretch of the period before, and how it went lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from geartrain.kernel.measure import Answer
from geartrain.kernel.periods import Grain, Period
from geartrain.services.access import Actor
from geartrain.services.measures.metrics import query_metrics
from geartrain.services.view import View
from geartrain.services.workspace import Workspace

# How many periods a trend goes back, the one looked at included.
TREND = 8


@dataclass(frozen=True)
class Figure:
    """One metric for one period.

    Args:
        before: Its value in the same stretch of the period before: like is compared with like.
        trend: (period key, value), oldest first, the period looked at last; unknown values kept.
        detail: What the value rests on: n, numerator, denominator, interval, maturity.
        reason: Why there is no value.
    """

    key: str
    name: str
    unit: str
    direction: str
    value: Any
    before: Any = None
    trend: Sequence[tuple[str, Any]] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    notes: Sequence[str] = ()
    version: Any = None
    definition: str = ""

    @property
    def change(self) -> Any:
        """How it moved: the difference for ratios, else the relative change; None where either is unknown or zero."""
        if self.value is None or self.before is None:
            return None
        if self.unit == "ratio":
            return self.value - self.before
        return (self.value - self.before) / abs(self.before) if self.before else None

    @property
    def better(self) -> bool | None:
        """Whether it moved the way it should; None where it did not move or neither way is better."""
        if not self.change or self.direction not in ("up", "down"):
            return None
        return (self.change > 0) == (self.direction == "up")


def list_figures(ws: Workspace, actor: Actor, *, view: View, keys: Sequence[str], trend: bool = True) -> list[Figure]:
    """Figures in the order of the keys; the answers are remembered, so asking again costs nothing."""
    now = ask(ws, actor, view, keys)
    earlier, seen = _same_stretch_before(ws, view)
    # The whole period before, seen from as far into it: quotas and due dates reach to its end there too.
    before = ask(ws, actor, view, keys, since=earlier.start, until=earlier.end, as_of=seen)
    # What has no date of its own is as it is on the day that is seen: it has no past to show.
    dated = [k for k in keys if now.metrics[k]["dated_by"]]
    lately = _trend(ws, actor, view, dated) if trend and dated else {}
    row, row_before = _only(now), _only(before)
    detail = now.detail[0] if now.detail else {}
    return [
        Figure(
            key=key,
            name=now.metrics[key]["name"],
            unit=now.metrics[key]["unit"],
            direction=now.metrics[key]["direction"],
            value=row.get(key),
            before=row_before.get(key),
            trend=lately.get(key, ()),
            detail={k: v for k, v in detail.get(key, {}).items() if k != "reason"},
            reason=detail.get(key, {}).get("reason", ""),
            notes=now.metrics[key]["notes"],
            version=now.metrics[key]["version"],
            definition=now.metrics[key]["definition"],
        )
        for key in keys
    ]


def ask(
    ws: Workspace,
    actor: Actor,
    view: View,
    keys: Sequence[str],
    *,
    by: Sequence[str] = (),
    since: date | None = None,
    until: date | None = None,
    as_of: date | None = None,
) -> Answer:
    """The metrics within the view's filters, over its period where no other stretch is named."""
    return query_metrics(
        ws,
        actor,
        keys=list(keys),
        by=list(by),
        since=since or view.period.start,
        until=until or view.period.end,
        where=view.where,
        as_of=as_of or view.as_of,
    )


def periods_back(ws: Workspace, view: View, count: int = TREND) -> list[Period]:
    """The view's period and those before it, oldest first."""
    found = [view.period]
    while len(found) < count:
        found.append(ws.calendar.previous(found[-1], view.grain))
    return found[::-1]


def _same_stretch_before(ws: Workspace, view: View) -> tuple[Period, date]:
    """The period before, and the day in it that is as far in as the day that is seen."""
    earlier = ws.calendar.previous(view.period, view.grain)
    if not view.current:
        return earlier, earlier.end - timedelta(days=1)
    return earlier, min(earlier.start + (view.as_of - view.period.start), earlier.end - timedelta(days=1))


def _trend(ws: Workspace, actor: Actor, view: View, keys: Sequence[str]) -> dict[str, list[tuple[str, Any]]]:
    back = periods_back(ws, view)
    by = "year" if view.grain is Grain.year else "quarter"
    found = ask(ws, actor, view, keys, by=[by], since=back[0].start, until=back[-1].end)
    values = {str(r[by]): r for r in found.records()}
    return {key: [(p.key, values.get(p.key, {}).get(key)) for p in back] for key in keys}


def _only(answer: Answer) -> dict[str, Any]:
    return answer.records()[0] if answer.rows else {}
