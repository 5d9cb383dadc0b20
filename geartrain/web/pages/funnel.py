"""Funnel: marketing to close, both functions on one page."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from geartrain.services.access import Permission
from geartrain.services.measures.funnel import Funnel, get_funnel
from geartrain.services.view import get_view
from geartrain.web.charts import Picture, lines, ranked
from geartrain.web.compose import cards, period_label, versus
from geartrain.web.exports import exported
from geartrain.web.numbers import show
from geartrain.web.registry import Group, Page
from geartrain.web.tables import Col, make_table

NOBODY = "not said"


def funnel(request: Any) -> HttpResponse:
    """Who entered each step in the period, and how many went on."""
    view, choices = get_view(request.workspace, request.actor, asked=request.GET)
    found = get_funnel(request.workspace, request.actor, view=view)
    sources = _sources(found, request)
    if (file := exported(request, sources)) is not None:
        return file
    context = {
        "view": view,
        "choices": choices,
        "found": found,
        "steps": _steps(found, request),
        "rates": _rates(found, request),
        "cohorts": _cohorts(found, request),
        "marketing": cards(found.marketing, versus=versus(view, request.workspace.calendar)),
        "sales": cards(found.sales, versus=versus(view, request.workspace.calendar)),
        "sources": sources,
    }
    return render(request, "pages/funnel.html", context)


def _steps(found: Funnel, request: Any) -> Picture:
    rows = [{"x": s.name, "y": s.entered or 0} for s in found.steps]
    empty = not any(r["y"] for r in rows)
    return Picture(
        title="Entered in this period",
        unit="leads, then opportunities, by the day each entered the step",
        draw=ranked,
        rows=[] if empty else rows,
        options={"row_height": 34},
        alt="; ".join(f"{r['x']}: {show(r['y'])}" for r in rows),
        note="No lead or opportunity entered the funnel in this period." if empty else "",
        table=make_table(request, columns=(Col("x", "Step"), Col("y", "Entered", unit="count")), rows=rows),
    )


def _rates(found: Funnel, request: Any) -> Any:
    rows = [
        {
            "from": s.name,
            "to": after.name,
            "onward": s.onward,
            "maturity": s.maturity,
            "href": reverse("metric", args=[s.onward_key]) if s.onward_key else "",
        }
        for s, after in zip(found.steps, found.steps[1:], strict=False)
    ]
    columns = (
        Col("from", "Of those who entered", href=lambda r: r["href"], sortable=False),
        Col("to", "reached", sortable=False),
        Col("onward", "Share so far", unit="ratio", sortable=False),
        Col(
            "maturity",
            "Had their time",
            unit="ratio",
            sortable=False,
            help="Until this is 100 % the share can still rise",
        ),
    )
    return make_table(request, name="rates", columns=columns, rows=rows, caption="How many went on", export=False)


def _cohorts(found: Funnel, request: Any) -> Picture:
    rows = [
        {"x": period_label(c.period), "y": c.rates[key], "series": name}
        for c in found.cohorts
        for key, name in (("mql_to_sal", "Accepted by sales"), ("mql_to_won", "Won"))
    ]
    known = [r for r in rows if r["y"] is not None]
    numbers = [{"period": c.period, "entered": c.entered, "maturity": c.maturity, **c.rates} for c in found.cohorts]
    columns = (
        Col("period", "Entered in"),
        Col("entered", "Qualified leads", unit="count"),
        Col("mql_to_sal", "Accepted", unit="ratio"),
        Col("mql_to_won", "Won", unit="ratio"),
        Col("maturity", "Had their time", unit="ratio"),
    )
    return Picture(
        title="What became of qualified leads",
        unit="share of those who qualified in the period; the last ones are still young",
        draw=lines,
        rows=rows if known else [],
        options={"unit": "ratio"},
        alt="Share of marketing-qualified leads accepted by sales and won, by the quarter they qualified in.",
        note="" if known else "No lead has qualified in these periods.",
        table=make_table(request, columns=columns, rows=numbers),
    )


def _sources(found: Funnel, request: Any) -> Any:
    rows = [{**r, "source_function": str(r["source_function"] or NOBODY).replace("_", " ")} for r in found.sources]
    columns = (
        Col("source_function", "Brought by"),
        Col("opportunities_created", "Opportunities", unit="count"),
        Col("pipeline_created", "Pipeline created", unit="money"),
        Col("deals_won", "Won", unit="count"),
        Col("bookings", "Bookings", unit="money"),
    )
    return make_table(
        request,
        name="sources",
        columns=columns,
        rows=rows,
        sort="-bookings",
        caption="Who brought the deals",
        empty="No opportunity was created or won in this period.",
    )


PAGE = Page(
    key="funnel",
    title="Funnel",
    from_facts=True,
    path="funnel/",
    view=funnel,
    group=Group.performance,
    icon="funnel",
    permission=Permission.view_metrics,
    order=30,
)
