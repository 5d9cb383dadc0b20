"""Plan: the chain on one page, changes tried on it, scenarios beside each other, and what is tried sent to approval."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from geartrain.kernel.errors import Forbidden, GeartrainError, Invalid
from geartrain.services.access import Permission
from geartrain.services.changes.scenario_runs import MOST_COMPARED, compare_scenarios
from geartrain.services.changes.scenarios import list_scenarios
from geartrain.services.planning import plan_chain as use
from geartrain.services.planning.capacity_plans import role_names
from geartrain.services.planning.plan_trials import propose_scenario, read_change, try_on_plan
from geartrain.services.view import parse_day
from geartrain.web.comparisons import exact_table, shown_table
from geartrain.web.exports import exported
from geartrain.web.numbers import show
from geartrain.web.registry import Group, Page, Route
from geartrain.web.tables import Col, Table, make_table

BADGES = {use.GOOD: "good", use.GAP: "warn", use.UNAPPROVED: "warn", use.OPEN: "bad"}
PAGES = {
    "goal": "operating-model",
    "capacity": "capacity",
    "territories": "territories",
    "quotas": "quotas",
    "cost": "capacity",
    "cac": "capacity",
}


def plan(request: Any) -> HttpResponse:
    """The chain, link by link."""
    try:
        found = use.get_plan(request.workspace, request.actor)
    except Forbidden as error:
        return render(request, "pages/plan.html", {"problem": error})
    table = _figures(request, found)
    if (file := exported(request, table)) is not None:
        return file
    context = {
        "found": found,
        "links": [_link(request, link) for link in found.links],
        "table": table,
        "roles": role_names(request.workspace, request.actor),
        "scenarios": list_scenarios(request.workspace, request.actor),
        "may_propose": request.actor.may(Permission.edit_policies),
    }
    return render(request, "pages/plan.html", context)


def _link(request: Any, link: use.Link) -> dict[str, Any]:
    currency = request.workspace.currency
    figures = [(f.label, show(f.value, f.unit, currency=currency, why=f.reason)) for f in link.figures]
    gap = show(link.gap, link.unit, currency=currency).text if link.gap else ""
    about = {"link": link, "badge": BADGES[link.status], "figures": figures, "gap": gap}
    return about | {"href": reverse(PAGES[link.key])}


def _figures(request: Any, found: use.Chain) -> Table:
    """Every figure, for the export."""
    rows = [
        {"link": k.title, "status": k.status, "figure": f.label, "value": f.value, "unit": f.unit}
        for k in found.links
        for f in k.figures
    ]
    columns = tuple(Col(c, c.capitalize()) for c in ("link", "status", "figure", "value", "unit"))
    return make_table(request, name="plan", columns=columns, rows=rows, caption="The plan", size=500, empty="Nothing.")


def try_plan(request: Any) -> HttpResponse:
    """Make a scenario of a change, and show it beside today."""
    given = {
        k: request.POST.get(k, "").strip()[:300] for k in ("key", "role", "count", "start", "over", "when", "more")
    }
    try:
        made = try_on_plan(request.workspace, request.actor, key=given["key"], change=_change(given))
    except GeartrainError as error:
        messages.error(request, f"{error.message} {error.hint}")
        return HttpResponseRedirect(reverse("plan"))
    return HttpResponseRedirect(f"{reverse('plan-compare')}?scenario={made.key}")


def _change(given: dict[str, str]) -> Any:
    """What the form asks, percentages as people write them."""
    hires = [f"{given['role']}={given['count']}"] if given["count"] not in ("", "0") else []
    over = _share(given["over"], "the over-assignment") if given["over"] else None
    potential = [f"{given['when']}={_share(given['more'], 'the potential', 1)}"] if given["when"] else []
    start = parse_day(given["start"]) if given["start"] else None
    return read_change(hires=hires, start=start, over=over, potential=potential)


def _share(text: str, what: str, base: int = 0) -> str:
    from decimal import Decimal, InvalidOperation

    try:
        return format(base + Decimal(text.replace("%", "").replace("−", "-").strip()) / 100, "f")
    except InvalidOperation:
        raise Invalid(f"'{text}' is no number of percent for {what}.", hint="Write 5, or -4.") from None


def compare(request: Any) -> HttpResponse:
    """The numbers of the plan under today's policies and under some scenarios."""
    keys = list(dict.fromkeys(request.GET.getlist("scenario")))[:MOST_COMPARED]
    known = list_scenarios(request.workspace, request.actor)
    context: dict[str, Any] = {"scenarios": [(s, s.key in keys) for s in known], "keys": keys}
    context["may_propose"] = request.actor.may(Permission.edit_policies)
    if keys:
        found = compare_scenarios(request.workspace, request.actor, keys=keys, only="plan")
        if (file := exported(request, exact_table(request, found))) is not None:
            return file
        context |= {"last": found, "table": shown_table(request, found, every=True)}
    return render(request, "pages/plan_compare.html", context)


def propose(request: Any) -> HttpResponse:
    """Send a scenario's drafts to review."""
    key = request.POST.get("scenario", "")[:100]
    try:
        made = propose_scenario(request.workspace, request.actor, key=key)
        said = ", ".join(v.kind.replace("_", " ") for v in made)
        messages.success(request, f"Proposed: {said}. Somebody else approves them under Policies.")
    except GeartrainError as error:
        messages.error(request, f"{error.message} {error.hint}")
    return HttpResponseRedirect(f"{reverse('plan-compare')}?scenario={key}")


POST = ("POST",)
PAGE = Page(
    key="plan",
    title="Plan",
    path="plan/",
    group=Group.planning,
    icon="check",
    order=50,
    permission=Permission.run_scenarios,
    view=plan,
    routes=(
        Route("plan/try/", try_plan, "try-plan", methods=POST),
        Route("plan/compare/", compare, "plan-compare"),
        Route("plan/propose/", propose, "propose-plan", methods=POST),
    ),
)
