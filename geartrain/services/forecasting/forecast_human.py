"""What people called, for a backtest: the whole company's number of each past call."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

from geartrain.intelligence.forecast.engine import Span
from geartrain.kernel.hierarchy import Hierarchy
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions


@dataclass(frozen=True)
class Humans:
    """By period, the days of its calls in order and what the company called on each; `version` changes with them."""

    calls: Mapping[Span, tuple[list[int], list[float]]] = field(default_factory=dict)
    version: int | None = None

    def said(self, day: int, span: Span) -> float | None:
        """The latest call of a period up to a day, carried forward; None where there was none."""
        days, amounts = self.calls.get(span, ([], []))
        at = bisect_right(days, day)
        return amounts[at - 1] if at else None


def humans_of(ws: Workspace) -> Humans:
    """The number of those above whom nobody stands, of every call: what counts, a manager's adjustment first.

    A call where they said nothing is none: the backtest carries forward what they said before.
    """
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import ForecastCall, ForecastSubmission

    rows = ForecastSubmission.objects.filter(category="call").order_by("id")
    said: dict[int, dict[str, tuple[str, float]]] = {}
    for call, user, kind, amount in rows.values_list("call_id", "user_id", "kind", "amount"):
        line = said.setdefault(call, {})
        if kind == "manager" or line.get(user, ("own",))[0] != "manager":
            line[user] = kind, float(amount)
    found: dict[Span, tuple[list[int], list[float]]] = {}
    for call in ForecastCall.objects.filter(pk__in=said).order_by("as_of"):
        hierarchy = Hierarchy(call.hierarchy)
        tops = [amount for user, (_, amount) in said[call.pk].items() if not hierarchy.chain(user)]
        if tops:
            period = ws.calendar.parse(call.period)
            days, amounts = found.setdefault((period.start.toordinal(), period.end.toordinal()), ([], []))
            days.append(call.as_of.toordinal())
            amounts.append(sum(tops))
    return Humans(found, ForecastSubmission.objects.order_by("-id").values_list("id", flat=True).first())
