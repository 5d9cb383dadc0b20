"""Capacity: what the team carries against the goal, whom to hire by when, and how sure it is."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from geartrain.kernel.errors import Invalid, NotFound
from geartrain.services.access import Permission
from geartrain.services.planning import capacity_plans as use
from geartrain.web.charts import Picture, lines
from geartrain.web.exports import exported
from geartrain.web.numbers import show
from geartrain.web.registry import Group, Page
from geartrain.web.tables import Col, Table, make_table

TITLES = {"ratio": "Of goal", "p10": "P10", "p50": "P50", "p90": "P90", "cac": "CAC", "offers_by": "Offers out by"}
MONEY = frozenset({"capacity", "goal", "gap", "cost", "difference", "p10", "p50", "p90", "cac"})
RATIOS = frozenset({"ratio", "difference_ratio", "ratio_to_goal"})


def capacity(request: Any) -> HttpResponse:
    """One plan: capacity against goal, the hires that close the gap, sensitivity and simulation."""
    keys = use.list_plans(request.workspace, request.actor)
    key = request.GET.get("policy", "") or (keys[0] if keys else "")
    context: dict[str, Any] = {"policies": keys, "key": key, "example": use.EXAMPLE}
    try:
        found = use.study(request.workspace, request.actor, key=key)
    except (NotFound, Invalid) as error:
        return render(request, "pages/capacity.html", context | {"problem": error})
    tables = {
        "periods": _table(request, "periods", found.periods, "Capacity against goal"),
        "hires": _table(request, "hires", found.hires, "Hiring plan", "Nobody needs to be hired."),
        "sensitivity": _table(request, "sensitivity", found.sensitivity, "Sensitivity"),
        "simulated": _table(request, "simulated", found.simulated, "Simulated capacity"),
    }
    for table in tables.values():
        if (file := exported(request, table)) is not None:
            return file
    context |= {"name": found.name, "issues": found.issues, "chart": _chart(request, found), "found": found}
    return render(request, "pages/capacity.html", context | tables | {"said": _said(request, found)})


def _table(request: Any, name: str, rows: list[dict[str, Any]], caption: str, empty: str = "Nothing.") -> Table:
    columns = tuple(
        Col(
            c,
            TITLES.get(c, c.replace("_", " ").capitalize()),
            unit="money" if c in MONEY else "ratio" if c in RATIOS else "",
            compact=c in MONEY,
        )
        for c in (rows[0] if rows else ())
    )
    return make_table(request, name=name, columns=columns, rows=rows, caption=caption, empty=empty)


def _chart(request: Any, found: use.Study) -> Picture:
    currency = request.workspace.currency
    series = (("Capacity", found.periods, "capacity"), ("With the hires", found.after, "capacity"))
    rows = [{"x": r["period"], "y": r[column], "series": name} for name, held, column in series for r in held]
    rows += [{"x": r["period"], "y": r["goal"], "series": "Goal"} for r in found.periods]
    last = found.periods[-1]
    capacity, goal = (show(last[c], "money", currency=currency).text for c in ("capacity", "goal"))
    return Picture(
        title="Capacity against goal",
        unit=f"{currency} by period",
        draw=lines,
        rows=rows,
        options={"unit": "money", "currency": currency},
        alt=f"In {last['period']} the capacity is {capacity} and the goal {goal}.",
    )


def _said(request: Any, found: use.Study) -> dict[str, str]:
    currency = request.workspace.currency
    told = {k: found.totals[k] for k in ("capacity", "goal", "gap", "cost", "cac")} | {
        "hire_cost": found.hire_cost,
        "gap_left": found.gap_left,
    }
    said = {k: show(v, "money", currency=currency).text for k, v in told.items()}
    return said | {k: show(v, "ratio").text for k, v in (("ratio", found.totals["ratio"]), ("chance", found.chance))}


PAGE = Page(
    key="capacity",
    title="Capacity",
    path="capacity/",
    group=Group.planning,
    icon="people",
    order=65,
    permission=Permission.run_scenarios,
    view=capacity,
)
