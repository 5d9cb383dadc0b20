"""Productivity: by seller, team, region or manager, each number leading to its records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from geartrain.services.access import Permission
from geartrain.services.measures.productivity import GROUPS, Productivity, get_productivity
from geartrain.services.records.deals import list_deals
from geartrain.services.view import View, get_view
from geartrain.web.charts import Picture, ranked
from geartrain.web.compose import cards, deals_table, href, versus
from geartrain.web.exports import exported
from geartrain.web.numbers import show
from geartrain.web.registry import Group, Page, Route
from geartrain.web.tables import Col, Table, make_table

# How many bars a chart of sellers shows; the table has them all.
BARS = 15


def productivity(request: Any) -> HttpResponse:
    """The team in a period."""
    view, choices = get_view(request.workspace, request.actor, asked=request.GET)
    by = request.GET.get("by", "seller")
    found = get_productivity(request.workspace, request.actor, view=view, by=by)
    table = _table(found, view, request)
    if (file := exported(request, table)) is not None:
        return file
    context = {
        "view": view,
        "choices": choices,
        "found": found,
        "cards": cards(found.figures, versus=versus(view, request.workspace.calendar)),
        "booked": _booked(found, request),
        "hours": _hours(found, request),
        "table": table,
        "groups": [(g, g == by) for g in GROUPS],
    }
    return render(request, "pages/productivity.html", context)


def seller(request: Any, user_id: str) -> HttpResponse:
    """The deals behind one seller's numbers."""
    view, choices = get_view(request.workspace, request.actor, asked=request.GET)
    tables = []
    for what, empty in (("won", "Nothing won."), ("lost", "Nothing lost."), ("open", "Nothing open.")):
        deals = list_deals(request.workspace, request.actor, view=view, what=what, owner=user_id, limit=500)
        table = deals_table(request, deals, name=what, caption=f"Deals {what}", empty=f"{empty[:-1]} in this choice.")
        if (file := exported(request, table)) is not None:
            return file
        tables.append((what, deals, table))
    name = next((d.rows[0]["owner"] for _, d, _ in tables if d.rows), user_id)
    context = {"view": view, "choices": choices, "tables": tables, "name": name, "back": href("productivity", view)}
    return render(request, "pages/seller.html", context)


def _table(found: Productivity, view: View, request: Any) -> Table:
    def to_records(row: Mapping[str, Any]) -> str:
        if found.by in ("seller", "manager"):
            return f"{reverse('seller', args=[row['key']])}?period={view.period.key}" if row["key"] else ""
        return href("pipeline", view, **{found.by: row["key"]}) if row["key"] else ""

    metrics = [
        Col(k, m["name"], unit=m["unit"], compact=m["unit"] == "money", help=m["definition"])
        for k, m in found.metrics.items()
    ]
    return make_table(
        request,
        name="people",
        columns=(Col("name", found.by.capitalize(), href=to_records), *metrics),
        rows=found.rows,
        sort="-bookings",
        size=100,
        caption=f"Productivity by {found.by}",
        empty="Nobody has deals, quotas or hours in this period.",
    )


def _booked(found: Productivity, request: Any) -> Picture:
    currency = request.workspace.currency
    rows = sorted(
        ({"x": str(r["name"]), "y": r["bookings"]} for r in found.rows if r["bookings"]), key=lambda r: -r["y"]
    )
    left = len(rows) - BARS
    return Picture(
        title=f"Bookings by {found.by}",
        unit=currency + (f"; the {BARS} largest of {len(rows)}" if left > 0 else ""),
        draw=ranked,
        rows=rows[:BARS],
        options={"unit": "money", "currency": currency, "row_height": 22},
        alt="; ".join(f"{r['x']}: {show(r['y'], 'money', currency=currency)}" for r in rows[:BARS]),
        note="" if rows else "Nothing was booked in this period.",
        table=make_table(
            request, columns=(Col("x", found.by.capitalize()), Col("y", "Bookings", unit="money")), rows=rows
        ),
    )


def _hours(found: Productivity, request: Any) -> Picture:
    total = sum(h or 0 for _, h in found.hours)
    rows = [{"x": c.replace("_", " ").capitalize(), "y": (h or 0) / total} for c, h in found.hours] if total else []
    return Picture(
        title="Where the hours go",
        unit="share of all hours logged in the period",
        draw=ranked,
        rows=rows,
        options={"unit": "ratio"},
        alt="; ".join(f"{r['x']}: {show(r['y'], 'ratio')}" for r in rows),
        note="" if rows else "No hours were logged in this period.",
        table=make_table(request, columns=(Col("x", "Category"), Col("y", "Share", unit="ratio")), rows=rows),
    )


PAGE = Page(
    key="productivity",
    title="Productivity",
    from_facts=True,
    path="productivity/",
    view=productivity,
    group=Group.performance,
    icon="productivity",
    permission=Permission.view_metrics,
    order=40,
    routes=(Route("productivity/<str:user_id>/", seller, name="seller", permission=Permission.view_records),),
)
