"""Data governance: who answers for the data, how complete and fresh it is, what each number rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from geartrain.services.access import Permission
from geartrain.services.records.governance import govern_data
from geartrain.web.cards import Kpi
from geartrain.web.registry import Group, Page
from geartrain.web.sections import sections_page
from geartrain.web.tables import Col, make_table

LEAD = "Every field has somebody who answers for it, and every number says what it rests on."
FIELDS = (
    Col("field", "Field"),
    Col("definition", "Means", wide=True),
    Col("steward", "Steward"),
    Col("system_of_record", "Kept in"),
    Col("sensitivity", "Sensitivity", badge={"personal": "warn", "confidential": "warn"}),
    Col("required_when", "Required when"),
    Col("applicable", "Records", unit="count"),
    Col("completeness", "Filled", unit="ratio"),
)
STEWARDS = (Col("steward", "Steward"), Col("findings", "Records found wrong", unit="count"))
SOURCES = (
    Col("source", "Source"),
    Col("last", "Last loaded"),
    Col("days", "Days ago", unit="count"),
    Col("state", "State", badge={"stale": "bad", "fresh": "good"}),
)
LINEAGE = (
    Col("metric", "Metric", href=lambda r: reverse("metric", args=[r["metric"]])),
    Col("version", "Version", unit="count"),
    Col("type", "Counts"),
    Col("rests", "Made of", wide=True),
    Col("sources", "Loaded from"),
)


def data_governance(request: Any) -> HttpResponse:
    """Cards, fields, findings by steward, sources, lineage."""
    return sections_page(request, title="Data governance", lead=LEAD, work=lambda: _work(request))


def _work(request: Any) -> Mapping[str, Any]:
    whole = govern_data(request.workspace, request.actor)
    found = whole.as_json()
    stewards = [{**s, "steward": s["steward"] or "nobody"} for s in found["stewards"]]
    sources = [{**f, "state": "stale" if f["stale"] else "fresh"} for f in found["freshness"]]
    lineage = [{**row, "sources": ", ".join(row["sources"]) or "–", "type": row["type"] or "other metrics"}
               for row in ({**r, "rests": _rests(r["facts"])} for r in found["lineage"])]  # fmt: skip
    doubled = found["duplicates"]
    return {
        "cards": [
            Kpi("Data-quality score", found["score"], "ratio", href=reverse("quality"), why="Nothing was assessed."),
            Kpi("Registered fields", len(found["fields"])),
            Kpi("Stale sources", sum(f["stale"] for f in found["freshness"]), better="down"),
            Kpi("Duplicate leads", doubled and doubled["rate"], "ratio", better="down", why="No lead policy."),
        ],
        "issues": whole.issues,
        "sections": [
            ("Fields", f"as of {whole.as_of}",
             make_table(request, name="fields", columns=FIELDS, rows=found["fields"], empty="No field is registered.")),
            ("Found wrong, by steward", "each field's findings under who answers for it",
             make_table(request, name="stewards", columns=STEWARDS, rows=stewards, empty="Nothing is wrong.")),
            ("Sources", "a stale source makes every number of it old",
             make_table(request, name="sources", columns=SOURCES, rows=sources, empty="Nothing was loaded yet.")),
            ("What each metric rests on", "derived from its definition",
             make_table(request, name="lineage", columns=LINEAGE, rows=lineage)),
        ],
    }  # fmt: skip


def _rests(facts: list[dict[str, Any]]) -> str:
    """Record types with the columns that are read: `lead (created_at, mql_at); touch (lead_id)`."""
    return "; ".join(f"{f['type']} ({', '.join(f['columns'])})" for f in facts) or "policies alone"


PAGE = Page(
    key="data-governance",
    title="Data governance",
    path="data-governance/",
    group=Group.data,
    icon="quality",
    order=15,
    permission=Permission.view_quality,
    view=data_governance,
)
