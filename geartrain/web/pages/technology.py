"""Technology: are the tools used, do they overlap, and when must somebody decide about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse

from geartrain.services.access import Permission
from geartrain.services.selling.tools import Portfolio, assess_tools, choose_register
from geartrain.web.cards import Kpi
from geartrain.web.registry import Group, Page
from geartrain.web.sections import sections_page
from geartrain.web.tables import Col, make_table

LEAD = "What end users really adopted stands beside every plan to automate more."
TOOLS = (
    Col("name", "Tool"),
    Col("review", "Review", badge={"due": "warn", "later": "good"}),
    Col("notice_by", "Notice by"),
    Col("category", "Category"),
    Col("adoption", "Adoption", unit="ratio"),
    Col("utilisation", "Utilisation", unit="ratio"),
    Col("depth", "Depth", unit="ratio"),
    Col("annual_cost", "A year", unit="money"),
    Col("reclaimable", "Reclaimable", unit="money"),
    Col("roi", "ROI", unit="ratio"),
    Col("evidence", "On what it rests", wide=True),
)
SAID = (
    Col("tool", "Tool"),
    Col("question", "Asked", wide=True),
    Col("score", "Of 5", unit="number"),
    Col("adoption", "Adoption", unit="ratio"),
    Col("answers", "Answers", unit="count"),
    Col("asked_on", "On"),
)
OVERLAPS = (
    Col("one", "Tool"),
    Col("other", "And"),
    Col("shared", "Both do", wide=True),
    Col("containment", "Contained", unit="ratio"),
    Col("flagged", "Could go"),
)


def technology(request: Any) -> HttpResponse:
    """Cards, the portfolio, overlap."""
    return sections_page(request, title="Technology", lead=LEAD, work=lambda: _work(request))


def _work(request: Any) -> Mapping[str, Any]:
    found = assess_tools(request.workspace, request.actor, policy=choose_register(request.workspace))
    rows = [{**t.as_json(), "review": "due" if t.review_due else "later"} for t in found.tools]
    pairs = [
        {**{n: getattr(o, n) for n in o.__dataclass_fields__}, "shared": ", ".join(o.shared)} for o in found.overlaps
    ]
    return {
        "cards": [
            Kpi("End users' adoption", found.active_share, "ratio", why="No licence is assigned."),
            Kpi("A year", found.annual_cost, "money"),
            Kpi("Reclaimable", found.reclaimable, "money", better="down"),
            Kpi("Reviews due", sum(t.review_due for t in found.tools), better="down"),
        ],
        "issues": found.issues,
        "sections": [
            ("Portfolio", f"as of {found.as_of}", make_table(request, name="tools", columns=TOOLS, rows=rows)),
            (
                "What users say",
                "opinion beside use, never averaged with it",
                make_table(
                    request, name="surveys", columns=SAID, rows=_said(found), empty="Nobody has been asked yet."
                ),
            ),
            (
                "Overlap",
                "",
                make_table(request, name="overlap", columns=OVERLAPS, rows=pairs, empty="No two do the same."),
            ),
        ],
    }


def _said(found: Portfolio) -> list[dict[str, Any]]:
    used = {t.name: t.adoption for t in found.tools}
    return [
        {"tool": name, "question": asked, "score": score, "adoption": used[name], "answers": s.answers,
         "asked_on": s.asked_on}
        for name, s in found.surveys.items()
        for asked, score in s.scores.items()
    ]  # fmt: skip


PAGE = Page(
    key="technology",
    title="Technology",
    path="technology/",
    group=Group.process,
    icon="device",
    order=50,
    permission=Permission.view_costs,
    view=technology,
)
