"""Relative productivity: each seller beside peers of like capacity, and the exact reasons why they differ."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from statistics import median
from typing import Any

from django.http import HttpResponse

from geartrain.kernel.periods import Grain
from geartrain.services.access import Permission
from geartrain.services.measures.relative import Compared, compare_sellers
from geartrain.services.view import last_day
from geartrain.web.cards import Kpi
from geartrain.web.registry import Group, Page
from geartrain.web.sections import sections_page
from geartrain.web.tables import Col, make_table

LEAD = "100 is the median ramped peer. For enablement and fair territories; it feeds no pay and no dismissal."
FACTORS = (
    ("volume", "Volume"),
    ("win_rate", "Win rate"),
    ("average_deal", "Average deal"),
    ("residual", "To the median"),
)
SELLERS = (
    Col("name", "Seller"),
    Col("role", "Role"),
    Col("rp", "RP", unit="count", help="100 x output per capacity / that of the median ramped peer"),
    *(Col(key, title, help="times the cohort's; the four multiplied give RP / 100") for key, title in FACTORS),
    Col("capacity", "Capacity", unit="count", help="FTE x days there x ramp"),
    Col("output", "Credited bookings", unit="money"),
    Col("cohort", "Beside"),
    Col("peers", "Peers", unit="count"),
    Col("note", "Note", wide=True),
)


def relative(request: Any) -> HttpResponse:
    """Cards, every seller one may see."""
    return sections_page(request, title="Relative productivity", lead=LEAD, work=lambda: _work(request))


def _work(request: Any) -> Mapping[str, Any]:
    ws, actor = request.workspace, request.actor
    day = last_day(ws, actor)
    period = request.GET.get("period") or ws.calendar.containing(day, Grain.quarter).key
    found = compare_sellers(ws, actor, period=period)
    known = [r.rp for r in found.rows if r.rp is not None]
    spread = f"{min(known):.0f} to {max(known):.0f}" if known else None
    notes = [f"{found.foreign} bookings in another currency are left out."] if found.foreign else []
    return {
        "cards": [
            Kpi("Compared", len(known)),
            Kpi("Median RP", median(known) if known else None, "count", why="Nobody has enough ramped peers."),
            Kpi("From lowest to highest", spread, why="Nobody has enough ramped peers."),
            Kpi("Beside a wider cohort", sum(r.fallback for r in found.rows), better="down"),
        ],
        "sections": [
            ("Sellers", " ".join([f"{found.period}, {found.since} to {found.until}, the last day left out.", *notes]),
             make_table(request, name="sellers", columns=SELLERS, rows=_rows(found),
                        empty="Nobody closed a deal or carries a quota in this period.")),
        ],
    }  # fmt: skip


def _rows(found: Compared) -> list[dict[str, Any]]:
    return [
        {**row, **{p["name"]: f"× {exp(p['log_ratio']):.2f}" for p in row["parts"]}}
        for row in found.as_json()["sellers"]
    ]


PAGE = Page(
    key="relative",
    title="Relative productivity",
    path="relative-productivity/",
    group=Group.process,
    icon="productivity",
    order=70,
    permission=Permission.view_records,
    view=relative,
)
