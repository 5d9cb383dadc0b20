"""Fairness: quotas against pay, potential and the past; who is expected to attain; outliers with the reason."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from geartrain.kernel.errors import Forbidden, Invalid, NotFound
from geartrain.services.access import Permission
from geartrain.services.planning import quotas_fairness as use
from geartrain.services.planning.quotas import KIND
from geartrain.services.policies import current_policies
from geartrain.web.cards import Kpi
from geartrain.web.exports import exported
from geartrain.web.registry import Group, Page
from geartrain.web.tables import Col, Table, make_table

MONEY = frozenset({"quota", "ote", "potential", "base", "hedged"})
RATIOS = frozenset({"prior_attainment", "chance", "expected_to_attain", "over_assignment", "dispersion", "plan_met"})
TITLES = {
    "name": "Who",
    "ote": "OTE",
    "quota_to_ote": "Quota ÷ OTE",
    "quota_to_potential": "Quota ÷ potential",
    "outside_ote": "Outside the range",
    "dispersion": "Spread of quota ÷ potential",
    "spearman_potential": "Rank agreement with potential",
    "spearman_attainment": "Rank agreement with past attainment",
    "chance": "Expected to attain",
    "prior_attainment": "Attained before",
    "node_id": "Id",
    "ratio": "Street ÷ plan",
}


def fairness(request: Any) -> HttpResponse:
    """The panel of a policy in force."""
    keys = sorted(current_policies(request.workspace).of(KIND))
    key = request.GET.get("policy", "") or (keys[0] if keys else "")
    context: dict[str, Any] = {"policies": keys, "key": key}
    try:
        panel = use.workspace_fairness(request.workspace, request.actor, policy=key)
    except (Forbidden, NotFound, Invalid) as error:
        return render(request, "pages/fairness.html", context | {"problem": error})
    found = panel.found
    tables = {
        "roles": _table(request, "roles", list(found.roles()), "By role"),
        "outliers": _table(request, "outliers", list(found.outliers()), "Outliers", "Nobody is an outlier."),
        "sellers": _table(request, "sellers", list(found.rows()), "Everyone"),
        "levels": _table(request, "levels", list(found.levels), "Over-assignment by level"),
        "risk": _table(request, "risk", _risk(found), "Chance that the plan is met", found.why or "Nothing."),
    }
    for table in tables.values():
        if (file := exported(request, table)) is not None:
            return file
    low, high = found.bounds.quota_to_ote
    bounds = f"{low:f} to {high:f} times the pay at target, {found.bounds.potential_band * 100:.0f} % of the median"
    return render(request, "pages/fairness.html", context | tables | {"cards": _cards(found), "bounds": bounds})


def _risk(found: Any) -> list[dict[str, Any]]:
    return [{"ratio": r["ratio"], "plan_met": r["chance"]} for r in found.by_ratio]


def _cards(found: Any) -> list[Kpi]:
    chances = list(found.chances.values())
    expected = sum(chances) / len(chances) if chances else None
    street = sum(s.quota for s in found.sellers)
    over = street / found.planned - 1 if found.planned else None
    return [
        Kpi("Carry a quota", len(found.sellers), better="none"),
        Kpi("Outliers", len(list(found.outliers())), better="down"),
        Kpi("Expected to attain", expected, "ratio", why=found.why),
        Kpi("Over-assignment", over, "ratio", better="none"),
        Kpi("Chance of the plan", found.met, "ratio", why=found.why),
    ]


def _table(request: Any, name: str, rows: list[dict[str, Any]], caption: str, empty: str = "Nothing.") -> Table:
    columns = tuple(
        Col(
            c,
            TITLES.get(c, c.replace("_", " ").capitalize()),
            unit="money" if c in MONEY else "ratio" if c in RATIOS else "",
            compact=c in MONEY,
            wide=c in ("reason", "outlier"),
        )
        for c in (rows[0] if rows else ())
    )
    return make_table(request, name=name, columns=columns, rows=rows, caption=caption, empty=empty)


PAGE = Page(
    key="fairness",
    title="Fairness",
    path="fairness/",
    group=Group.planning,
    icon="people",
    order=72,
    permission=Permission.run_scenarios,
    view=fairness,
)
