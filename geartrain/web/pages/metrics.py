"""Metrics: the catalogue, one metric with its trend and graph, and what a number is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from geartrain.kernel.issues import Level
from geartrain.kernel.measure import Explanation
from geartrain.services.access import Permission
from geartrain.services.measures.figures import ask, list_figures
from geartrain.services.measures.metrics import MetricCard, explain_metric, get_metric, lint_metrics, list_metrics
from geartrain.services.view import View, get_view
from geartrain.web.charts import Picture, bars, lines, ranked
from geartrain.web.compose import card, period_label, versus
from geartrain.web.exports import exported
from geartrain.web.records import record_url
from geartrain.web.registry import Group, Page, Route
from geartrain.web.tables import Col, Table, make_table

LEVELS = {"error": "bad", "warning": "warn", "info": "info"}
# Dimensions worth a chart of their own on a metric's page, the first that the metric has.
CUTS = ("region", "team", "stage", "source_function", "type", "function", "category")
SUMS = ("volume", "value", "cost")


def metrics(request: Any) -> HttpResponse:
    """The catalogue and what is wrong with it."""
    found = list_metrics(request.workspace, request.actor)
    linted = lint_metrics(request.workspace, request.actor)
    wanted = request.GET.get("q", "").strip().lower()[:100]
    function = request.GET.get("function", "")
    rows = [
        {
            "key": m.key,
            "name": m.name,
            "class": str(m.class_),
            "function": str(m.function).replace("_", " "),
            "owner": m.owner,
            "unit": m.unit.replace("_", " "),
            "version": m.version,
            "definition": m.definition.strip(),
        }
        for m in found
        if wanted in f"{m.key} {m.name} {m.definition}".lower() and function in ("", m.function)
    ]
    columns = (
        Col("name", "Metric", href=lambda r: reverse("metric", args=[r["key"]])),
        Col("definition", "Definition", wide=True, sortable=False),
        Col("function", "Function"),
        Col("class", "Class"),
        Col("owner", "Owner"),
    )
    table = make_table(
        request,
        columns=columns,
        rows=rows,
        sort="name",
        size=100,
        caption="Metrics",
        empty="No metric matches this search.",
    )
    if (file := exported(request, table)) is not None:
        return file
    context = {
        "table": table,
        "issues": [{"level": i.level, "badge": LEVELS[Level(i.level)], "issue": i} for i in linted.issues],
        "coverage": _coverage(linted.coverage, request),
        "functions": [(f, f == function) for f in sorted({str(m.function) for m in found})],
        "q": request.GET.get("q", ""),
        "total": len(found),
    }
    return render(request, "pages/metrics.html", context)


def metric(request: Any, key: str) -> HttpResponse:
    """One metric: what it means, how it goes, what it drives, and what the number of a period is made of."""
    held = get_metric(request.workspace, request.actor, key=key)
    view, choices = get_view(request.workspace, request.actor, asked=request.GET)
    found = explain_metric(
        request.workspace,
        request.actor,
        key=key,
        since=view.period.start,
        until=view.period.end,
        where=view.where,
        as_of=view.as_of,
        limit=200,
    )
    records = _records(found, request)
    if (file := exported(request, records)) is not None:
        return file
    alone = any(a.alone for a in held.metric.spec.aggregates)
    figure = None if alone else list_figures(request.workspace, request.actor, view=view, keys=[key])[0]
    context = {
        "held": held,
        "metric": held.metric,
        "view": view,
        "choices": choices,
        "found": found,
        "formula": found.formula,
        "card": figure
        and card(figure, versus=versus(view, request.workspace.calendar), title=f"In {period_label(view.period.key)}"),
        "trend": figure and _trend(held, figure.trend, view, request),
        "cut": None if alone else _cut(held, view, request),
        "records": records,
        "neighbours": {"Driven by": held.driven_by, "Drives": held.metric.drives},
        "ask": urlencode({"period": view.period.key, **view.filters}),
    }
    return render(request, "pages/metric.html", context)


def _coverage(coverage: Mapping[str, tuple[int, int]], request: Any) -> Table:
    rows = [
        {"function": str(f).replace("_", " "), "reached": r, "all": n, "share": r / n if n else None}
        for f, (r, n) in coverage.items()
    ]
    columns = (
        Col("function", "Function", sortable=False),
        Col("reached", "Reach a goal", unit="count", sortable=False),
        Col("all", "Metrics", unit="count", sortable=False),
        Col("share", "Coverage", unit="ratio", sortable=False),
    )
    return make_table(request, name="coverage", columns=columns, rows=rows, caption="Alignment coverage", export=False)


def _trend(held: MetricCard, trend: Any, view: View, request: Any) -> Picture:
    rows = [{"x": period_label(k), "y": v, "faint": view.current and k == view.period.key} for k, v in trend]
    known = [r for r in rows if r["y"] is not None]
    target = held.metric.target
    unit = held.metric.unit
    sums = str(held.metric.type) in SUMS
    return Picture(
        title="Over time",
        unit=f"{unit.replace('_', ' ')} by fiscal {view.grain}"
        + ("; the last one is still running" if view.current else ""),
        draw=bars if sums else lines,
        rows=rows if known else [],
        options={"unit": unit, "currency": request.workspace.currency, "goal": target.value if target else None},
        alt=f"{held.metric.name} by fiscal {view.grain}.",
        note="" if known else "It has no value in any of these periods.",
        table=make_table(request, columns=(Col("x", "Period"), Col("y", held.metric.name, unit=unit)), rows=rows),
    )


def _cut(held: MetricCard, view: View, request: Any) -> Picture | None:
    dimension = next((d for d in CUTS if d in held.dimensions and d not in view.filters), None)
    if dimension is None:
        return None
    key = held.metric.key
    answer = ask(request.workspace, request.actor, view, [key], by=[dimension])
    rows = [{"x": str(r[dimension] or "unknown"), "y": r[key]} for r in answer.records() if r[key] is not None][:20]
    words = dimension.replace("_", " ")
    return Picture(
        title=f"By {words}",
        unit=f"{held.metric.unit.replace('_', ' ')} in {period_label(view.period.key)}",
        draw=ranked,
        rows=rows,
        options={"unit": held.metric.unit, "currency": request.workspace.currency},
        alt=f"{held.metric.name} by {words}.",
        table=make_table(
            request, columns=(Col("x", words.capitalize()), Col("y", "Value", unit=held.metric.unit)), rows=rows
        ),
    )


def _records(found: Explanation, request: Any) -> Table:
    rows = [
        {k: ", ".join(map(str, v)) if isinstance(v, list | tuple) else v for k, v in r.items()} for r in found.records
    ]
    names = list(dict.fromkeys(c for r in rows for c in r))
    first = names[0] if names else ""

    def to_record(row: Mapping[str, Any]) -> str:
        return record_url("opportunity", row[first]) if first == "opportunity_id" and row[first] else ""

    columns = [Col(n, n.replace("_", " ").capitalize(), href=to_record if n == first else None) for n in names]
    empty = "It is made of the metrics above." if found.inputs else "No record counts in this choice."
    return make_table(request, name="records", columns=columns, rows=rows, caption="Records that count", empty=empty)


PAGE = Page(
    key="metrics",
    title="Metrics",
    from_facts=True,
    path="metrics/",
    view=metrics,
    group=Group.definitions,
    icon="metrics",
    permission=Permission.view_metrics,
    order=10,
    routes=(Route("metrics/<slug:key>/", metric, name="metric"),),
)
