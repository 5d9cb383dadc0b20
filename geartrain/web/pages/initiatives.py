"""Initiatives: what waits for a decision, what is being built, and whether it helped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from geartrain.kernel.errors import Invalid, NotFound
from geartrain.process.initiatives import Stage
from geartrain.services.access import Permission
from geartrain.services.selling.initiatives import KIND, Standing, list_initiatives
from geartrain.services.selling.tools import assess_tools, choose_register
from geartrain.web.cards import Kpi
from geartrain.web.numbers import show
from geartrain.web.registry import Group, Page
from geartrain.web.sections import sections_page
from geartrain.web.tables import Col, make_table

LEAD = "An initiative is done when its metric says so, weeks after going live."
COLUMNS = (
    Col("name", "Initiative", href=lambda r: reverse("policy", args=[KIND, r["key"]])),
    Col("stage", "Stage", badge={"verified": "good", "missed": "bad", "stopped": "", "adopting": "warn"}),
    Col("problem", "What is wrong today", wide=True),
    Col("metric", "Metric", wide=True),
    Col("before", "Before"),
    Col("after", "After"),
    Col("wanted", "Target"),
    Col("rice", "RICE", unit="count"),
    Col("cost", "Cost", unit="money", compact=True),
    Col("read_on", "Read on"),
    Col("late", "Late milestones"),
    Col("owner", "Owner"),
)
QUEUE = (
    Col("name", "Initiative", href=lambda r: reverse("policy", args=[KIND, r["key"]])),
    Col("owner", "Owner"),
    Col("waits_since", "Proposed"),
    Col("decide_by", "Decide by"),
    Col("state", "Answer", badge={"late": "bad", "in time": "good"}),
)


def initiatives(request: Any) -> HttpResponse:
    """Cards, the intake queue, all of them."""
    return sections_page(request, title="Initiatives", lead=LEAD, work=lambda: _work(request))


def _work(request: Any) -> Mapping[str, Any]:
    found = list_initiatives(request.workspace, request.actor)
    stages = [s.stage for s in found.initiatives]
    waiting = [s for s in found.initiatives if s.decide_by is not None]
    queue = [{**s.as_json(), "state": "late" if s.overdue else "in time"} for s in waiting]
    rows = [_row(s, request.workspace.currency) for s in found.initiatives]
    empty = "No initiative yet. Propose one: a policy of the kind initiative, under Policies."
    return {
        "cards": [
            Kpi("Waiting for a decision", len(waiting), better="down"),
            Kpi("Being built or adopted", sum(s in (Stage.building, Stage.adopting) for s in stages)),
            Kpi("Verified", stages.count(Stage.verified)),
            Kpi("Missed their target", stages.count(Stage.missed), better="down"),
            *_adopted(request),
        ],
        "issues": found.issues,
        "sections": [
            ("Intake", "an answer is owed within 14 days",
             make_table(request, name="intake", columns=QUEUE, rows=queue, empty="Nothing waits for a decision.")),
            ("All", f"as of {found.as_of}",
             make_table(request, name="initiatives", columns=COLUMNS, rows=rows, empty=empty)),
        ],
    }  # fmt: skip


def _adopted(request: Any) -> Iterator[Kpi]:
    """What end users really use of the tools there are, beside every plan to automate more."""
    if not request.actor.may(Permission.view_costs):
        return
    try:
        found = assess_tools(request.workspace, request.actor, policy=choose_register(request.workspace))
    except (NotFound, Invalid):
        return
    note, href = "of the licences there are: before more is automated", reverse("technology")
    yield Kpi("End users' adoption", found.active_share, "ratio", why="No licence is assigned.", note=note, href=href)


def _row(standing: Standing, currency: str) -> dict[str, Any]:
    row = standing.as_json()
    figures = (("before", "baseline"), ("after", "value"), ("wanted", "target"))
    shown = {n: str(show(row[k], row["unit"], currency=currency)) for n, k in figures}
    return row | shown | {"late": ", ".join(row["late"])}


PAGE = Page(
    key="initiatives",
    title="Initiatives",
    path="initiatives/",
    group=Group.process,
    icon="target",
    order=60,
    permission=Permission.view_policies,
    view=initiatives,
)
