"""The sales process as it is lived: inflation, conformance, and what each stage asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse

from geartrain.services.access import Permission
from geartrain.services.selling.process import Asked, preview_conformance, preview_gates
from geartrain.services.view import names
from geartrain.web.cards import Kpi
from geartrain.web.registry import Group, Page
from geartrain.web.sections import case_link, sections_page
from geartrain.web.tables import Col, make_table

LEAD = "One spine for everyone; what has to be true before a deal leaves a stage, and where deals left it otherwise."
LISTED = 500
STAGES = (
    Col("stage", "Stage"),
    Col("buyer_stage", "The buyer"),
    Col("required", "Required to leave it", wide=True),
    Col("recommended", "Recommended", wide=True),
    Col("onward", "Moves on", unit="count"),
)
DEALS = (
    Col("name", "Deal", href=case_link),
    Col("owner", "Owner"),
    Col("amount", "Amount", unit="money"),
    Col("stage", "Declared"),
    Col("earned_stage", "Earned"),
    Col("inflation", "Stages ahead", unit="count"),
    Col("missing", "First gate that stops it", wide=True),
)
STRAYED = (
    Col("opportunity_id", "Deal", href=case_link),
    Col("words", "Deviation", wide=True),
    Col("at", "When"),
    Col("owner", "Owner"),
)


def process(request: Any) -> HttpResponse:
    """Cards, the spine, the deals that are ahead of their evidence, and the deviations."""
    return sections_page(request, title="Process", lead=LEAD, work=lambda: _work(request))


def _work(request: Any) -> Mapping[str, Any]:
    followed = preview_conformance(request.workspace, request.actor, asked=Asked(), limit=LISTED, newest=True)
    gates = preview_gates(request.workspace, request.actor, asked=Asked())
    found, spec = followed.found, followed.policy.spec
    called = names(request.workspace, request.actor)
    ahead = [_deal(d.as_json(), called) for d in gates.deals if (d.standing.inflation or 0) > 0]
    bound = {s.key: [b for b in spec.bindings if b.stage == s.key] for s in spec.spine}
    stages = [
        {
            "stage": s.name or s.key,
            "buyer_stage": s.buyer_stage,
            "required": ", ".join(spec.attribute(b.attribute).label for b in bound[s.key] if b.level == "required"),
            "recommended": ", ".join(spec.attribute(b.attribute).label for b in bound[s.key] if b.level != "required"),
            "onward": sum(n for (a, _), n in found.flow.items() if a == s.key),
        }
        for s in spec.spine
    ]
    strayed = [
        {
            **d.as_json(),
            "words": d.words,
            "owner": called.get(d.owner_id or "", ""),
            "at": d.at.date() if d.at else None,
        }
        for d in found.deviations
    ]
    return {
        "cards": [*_cards(found), *(_inflated(i) for i in gates.inflated)],
        "issues": followed.issues,
        "sections": [
            ("The spine", "", make_table(request, name="stages", columns=STAGES, rows=stages, caption="Stages")),
            (
                "Ahead of their evidence",
                f"open deals on {gates.as_of} whose declared stage is beyond the earned one",
                make_table(request, name="deals", columns=DEALS, rows=ahead, sort="-amount", empty="No deal is ahead."),
            ),
            (
                "Deviations",
                f"the latest {len(strayed):,} of {found.total:,}",
                make_table(request, name="strayed", columns=STRAYED, rows=strayed, empty="Every move conforms."),
            ),
        ],
    }


def _deal(one: dict[str, Any], called: Mapping[str, str]) -> dict[str, Any]:
    stop = next((g for g in one["gates"] if not g["can_exit"]), None)
    words = [f"{m['label']} ({'no' if m['value'] is False else 'unknown'})" for m in stop["unmet"]] if stop else []
    missing = f"{stop['stage']}: {', '.join(words)}" if stop else ""
    owner = called.get(one["owner_id"] or "", "")
    return {**one, "name": one["name"] or one["opportunity_id"], "owner": owner, "missing": missing}


def _cards(found: Any) -> list[Kpi]:
    return [
        Kpi("Moves that conform", found.share, "ratio", why="No deal moved.", note=f"{found.moves:,} moves"),
        Kpi("Skips", found.counts.get("skip", 0), better="down"),
        Kpi("Steps back", found.counts.get("regress", 0), better="down"),
        Kpi("Late evidence", found.counts.get("late_evidence", 0), better="down"),
        Kpi("Unmet exits", found.counts.get("unmet_exit", 0), note=f"{found.unknown_exits:,} cannot be told"),
    ]


def _inflated(one: Any) -> Kpi:
    note = f"{one.inflated_deals:,} of {one.deals:,} deals, {one.currency}"
    return Kpi(f"Inflated pipeline ({one.currency})", one.share, "ratio", why="No open pipeline.", note=note)


PAGE = Page(
    key="process",
    title="Process",
    path="process/",
    group=Group.process,
    icon="gear",
    order=10,
    from_facts=True,
    permission=Permission.view_records,
    view=process,
)
