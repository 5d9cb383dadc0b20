"""Rules of engagement: who owns what, what the clauses leave open, whom they contradict, and what is in dispute."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from geartrain.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from geartrain.planning.kinds.rules_of_engagement import said, said_when
from geartrain.services.access import Permission
from geartrain.services.planning import engagement as use
from geartrain.services.planning.engagement_methods import measure_methods
from geartrain.web.cards import Kpi
from geartrain.web.exports import exported
from geartrain.web.registry import Group, Page, Route
from geartrain.web.sections import deal_link
from geartrain.web.tables import Col, Table, make_table

REACTED = 24.0  # hours within which a first touch is in time
CLAUSES = (
    Col("key", "Clause"),
    Col("when", "When", wide=True),
    Col("owner", "Owner"),
    Col("holdover", "Who had it keeps it"),
    Col("decides", "Scenarios it decides", unit="count"),
)
OPEN = (Col("scenario", "Scenario", wide=True), Col("finding", "Finding", badge={"gap": "bad", "overlap": "warn"}),
        Col("clauses", "Clauses", wide=True))  # fmt: skip
OWNED = (
    Col("record", "Opportunity", href=lambda row: deal_link({"opportunity_id": row["record"]})),
    Col("owner", "Has it"),
    Col("expected", "Should have it"),
    Col("clause", "Clause"),
    Col("message", "Why", wide=True),
)
METHODS = (
    Col("method", "Handed out by"),
    Col("records", "Leads", unit="count"),
    Col("owners", "Owners", unit="count"),
    Col("variation", "Unevenness", unit="ratio"),
    Col("median_hours", "Median hours to first touch", unit="number"),
    Col("in_time_share", f"Touched within {REACTED:.0f} h", unit="ratio"),
    Col("conversion", "Converted", unit="ratio"),
)
SETTLED = (
    Col("record", "Record"),
    Col("claimant", "Claimed by"),
    Col("holder", "Held by"),
    Col("owner", "Went to"),
    Col("clause", "Settled by"),
)


def engagement(request: Any) -> HttpResponse:
    """The rules in force, what they make of the opportunities, disputes and methods."""
    ws, actor = request.workspace, request.actor
    rules = use.rules_in_force(ws, actor, policy=request.GET.get("policy", "")[:100])
    if rules is None:
        return render(request, "pages/engagement.html", {"rules": None})
    told = use.check_engagement(ws, actor, policy=rules.key)
    held = use.enforce_engagement(ws, actor, policy=rules.key)
    disputes = use.list_disputes(ws, actor)
    sections = [*_sections(request, rules, told, held, disputes)]
    for _, _, table in sections:
        if request.GET.get("table") == table.name and (file := exported(request, table)) is not None:
            return file
    context = {
        "rules": rules,
        "cards": _cards(told, held, disputes, use.measure_disputes(ws, actor)),
        "sections": sections,
        "missing": held["missing"],
        "open": [(d, d.state == "breached") for d in disputes if d.state != "settled"],
        "clauses": [c.key for c in rules.spec.clauses],
        "may_settle": actor.may(Permission.edit_policies),
        "days": use.DAYS,
    }
    return render(request, "pages/engagement.html", context)


def _sections(request: Any, rules: Any, told: Any, held: Any, disputes: Any) -> list[tuple[str, str, Table]]:
    clauses = [
        {"key": c.key, "when": said_when(c), "owner": c.owner, "holdover": str(c.holdover or "–"), "decides": n}
        for c, n in zip(rules.spec.clauses, _decided(rules), strict=True)
    ]
    opens = [{"scenario": said(g), "finding": "gap", "clauses": ""} for g in told["gaps"]]
    opens += [
        {"scenario": said(o["scenario"]), "finding": "overlap", "clauses": " before ".join(o["clauses"])}
        for o in told["overlaps"]
    ]
    methods = measure_methods(request.workspace, request.actor, method="source", within_hours=REACTED)["methods"]
    settled = [
        {"record": d.record, "claimant": d.claimant, "holder": d.holder, "owner": d.owner,
         "clause": f"{d.clause} (new)" if d.new else d.clause}
        for d in disputes if d.state == "settled"
    ]  # fmt: skip

    def table(name: str, columns: Any, rows: Any, empty: str) -> Table:
        return make_table(request, name=name, columns=columns, rows=rows, empty=empty)

    return [
        ("Who owns what", "the first clause that holds decides", table("clauses", CLAUSES, clauses, "No clause.")),
        ("What is left open", "", table("open", OPEN, opens, "Every scenario has one clause, and only one.")),
        ("Owned by somebody else", "with what the clauses say", table("owned", OWNED, held["findings"], "All agree.")),
        ("How leads are handed out", "by source", table("methods", METHODS, methods, "No lead has been handed out.")),
        ("Settled disputes", "", table("settled", SETTLED, settled, "None yet.")),
    ]  # fmt: skip


def _decided(rules: Any) -> list[int]:
    from geartrain.kernel.rules import enumerate_scenarios

    parsed = [c.rule() for c in rules.spec.clauses]
    count = [0] * len(parsed)
    for scenario in enumerate_scenarios(rules.spec.axes):
        at = next((n for n, rule in enumerate(parsed) if rule.evaluate(scenario) is True), None)
        if at is not None:
            count[at] += 1
    return count


def _cards(told: Any, held: Any, disputes: Any, measures: Any) -> list[Kpi]:
    late = sum(d.state == "breached" for d in disputes)
    waiting = sum(d.state != "settled" for d in disputes)
    why = "No column of an opportunity holds every axis." if held["missing"] else "There are no opportunities."
    return [
        Kpi("Scenarios", told["scenarios"], "count", note=f"{len(told['gaps'])} that no clause decides"),
        Kpi("Overlaps", len(told["overlaps"]), "count", note="the first clause wins"),
        Kpi("Misowned per 100 opportunities", held["measures"].get("misowned_per_100"), "number", why=why),
        Kpi("Disputes per 100 opportunities", measures["disputes_per_100"], "number", why=why),
        Kpi("Disputes to settle", waiting, "count", note=f"{late} past due" if late else "none past due"),
    ]


def opened(request: Any) -> HttpResponse:
    """Say that something is somebody else's."""
    asked = request.POST
    names = ("claimant", "holder", "reason", "policy")
    try:
        made = use.open_dispute(
            request.workspace, request.actor, record_id=asked.get("record", ""), **{n: asked.get(n, "") for n in names}
        )
    except (Conflict, Forbidden, Invalid, NotFound) as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    else:
        messages.success(request, f"{made.record} is in dispute; it is settled by {made.due:%d %B %Y %H:%M} UTC.")
    return HttpResponseRedirect(reverse("engagement"))


def settled(request: Any, commitment: int) -> HttpResponse:
    """Settle a dispute by a clause, or by a new one."""
    asked = request.POST
    new = asked.get("new_clause", "").strip()[:100]
    try:
        done = use.settle_dispute(
            request.workspace, request.actor, id=commitment, clause=new or asked.get("clause", "")[:100],
            owner=asked.get("owner", ""), new=bool(new), note=asked.get("note", "")[:1_000],
        )  # fmt: skip
    except (Conflict, Forbidden, Invalid) as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    else:
        more = " Write that clause into the rules next." if done.new else ""
        messages.success(request, f"{done.record} is {done.owner}'s, by {done.clause}.{more}")
    return HttpResponseRedirect(reverse("engagement"))


PAGE = Page(
    key="engagement",
    title="Rules of engagement",
    path="rules-of-engagement/",
    group=Group.planning,
    icon="policy",
    order=65,
    permission=Permission.view_policies,
    view=engagement,
    routes=(
        Route("rules-of-engagement/disputes/", opened, "dispute-open", Permission.view_policies, ("POST",)),
        Route("rules-of-engagement/disputes/<int:commitment>/settle/", settled, "dispute-settle",
              Permission.edit_policies, ("POST",)),
    ),
)  # fmt: skip
