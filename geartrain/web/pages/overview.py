"""Overview: goal against booked and pipeline, trend, what changed, what cannot be trusted."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from geartrain.services.access import Permission
from geartrain.services.measures.overview import Goal, Overview, get_overview
from geartrain.services.view import View, get_view
from geartrain.web.cards import Kpi
from geartrain.web.charts import Picture, bars, ranked
from geartrain.web.compose import cards, deals_table, href, movements, period_label, versus
from geartrain.web.numbers import show
from geartrain.web.registry import Group, Page
from geartrain.web.tables import Col, make_table


def overview(request: Any) -> HttpResponse:
    """How the period stands."""
    view, choices = get_view(request.workspace, request.actor, asked=request.GET)
    found = get_overview(request.workspace, request.actor, view=view)
    context = {
        "view": view,
        "choices": choices,
        "found": found,
        "hero": _hero(found.goal, view, request.workspace.currency),
        "cards": cards(found.figures, versus=versus(view, request.workspace.calendar)),
        "standing": _standing(found.goal, request),
        "trend": _trend(found, view, request),
        "changed": _changed(found, request),
        "won": _deals(request, found.week.won, "won", "Nothing was won this week."),
        "created": _deals(request, found.week.created, "created", "No deal was created this week."),
        "lost": _deals(request, found.week.lost, "lost", "Nothing was lost this week."),
        "quality_href": reverse("quality") if request.actor.may(Permission.view_quality) else "",
        "pipeline_href": href("pipeline", view),
    }
    return render(request, "pages/overview.html", context)


def _hero(goal: Goal, view: View, currency: str) -> Kpi:
    if goal.amount is None:
        note = "No goal is published for this choice." if view.filters else "No goal is published for this period."
        return Kpi("Booked", goal.booked, "money", note=note, href=reverse("metric", args=["bookings"]))
    left = show(goal.gap, "money", currency=currency)
    wanted = show(goal.amount, "money", currency=currency)
    note = f"of a goal of {wanted}; {left} to go, {goal.elapsed:.0%} of the time gone"
    return Kpi(
        "Booked against goal",
        goal.booked,
        "money",
        progress=goal.attainment,
        note=note,
        href=reverse("metric", args=["plan_attainment"]),
    )


def _standing(goal: Goal, request: Any) -> Picture:
    rows = [
        {"x": "This period", "y": goal.booked or 0, "series": "Booked"},
        {"x": "This period", "y": goal.open or 0, "series": "Open, due in it"},
    ]
    currency = request.workspace.currency
    wanted = f", goal {show(goal.amount, 'money', currency=currency)}" if goal.amount is not None else ""
    return Picture(
        title="Goal against booked and pipeline",
        unit=f"{currency}; dashed: the goal",
        draw=ranked,
        rows=rows,
        options={"unit": "money", "currency": currency, "goal": goal.amount, "row_height": 64},
        alt=f"Booked {show(goal.booked, 'money', currency=currency)}, open and due in the period "
        f"{show(goal.open, 'money', currency=currency)}{wanted}.",
        table=make_table(request, columns=(Col("series", "Part"), Col("y", "Amount", unit="money")), rows=rows),
    )


def _trend(found: Overview, view: View, request: Any) -> Picture:
    rows = [
        {"x": period_label(k), "y": v, "faint": view.current and k == view.period.key} for k, v in found.bookings.trend
    ]
    currency = request.workspace.currency
    known = [r for r in rows if r["y"] is not None]
    said = f"Bookings from {known[0]['x']} to {known[-1]['x']}." if known else "No bookings yet."
    return Picture(
        title="Bookings over time",
        unit=f"{currency} by fiscal {view.grain}" + ("; the pale one is still running" if view.current else ""),
        draw=bars,
        rows=rows if known else [],
        options={"unit": "money", "currency": currency, "goal": found.goal.amount},
        alt=said,
        table=make_table(request, columns=(Col("x", "Period"), Col("y", "Bookings", unit="money")), rows=rows),
        href=reverse("metric", args=["bookings"]),
    )


def _changed(found: Overview, request: Any) -> Picture:
    return movements(
        request,
        {m.name: m.amount for m in found.week.movements},
        title="What changed in the open pipeline",
        when=f"since {found.week.since:%-d %b}",
        href=reverse("pipeline"),
    )


def _deals(request: Any, deals: Any, name: str, empty: str) -> Any:
    columns = ("name", "amount")
    return deals_table(request, deals, name=name, caption=f"Deals {name} this week", empty=empty, columns=columns)


PAGE = Page(
    key="overview",
    title="Overview",
    from_facts=True,
    path="overview/",
    view=overview,
    group=Group.performance,
    icon="overview",
    permission=Permission.view_metrics,
    order=10,
)
