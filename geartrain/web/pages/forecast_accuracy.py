"""Accuracy: how right people were, by person, level and week, and what overrides were worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from geartrain.services.access import Permission
from geartrain.services.forecasting.forecast_accuracy import Accuracy, Call, get_accuracy
from geartrain.web.cards import Kpi
from geartrain.web.charts import Picture, bars
from geartrain.web.numbers import show
from geartrain.web.parts import field, part_page
from geartrain.web.registry import Group, Page
from geartrain.web.tables import Col, make_table

FLAGS = {"happy_ears": "happy ears", "sandbagging": "keeps back"}


def accuracy(request: Any) -> HttpResponse:
    """The league of everyone who is seen."""
    period = request.GET.get("period", "")
    every = get_accuracy(request.workspace, request.actor)
    found = get_accuracy(request.workspace, request.actor, periods=[period]) if period else every
    periods = sorted({c.period for c in every.calls}, reverse=True)
    if not found.calls:
        why = "Calls are held against what came once their period is over."
        return part_page(request, title="Forecast accuracy", lead=why, crumb=("The call", reverse("the-call")),
                         empty=("Nothing to compare yet", "No call of yours, or of anybody below you, is of a period "
                                "that is over."))  # fmt: skip
    weeks = found.by("weeks_to_end")
    return part_page(
        request,
        title="Forecast accuracy",
        lead=f"What was called against what was booked, over {len({c.period for c in found.calls})} periods. "
        f"A bias above zero is over-forecast; nobody is flagged before {found.least} periods.",
        crumb=("The call", reverse("the-call")),
        fields=[field("Period", "period", period, [("", "All"), *((p, p) for p in periods)])],
        cards=_cards(found),
        pictures=[(_weeks(request, weeks), "half"), (_periods(request, found), "half")],
        tables=[
            ("By person", "Over every call of the periods; accuracy is one minus WAPE.", _people(request, found)),
            ("By level", "0 is the top of the hierarchy.", _levels(request, found)),
            ("By weeks to the end", "Of the highest level that you see.", _by_week(request, weeks)),
        ],
    )


def _cards(found: Accuracy) -> list[Kpi]:
    top = _top(found.calls)
    whole = found.by("level")[0]
    held = [c for c in found.calls if c.overridden]
    worth = sum((c.said.value_added for c in held), start=type(found.bar)(0))
    shared = [c for c in top if c.committed]
    came, said = (sum((getattr(c, k) for c in shared), start=type(found.bar)(0)) for k in ("kept", "committed"))
    return [
        Kpi("Accuracy at the top", None if whole["wape"] is None else 1 - whole["wape"], "ratio",
            note=f"{whole['calls']:,} calls of the highest level seen"),
        Kpi("Bias at the top", whole["bias"], "ratio", note="above zero: over-forecast"),
        Kpi("Commit that came", came / said if said else None, "ratio",
            note="of open deals in commit, by amount"),
        Kpi("Worth of adjustments", worth, "money", note=f"{len(held):,} adjustments by managers, error taken away"),
    ]  # fmt: skip


def _top(calls: Sequence[Call]) -> list[Call]:
    level = min(c.level for c in calls)
    return [c for c in calls if c.level == level]


def _weeks(request: Any, weeks: list[dict[str, Any]]) -> Picture:
    rows = [{"x": str(w["weeks_to_end"]), "y": w["wape"]} for w in reversed(weeks)]
    known = [r for r in rows if r["y"] is not None]
    alt = f"From {show(known[0]['y'], 'ratio')} to {show(known[-1]['y'], 'ratio')}." if known else "Not known."
    return Picture(
        title="How far off, week by week", unit="WAPE by weeks to the end of the period, highest level seen",
        draw=bars, rows=rows if known else [], options={"unit": "ratio"}, alt=alt,
        table=make_table(request, columns=(Col("x", "Weeks to the end"), Col("y", "WAPE", unit="ratio")), rows=rows),
    )  # fmt: skip


def _periods(request: Any, found: Accuracy) -> Picture:
    top = _top(found.calls)
    rows = []
    for period in sorted({c.period for c in top}):
        ones = [c.said for c in top if c.period == period]
        whole = sum(abs(e.actual) for e in ones)
        rows.append({"x": period, "y": sum(e.call - e.actual for e in ones) / whole if whole else None})
    alt = "; ".join(f"{r['x']}: {show(r['y'], 'ratio')}" for r in rows)
    return Picture(
        title="Which way, period by period", unit="bias of the highest level seen; above zero is over-forecast",
        draw=bars, rows=rows, options={"unit": "ratio"}, alt=alt,
        table=make_table(request, columns=(Col("x", "Period"), Col("y", "Bias", unit="ratio")), rows=rows),
    )  # fmt: skip


def _people(request: Any, found: Accuracy) -> Any:
    rows = [
        {"user_id": r.user, "name": found.names.get(r.user, r.user), "periods": r.n,
         "accuracy": None if r.wape is None else 1 - r.wape, "wape": r.wape, "bias": r.bias,
         "value_added": r.value_added, "flag": FLAGS.get(r.flag, "")}
        for r in found.people()
    ]  # fmt: skip
    columns = (
        Col("name", "Who"), Col("periods", "Periods", unit="count"), Col("accuracy", "Accuracy", unit="ratio"),
        Col("bias", "Bias", unit="ratio"),
        Col("value_added", "Beside the team's sum", unit="money", compact=True,
            help="How much nearer the call was than what the team, or the deals, added up to; all calls together"),
        Col("flag", "Leans", badge={"happy ears": "warn", "keeps back": "info", "": ""}),
    )  # fmt: skip
    return make_table(request, name="people", columns=columns, rows=rows, sort="-accuracy", caption="By person")


def _levels(request: Any, found: Accuracy) -> Any:
    columns = (
        Col("level", "Level", sortable=False), Col("calls", "Calls", unit="count", sortable=False),
        Col("wape", "WAPE", unit="ratio", sortable=False), Col("bias", "Bias", unit="ratio", sortable=False),
    )  # fmt: skip
    rows = [{**r, "level": str(r["level"])} for r in found.by("level")]
    return make_table(request, name="levels", columns=columns, rows=rows, caption="By level")


def _by_week(request: Any, weeks: list[dict[str, Any]]) -> Any:
    columns = (
        Col("weeks_to_end", "Weeks to the end", unit="count"), Col("calls", "Calls", unit="count"),
        Col("wape", "WAPE", unit="ratio"), Col("bias", "Bias", unit="ratio"),
    )  # fmt: skip
    return make_table(request, name="weeks", columns=columns, rows=weeks, caption="By weeks to the end")


PAGE = Page(
    key="forecast-accuracy",
    title="Forecast accuracy",
    path="forecast-accuracy/",
    view=accuracy,
    group=Group.hidden,
    icon="metrics",
    permission=Permission.view_metrics,
    order=26,
)
