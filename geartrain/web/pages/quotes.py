"""Quotes: how often they change, who must approve them, what is given away."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

from django.http import HttpResponse

from geartrain.services.access import Permission
from geartrain.services.selling.quotes import choose_matrix, list_approvals, list_leakage, list_revisions
from geartrain.web.cards import Kpi
from geartrain.web.registry import Group, Page
from geartrain.web.sections import deal_link, sections_page
from geartrain.web.tables import Col, make_table

LEAD = "A discount beyond the seller's authority is asked for, and what was given away beyond it stands here."
OPEN = ("draft", "pending", "sent")
ASKED = (
    Col("quote_id", "Quote"),
    Col("revision", "Revision", unit="count"),
    Col("status", "Status", badge={"pending": "warn", "draft": "info"}),
    Col("list_total", "List", unit="money"),
    Col("discount", "Discount", unit="ratio"),
    Col("margin", "Margin", unit="ratio"),
    Col("roles", "To be asked"),
    Col("why", "Because", wide=True),
)
CHANGED = (
    Col("quote_id", "Quote"),
    Col("opportunity_id", "Deal", href=deal_link),
    Col("revision_count", "Material changes", unit="count"),
    Col("log", "What changed, in order", wide=True),
)
LEAKS = (
    Col("quote_id", "Quote"),
    Col("currency", "Currency"),
    Col("list_total", "List", unit="money"),
    Col("discount", "Discount", unit="ratio"),
    Col("leakage", "Given away", unit="money"),
)


def quotes(request: Any) -> HttpResponse:
    """Cards, what waits for approval, leakage, revisions."""
    return sections_page(request, title="Quotes", lead=LEAD, work=lambda: _work(request))


def _work(request: Any) -> Mapping[str, Any]:
    ws, actor = request.workspace, request.actor
    matrix = choose_matrix(ws)
    approvals = list_approvals(ws, actor, policy=matrix)
    totals, leaks = list_leakage(ws, actor, policy=matrix)
    changed = sorted(list_revisions(ws, actor), key=lambda r: (-len(r.log), r.quote_id))
    last = {a.quote.quote_id: a for a in approvals}
    waiting = [a for a in last.values() if a.roles and a.quote.status.lower() in OPEN]
    auto = sum(a.holds for a in approvals) / len(approvals) if approvals else None
    rows = [{"quote_id": q.quote_id, "currency": q.currency or ws.currency, "list_total": q.values["list_total"],
             "discount": q.values["discount"], "leakage": amount} for q, amount in leaks]  # fmt: skip
    given = next((t.leakage for t in totals if t.currency == ws.currency), None)
    return {
        "cards": [
            Kpi("Waiting for approval", len(waiting), better="down"),
            Kpi("Approved without asking", auto, "ratio", why="There is no quote yet."),
            Kpi("Given away beyond authority", given, "money", better="down", why="No quote in this currency."),
            Kpi("Material changes, median", median(len(r.log) for r in changed) if changed else None, better="down"),
        ],
        "sections": [
            ("To be approved", f"by {matrix.name}, version {matrix.version}",
             make_table(request, name="approvals", columns=ASKED, rows=[_asked(a) for a in waiting],
                        empty="Nothing waits for approval.")),
            ("Leakage", "list × max(0, discount − authority), of the last revision",
             make_table(request, name="leakage", columns=LEAKS, rows=rows, empty="Nothing was given away.")),
            ("Revisions", "order, notes and formatting do not count",
             make_table(request, name="revisions", columns=CHANGED,
                        rows=[{**r.as_json(), "log": ", ".join(r.log)} for r in changed if r.log],
                        empty="No quote was changed materially.")),
        ],
    }  # fmt: skip


def _asked(asked: Any) -> dict[str, Any]:
    found = asked.as_json()
    why = "; ".join(str(r["why"]).removesuffix(": holds") if r.get("why") else r["row"] for r in found["rows"])
    return found | {"roles": ", ".join(r.replace("_", " ") for r in asked.roles), "why": why}


PAGE = Page(
    key="quotes",
    title="Quotes",
    path="quotes/",
    group=Group.process,
    icon="records",
    order=35,
    permission=Permission.view_records,
    view=quotes,
)
