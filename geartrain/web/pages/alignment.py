"""Alignment: what the functions hand each other, what each owes, and the funnel by cohort."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse

from geartrain.services.access import Permission
from geartrain.services.selling.alignment import Alignment, get_alignment
from geartrain.web.cards import Kpi
from geartrain.web.registry import Group, Page
from geartrain.web.sections import sections_page
from geartrain.web.tables import Col, Table, make_table

LEAD = (
    "What one function hands another, whether it was taken and acted on in time, and what each owes the other for it."
)
HANDOFFS = (
    Col("name", "Handoff"),
    Col("offered", "Offered", unit="count"),
    Col("waiting", "Not answered", unit="count"),
    Col("acceptance_rate", "Accepted", unit="ratio", help="Of those accepted or rejected"),
    Col("first_time_right", "Right the first time", unit="ratio", help="Accepted, complete and never rejected before"),
    Col("accepted", "Answered in time", unit="ratio"),
    Col("acted", "Accepted and acted on in time", unit="ratio"),
    Col("completeness", "Complete", unit="ratio"),
    Col("yield_rate", "Reached what it is for", unit="ratio"),
)
WEEKS = (
    Col("week", "Week of"),
    Col("owed", "Marketing owed", unit="count"),
    Col("delivered", "delivered", unit="count"),
    Col("share", "Delivered of owed", unit="ratio"),
    Col("in_time", "Sales acted in time", unit="ratio"),
    Col("late", "late", unit="count"),
    Col("attempts", "Attempts made in full", unit="ratio"),
    Col("short", "too few", unit="count"),
)
REASONS = (
    Col("handoff", "Handoff"),
    Col("reason", "Why it was rejected", wide=True),
    Col("n", "Times", unit="count"),
    Col("share", "Share", unit="ratio"),
    Col("running", "With those before it", unit="ratio"),
)


def alignment(request: Any) -> HttpResponse:
    """Cards, handoffs, both sides week by week, reasons, cohorts."""
    return sections_page(request, title="Alignment", lead=LEAD, work=lambda: _work(request))


def _work(request: Any) -> Mapping[str, Any]:
    found = get_alignment(request.workspace, request.actor)
    told = found.as_json()
    handoffs = [_handoff(h) for h in told["handoffs"]]
    reasons = [{"handoff": _named(h), **r} for h in told["handoffs"] for r in h["reasons"]]
    weeks, empty = [_week(w) for w in told["weeks"]], "Nothing was offered yet."
    return {
        "cards": _cards(told["handoffs"][0]),
        "sections": [
            ("Handoffs", "in order", make_table(request, name="handoffs", columns=HANDOFFS, rows=handoffs)),
            (
                "What each owes the other",
                "marketing leads of the agreed grades; sales time and attempts",
                make_table(request, name="weeks", columns=WEEKS, rows=weeks, sort="-week", empty=empty),
            ),
            (
                "Why handoffs are rejected",
                "the commonest first",
                make_table(request, name="reasons", columns=REASONS, rows=reasons, empty="None was rejected."),
            ),
            ("Funnel by month of entry", "everyone who entered, whenever they came further", _funnel(request, found)),
        ],
    }


def _cards(first: Mapping[str, Any]) -> list[Kpi]:
    acted = first["acted_in_sla"] or {}
    return [
        Kpi("Accepted", first["acceptance_rate"], "ratio", why="None was answered.", note=_named(first)),
        Kpi("Acted on in time", acted.get("attainment"), "ratio", why="Nothing was due."),
        Kpi("Right the first time", first["first_time_right"], "ratio", why="None was answered."),
        Kpi("Not answered", first["waiting"], better="down", note=f"of {first['offered']:,} offered"),
    ]


def _named(handoff: Mapping[str, Any]) -> str:
    return f"{handoff['from']} to {handoff['to']}".replace("_", " ")


def _handoff(h: Mapping[str, Any]) -> dict[str, Any]:
    clocks = {
        k: (h[n] or {}).get("attainment") for k, n in (("accepted", "accepted_in_sla"), ("acted", "acted_in_sla"))
    }
    return {**h, "name": _named(h), **clocks}


def _week(w: Mapping[str, Any]) -> dict[str, Any]:
    marketing, sales = w["marketing"], w["sales"]
    in_time, attempts = sales["in_time"] or {}, sales["attempts"] or {}
    return {
        "week": w["week"], "owed": marketing["owed"] or None, "delivered": marketing["delivered"],
        "share": marketing["attainment"], "in_time": in_time.get("attainment"), "late": in_time.get("breached"),
        "attempts": attempts.get("attainment"), "short": attempts.get("breached"),
    }  # fmt: skip


def _funnel(request: Any, found: Alignment) -> Table:
    steps = tuple(found.cohorts[0].reached) if found.cohorts else ()
    columns = (
        Col("cohort", "Entered in"),
        Col("entered", "Leads", unit="count"),
        *(Col(s, f"reached {s}".replace("_", " "), unit="ratio") for s in steps),
        Col("maturity", "Had their time", unit="ratio", help="Until this is 100 % the shares can still rise"),
    )
    rows: list[dict[str, Any]] = [
        {"cohort": c.cohort, "entered": c.entered, "maturity": c.maturity, **c.rates} for c in found.cohorts
    ]
    return make_table(
        request, name="funnel", columns=columns, rows=rows, sort="-cohort", empty="No lead entered the funnel yet."
    )


PAGE = Page(
    key="alignment",
    title="Alignment",
    path="alignment/",
    group=Group.process,
    icon="work",
    order=22,
    permission=Permission.view_records,
    view=alignment,
    from_facts=True,
)
