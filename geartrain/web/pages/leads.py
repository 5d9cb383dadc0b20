"""Leads: who was in touch in time, who got which, and which are one and the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse

from geartrain.services.access import Permission
from geartrain.services.leads import list_duplicates, list_sla, policy_for_leads
from geartrain.services.routing import list_routed
from geartrain.web.cards import Kpi
from geartrain.web.registry import Group, Page
from geartrain.web.sections import lead_link, sections_page
from geartrain.web.tables import Col, make_table

LEAD = "Answered in the owner's business time; speed to lead on the wall clock stands apart from it."
CLOCKS = (
    Col("group", "Owner"),
    Col("leads", "Leads", unit="count"),
    Col("attainment", "In time", unit="ratio"),
    Col("breached", "Late", unit="count"),
    Col("untouched", "Of these untouched", unit="count"),
    Col("speed_p50", "Half touched within, hours"),
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
)


def leads(request: Any) -> HttpResponse:
    """Cards, clocks by owner, the log of routing, proposals."""
    return sections_page(request, title="Leads", lead=LEAD, work=lambda: _work(request))


def _work(request: Any) -> Mapping[str, Any]:
    ws, actor = request.workspace, request.actor
    policy = policy_for_leads(ws)
    found = list_sla(ws, actor, policy=policy)
    clocks = [{"group": key, "leads": n, **part.as_json()} for key, n, part in found.by]
    count, proposals = list_duplicates(ws, actor, policy=policy)
    doubled = [{**p.as_json(), "members": ", ".join(p.members), "on": ", ".join(p.fields)} for p in proposals]
    whole, routed = found.whole, list_routed(ws, actor, limit=200)
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
            Kpi("Duplicates", sum(len(p.members) for p in proposals), better="down", note=f"of {count:,} leads"),
        ],
        "sections": [
            ("Clocks by owner", "", make_table(request, name="clocks", columns=CLOCKS, rows=clocks, sort="-breached")),
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
        ],
    }


PAGE = Page(
    key="leads",
    title="Leads and SLA",
    path="leads/",
    group=Group.process,
    icon="funnel",
    order=20,
    permission=Permission.view_records,
    view=leads,
)
