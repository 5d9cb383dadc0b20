"""Audit: who did what and when, and whether it and what it tells of is whole."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from geartrain.kernel.errors import Invalid
from geartrain.services import audit as use
from geartrain.services.access import Permission
from geartrain.services.audit import Verified
from geartrain.services.view import parse_day
from geartrain.web.exports import exported
from geartrain.web.registry import Group, Page, Route
from geartrain.web.tables import Col, make_table
from geartrain.web.tasks import Task, get_task, start_task

SHOWN = 200


def audit(request: Any) -> HttpResponse:
    """The trail, latest first, by person, deed, subject and day."""
    ws, actor, asked = request.workspace, request.actor, request.GET
    chosen = {n: asked.get(n, "").strip()[:300] for n in ("by", "verb", "subject")}
    days = {n: parse_day(asked[n]) for n in ("since", "until") if asked.get(n)}
    before = asked.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) < 18):
        raise Invalid(f"'{before[:40]}' is no event.")
    found = use.list_events(ws, actor, **chosen, **days, before=int(before) if before else None, limit=SHOWN)
    rows = [
        {
            "id": e.id,
            "at": e.at,
            "actor": e.actor,
            "verb": e.verb.replace("_", " "),
            "subject": e.subject,
            "detail": ", ".join(f"{k} {_short(v)}" for k, v in e.detail.items() if v not in ("", None, [], {})),
        }
        for e in found
    ]
    columns = (
        Col("at", "When (UTC)"),
        Col("actor", "Who"),
        Col("verb", "Deed"),
        Col("subject", "To what"),
        Col("detail", "How", wide=True, sortable=False),
        Col("id", "Event", unit="count"),
    )
    empty = "No event like that. Take the filters off to see all."
    table = make_table(
        request, name="events", columns=columns, rows=rows, caption="Audit trail", size=SHOWN, empty=empty
    )
    if (file := exported(request, table)) is not None:
        return file
    events, head = use.head(ws, actor)
    context = {
        "table": table,
        "verbs": use.list_verbs(ws, actor),
        "chosen": {**chosen, "since": asked.get("since", ""), "until": asked.get("until", "")},
        "active": any(chosen.values()) or bool(days),
        "events": events,
        "head": head,
        "older": found[-1].id if len(found) == SHOWN else None,
    }
    return render(request, "pages/audit.html", context)


def verify(request: Any) -> HttpResponse:
    """Look at everything, as a task."""
    ws, actor = request.workspace, request.actor
    known = request.POST.get("head", "").strip()[:64]

    def work(task: Task) -> Verified:
        return use.verify_audit(ws, actor, known=known, progress=task.report)

    return HttpResponseRedirect(start_task(actor, "Verifying the trail", work, page="audit-task").url)


def task_page(request: Any, task_id: str) -> HttpResponse:
    """How far it is; then whether everything is whole."""
    task = get_task(request.actor, task_id)
    found = task.result if isinstance(task.result, Verified) else None
    return render(
        request, "pages/audit_task.html", {"task": task, "found": found, "issues": found.issues if found else ()}
    )


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:77]}…"


PAGE = Page(
    key="audit",
    title="Audit",
    path="audit/",
    group=Group.administration,
    icon="audit",
    order=60,
    permission=Permission.view_audit,
    view=audit,
    routes=(
        Route("audit/verify/", verify, "verify-audit", methods=("POST",)),
        Route("audit/tasks/<str:task_id>/", task_page, "audit-task"),
    ),
)
