"""Leads: who was in touch in time, who got which, and which are one and the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from geartrain.kernel.errors import Conflict
from geartrain.services.access import Permission
from geartrain.services.records.merging import list_merges, merge_leads, unmerge_leads
from geartrain.services.selling.leads import list_duplicates, list_sla, policy_for_leads, validate_score
from geartrain.services.selling.routing import list_routed
from geartrain.services.view import names
from geartrain.web.cards import Kpi
from geartrain.web.registry import Group, Page, Route
from geartrain.web.sections import lead_link, sections_page
from geartrain.web.tables import Col, make_table

LEAD = "Answered in the owner's business time; speed to lead on the wall clock stands apart from it."
CLOCKS = (
    Col("group", "Owner"),
    Col("leads", "Clocks", unit="count", help="A lead that is handed on has a new one"),
    Col("attainment", "In time", unit="ratio"),
    Col("met", "Met", unit="count"),
    Col("breached", "Late", unit="count"),
    Col("untouched", "Of these untouched", unit="count"),
    Col("passed", "Handed on in time", unit="count"),
    Col("open", "Not yet due", unit="count"),
)
SPEED = (
    Col("group", "Source"),
    Col("leads", "Leads", unit="count"),
    Col("speed_p50", "Half spoken to within", unit="hours"),
    Col("speed_p90", "Nine in ten within", unit="hours"),
    Col("latency_p50", "Half assigned within", unit="hours"),
)
GRADES = (
    Col("grade", "Grade"),
    Col("leads", "Leads", unit="count"),
    Col("converted", "Became opportunities", unit="count"),
    Col("rate", "Share", unit="ratio"),
)
MERGED = (
    Col("master", "Kept", href=lambda r: lead_link({"lead_id": r["master"]})),
    Col("members", "Merged into it", wide=True),
    Col("state", "State", badge={"merged": "good", "undone": ""}),
    Col("by", "By"),
    Col("at", "When"),
    Col("look", "Undo", href=lambda r: r["href"]),
)
ROUTED = (
    Col("lead_id", "Lead", href=lead_link),
    Col("owner", "Owner"),
    Col("queue", "Queue"),
    Col("clause", "Clause"),
    Col("decided_at", "Decided"),
    Col("reason", "Why", wide=True),
)
DUPLICATES = (
    Col("master", "Kept", href=lambda r: lead_link({"lead_id": r["master"]})),
    Col("members", "Merged into it", wide=True),
    Col("score", "Alike", unit="ratio"),
    Col("state", "Next", badge={"auto": "good", "review": "warn"}),
    Col("on", "Agree in"),
    Col("look", "Merge", href=lambda r: r["href"]),
)


def leads(request: Any) -> HttpResponse:
    """Cards, clocks by owner, the log of routing, proposals."""
    return sections_page(request, title="Leads", lead=LEAD, work=lambda: _work(request))


def _work(request: Any) -> Mapping[str, Any]:
    ws, actor = request.workspace, request.actor
    policy = policy_for_leads(ws)
    found = list_sla(ws, actor, policy=policy)
    called = names(ws, actor)
    clocks = [{"group": called.get(key, key), "leads": n, **part.as_json()} for key, n, part in found.by]
    speed = [
        {"group": key, "leads": n, **part.as_json()}
        for key, n, part in list_sla(ws, actor, policy=policy, by="source").by
    ]
    count, proposals = list_duplicates(ws, actor, policy=policy)
    doubled = [
        {**p.as_json(), "members": ", ".join(p.members), "on": ", ".join(p.fields), **_merge_link(request, p)}
        for p in proposals
    ]
    routed = [{**r, "owner": called.get(r["owner"] or "", r["owner"])} for r in list_routed(ws, actor, limit=200)]
    whole = found.whole
    return {
        "cards": [
            Kpi(
                "In touch in time",
                whole.attainment,
                "ratio",
                why="Nothing was due.",
                note=str(policy.spec.sla.first_touch),
            ),
            Kpi("Late", whole.breached, better="down", note=f"{whole.untouched:,} untouched"),
            Kpi("Not yet due", whole.open),
            Kpi("Without an owner", whole.unassigned, better="down"),
            Kpi(
                "Half spoken to within",
                whole.speed_p50,
                "hours",
                better="down",
                why="Half never were.",
                note="on the wall clock",
            ),
            Kpi("Duplicates", sum(len(p.members) for p in proposals), better="down", note=f"of {count:,} leads"),
        ],
        "sections": [
            (
                "Clocks by owner",
                "in the owner's business time",
                make_table(request, name="clocks", columns=CLOCKS, rows=clocks, sort="-breached"),
            ),
            (
                "Speed to lead",
                "wall clock from creation; who was never spoken to counts",
                make_table(request, name="speed", columns=SPEED, rows=speed),
            ),
            *_validated(request, policy, found.as_of),
            (
                "Routing",
                "the last 200 decisions",
                make_table(request, name="routed", columns=ROUTED, rows=routed, empty="No lead was routed here yet."),
            ),
            (
                "Proposed merges",
                f"decided by {policy.spec.dedupe.steward}",
                make_table(request, name="merges", columns=DUPLICATES, rows=doubled, empty="No duplicates found."),
            ),
            *_merged(request),
        ],
    }


def _merge_link(request: Any, proposal: Any) -> dict[str, str]:
    if not request.actor.may(Permission.load_facts):
        return {"look": "", "href": ""}
    return {"look": "Look", "href": f"{reverse('lead-merge')}?{urlencode({'key': proposal.master})}"}


def _validated(request: Any, policy: Any, as_of: date) -> list[tuple[str, str, Any]]:
    """Conversion by grade of the leads of the last year but one quarter, so that each had its time."""
    if policy.spec.score is None:
        return []
    since, until = as_of - timedelta(days=365), as_of - timedelta(days=90)
    found = validate_score(request.workspace, request.actor, policy=policy, since=since, until=until)
    lift = "n/a" if found.lift is None else f"{found.lift:.2f}"
    said = "good enough to route on" if found.good_enough else "not better than chance enough to route on"
    note = f"created from {since} to {until}; lift of {found.top or 'the best grade'} {lift}: {said}"
    rows = found.as_json()["grades"]
    return [
        ("Score by outcome", note, make_table(request, name="grades", columns=GRADES, rows=rows, empty="No leads."))
    ]


def _merged(request: Any) -> list[tuple[str, str, Any]]:
    if not request.actor.may(Permission.load_facts):
        return []
    rows = [
        {**m.as_json(), "members": ", ".join(m.members), "look": "Look" if m.state == "merged" else "",
         "href": f"{reverse('lead-merge')}?{urlencode({'merge': m.id})}" if m.state == "merged" else ""}
        for m in list_merges(request.workspace, request.actor)
    ]  # fmt: skip
    return [("Merged", "", make_table(request, name="merged", columns=MERGED, rows=rows, empty="None yet."))]


def merge(request: Any) -> HttpResponse:
    """What a merge, or undoing one, would change; by POST it is done."""
    ws, actor = request.workspace, request.actor
    asked = request.POST if request.method == "POST" else request.GET
    key, done, apply = asked.get("key", "")[:200], asked.get("merge", "")[:40], request.method == "POST"
    try:
        if done:
            found = unmerge_leads(ws, actor, id=done, apply=apply)
        else:
            (found,) = merge_leads(ws, actor, policy=policy_for_leads(ws), masters=[key], apply=apply)
    except Conflict as error:
        messages.error(request, f"{error.message} {error.hint}")
        return HttpResponseRedirect(reverse("leads"))
    if apply:
        messages.success(request, "Undone." if done else "Merged; it can be undone below.")
        return HttpResponseRedirect(reverse("leads"))
    changes = [{"column": c, **v} for c, v in found.changes.items()]
    return render(request, "pages/lead_merge.html", {"found": found, "changes": changes, "undo": bool(done)})


PAGE = Page(
    key="leads",
    title="Leads and SLA",
    path="leads/",
    group=Group.process,
    icon="funnel",
    order=20,
    permission=Permission.view_records,
    view=leads,
    routes=(
        Route(
            "leads/merge/", merge, name="lead-merge", permission=Permission.load_facts, methods=("GET", "HEAD", "POST")
        ),
    ),
)
