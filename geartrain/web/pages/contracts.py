"""Contracts: when notice is due, and which do not agree with what was won."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse

from geartrain.services.access import Permission
from geartrain.services.selling.quotes import list_contracts
from geartrain.web.cards import Kpi
from geartrain.web.registry import Group, Page
from geartrain.web.sections import deal_link, sections_page
from geartrain.web.tables import Col, make_table

LEAD = "As mirrored from where contracts are kept: the last day for notice, and contracts that no won deal bears out."
BADGES = {"missed": "bad", "due": "warn", "later": "good", "unknown": "info"}
NOTICES = (
    Col("notice_by", "Notice by"),
    Col("contract_id", "Contract"),
    Col("account_id", "Account"),
    Col("end_date", "Ends"),
    Col("value", "Value", unit="money"),
    Col("days_left", "Days left", unit="count"),
    Col("state", "State", badge=BADGES),
)
UNSYNCED = (
    Col("contract_id", "Contract"),
    Col("opportunity_id", "Deal", href=deal_link),
    Col("problem", "What is wrong", wide=True),
    Col("value", "Contract value", unit="money"),
    Col("won_amount", "Deal amount", unit="money"),
)


def contracts(request: Any) -> HttpResponse:
    """Cards, the calendar of notices, the sync check."""
    return sections_page(request, title="Contracts", lead=LEAD, work=lambda: _work(request))


def _work(request: Any) -> Mapping[str, Any]:
    day, due, wrong = list_contracts(request.workspace, request.actor)
    rows = [{n: getattr(d, n) for n in (*d.__dataclass_fields__, "state")} for d in due]
    failures = [{n: getattr(u, n) for n in u.__dataclass_fields__} for u in wrong]
    by = {s: sum(r["state"] == s for r in rows) for s in BADGES}
    return {
        "cards": [
            Kpi("Notice within 90 days", by["due"]),
            Kpi("Notice missed", by["missed"], better="down"),
            Kpi("Without a date for notice", by["unknown"], better="down"),
            Kpi("Not as won", len(failures), better="down"),
        ],
        "sections": [
            (
                "Notice",
                f"contracts in force on {day}",
                make_table(
                    request, name="notices", columns=NOTICES, rows=rows, empty="No contract in force has an end."
                ),
            ),
            (
                "Executed without a won deal of the same value",
                "",
                make_table(request, name="unsynced", columns=UNSYNCED, rows=failures, empty="Every one agrees."),
            ),
        ],
    }


PAGE = Page(
    key="contracts",
    title="Contracts",
    path="contracts/",
    group=Group.process,
    icon="records",
    order=40,
    from_facts=True,
    permission=Permission.view_records,
    view=contracts,
)
