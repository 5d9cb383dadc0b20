"""Operating model: the six questions about how the company sells, what answers each, and how far the goals are."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from geartrain.services.access import Permission
from geartrain.services.planning import operating_model as use
from geartrain.web.exports import exported
from geartrain.web.registry import Group, Page
from geartrain.web.tables import Col, Table, make_table

STATES = {use.ANSWERED: "good", use.UNAPPROVED: "warn", use.OPEN: "bad"}


def operating_model(request: Any) -> HttpResponse:
    """The page."""
    found = use.operating_model(request.workspace, request.actor)
    goals = _goals(request, found.goals)
    if (file := exported(request, goals)) is not None:
        return file
    context = {
        "found": found,
        "questions": [(q, STATES[q.state]) for q in found.questions],
        "goals": goals,
        "issues": found.issues,
        "may_edit": request.actor.may(Permission.edit_policies),
    }
    return render(request, "pages/operating_model.html", context)


def _goals(request: Any, goals: tuple[use.GoalStands, ...]) -> Table:
    rows = [
        {
            "name": f"{'– ' if g.parent else ''}{g.name}",
            "metric": g.metric.replace("_", " "),
            "key": g.metric,
            "owner": g.owner,
            "period": g.period or None,
            "wanted": g.wanted,
            "reached": g.reached,
            "attainment": g.attainment,
            "elapsed": g.elapsed,
        }
        for g in goals
    ]
    columns = (
        Col("name", "Goal"),
        Col("metric", "Read on", href=lambda r: reverse("metric", args=[r["key"]])),
        Col("owner", "Owner"),
        Col("period", "Period"),
        Col("wanted", "Wanted", unit="money", compact=True),
        Col("reached", "Reached", unit="money", compact=True),
        Col("attainment", "Attainment", unit="ratio"),
        Col("elapsed", "Of the period", unit="ratio"),
    )
    empty = "No goal is stated. Write a corporate_goals policy: what is wanted of which metric, by when."
    return make_table(request, name="goals", columns=columns, rows=rows, caption="Corporate goals", empty=empty)


PAGE = Page(
    key="operating-model",
    title="Operating model",
    path="operating-model/",
    group=Group.definitions,
    icon="gear",
    order=10,
    permission=Permission.view_policies,
    view=operating_model,
)
