"""Pipeline: how much is open, due when, in which stage, and where deals get stuck."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from geartrain.services.access import Permission
from geartrain.services.forecasting.pipeline import Pipeline, Stage, get_pipeline
from geartrain.services.view import get_view
from geartrain.web.charts import Picture, bars, ranked
from geartrain.web.compose import SHORT_FLAGS, cards, deals_table, movements, versus
from geartrain.web.exports import exported
from geartrain.web.numbers import show
from geartrain.web.registry import Group, Page
from geartrain.web.tables import Col, make_table


def pipeline(request: Any) -> HttpResponse:
    """The open pipeline at the end of the day that is seen."""
    view, choices = get_view(request.workspace, request.actor, asked=request.GET)
    flag, stage = request.GET.get("flag", ""), request.GET.get("stage", "")
    found = get_pipeline(request.workspace, request.actor, view=view, flag=flag, stage=stage)
    deals = deals_table(
        request, found.deals, name="deals", caption="Open deals", empty="No open deal matches this choice."
    )
    if (file := exported(request, deals)) is not None:
        return file
    context = {
        "view": view,
        "choices": choices,
        "found": found,
        "cards": cards(found.figures, versus=versus(view, request.workspace.calendar)),
        "stages": _stages(found, request),
        "stuck": _stuck(found, request),
        "slowest": _slowest(found),
        "months": _months(found, request),
        "waterfall": movements(
            request,
            dict(found.waterfall),
            title="What became of the pipeline in this period",
            when="every deal counts once",
        ),
        "deals": deals,
        "flags": [(k, v, k == flag) for k, v in SHORT_FLAGS.items()],
        "flag": flag,
        "stage": stage,
    }
    return render(request, "pages/pipeline.html", context)


def _stages(found: Pipeline, request: Any) -> Picture:
    currency = request.workspace.currency
    rows = [{"x": f"{s.stage} ({s.deals:,})", "y": s.amount} for s in found.stages if s.deals]
    return Picture(
        title="Open pipeline by stage",
        unit=f"{currency}; deals in brackets",
        draw=ranked,
        rows=rows,
        options={"unit": "money", "currency": currency},
        alt="; ".join(f"{r['x']}: {show(r['y'], 'money', currency=currency)}" for r in rows),
        table=make_table(request, columns=(Col("x", "Stage"), Col("y", "Amount", unit="money")), rows=rows),
    )


def _stuck(found: Pipeline, request: Any) -> Any:
    rows = [
        {"stage": s.stage, "deals": s.deals, "conversion": s.conversion, "days": s.days, "days_p90": s.days_p90}
        for s in found.stages
    ]
    columns = (
        Col("stage", "Stage", sortable=False),
        Col("deals", "Open now", unit="count", sortable=False),
        Col(
            "conversion", "Go on", unit="ratio", sortable=False, help="Of those that entered it, the share that went on"
        ),
        Col("days", "Half leave within", unit="days", sortable=False, help="Median, deals still inside included"),
        Col(
            "days_p90",
            "Nine in ten within",
            unit="days",
            sortable=False,
            help="n/a: more than one in ten is still inside",
        ),
    )
    return make_table(
        request,
        name="stages",
        columns=columns,
        rows=rows,
        caption="Where deals get stuck",
        export=False,
        empty="No stage has been entered in the last four quarters.",
    )


def _slowest(found: Pipeline) -> Stage | None:
    """Where deals stay longest, by the median."""
    return max((s for s in found.stages if s.days is not None), key=lambda s: s.days, default=None)


def _months(found: Pipeline, request: Any) -> Picture:
    currency = request.workspace.currency
    rows = [{"x": k, "y": v, "faint": k in ("overdue", "later", "no date")} for k, v in found.by_month]
    return Picture(
        title="When open deals are due",
        unit=f"{currency} by expected closing month",
        draw=bars,
        rows=rows,
        options={"unit": "money", "currency": currency},
        alt="; ".join(f"{r['x']}: {show(r['y'], 'money', currency=currency)}" for r in rows),
        table=make_table(request, columns=(Col("x", "Month"), Col("y", "Amount", unit="money")), rows=rows),
    )


PAGE = Page(
    key="pipeline",
    title="Pipeline",
    from_facts=True,
    path="pipeline/",
    view=pipeline,
    group=Group.forecast,
    icon="pipeline",
    permission=Permission.view_metrics,
    order=20,
)
