"""Loads: what was brought in, what was not taken and why; and bringing in more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from geartrain.kernel.errors import Invalid
from geartrain.services.access import Permission
from geartrain.services.records.loading import load_records
from geartrain.services.records.loads import get_load, list_loads, list_quarantined
from geartrain.web.exports import exported
from geartrain.web.registry import Group, Page, Route
from geartrain.web.tables import Col, make_table
from geartrain.web.tasks import Task, get_task, start_task
from geartrain.web.uploads import drop_upload, find_upload, keep_upload

SOURCES = {
    "folder": "Files with Geartrain's own column names",
    "salesforce": "Salesforce export",
    "hubspot": "HubSpot export",
}
COUNTS = (
    Col("read", "Rows read", unit="count"),
    Col("loaded", "Loaded", unit="count", help="New records, and new versions of known ones"),
    Col("duplicates", "Already known", unit="count", help="Equal to what was there"),
    Col("quarantined", "Not taken", unit="count", help="Rows that could not be read; each is listed with its reason"),
)
QUARANTINE = (
    Col("type", "Type"),
    Col("file", "File"),
    Col("line", "Line"),
    Col("column", "Column"),
    Col("value", "Value"),
    Col("message", "What is wrong", wide=True),
    Col("hint", "How to mend it", wide=True),
    Col("code", "Code"),
)


def loads(request: Any) -> HttpResponse:
    """Every load, latest first."""
    entries = list_loads(request.workspace, request.actor)
    rows = [_load_row(e) for e in entries]
    columns = (
        Col("recorded_at", "When", href=lambda r: reverse("load", args=[r["load_id"]])),
        Col("source", "Source"),
        Col("who", "By"),
        Col("types", "Types", wide=True),
        *COUNTS,
    )
    table = make_table(
        request, name="loads", columns=columns, rows=rows, sort="-recorded_at", caption="Loads",
        empty="Nothing has been loaded yet.",
    )  # fmt: skip
    return exported(request, table) or render(request, "pages/loads.html", {"table": table})


def one_load(request: Any, load_id: str) -> HttpResponse:
    """What one load brought, and what it did not take."""
    entry = get_load(request.workspace, request.actor, load_id=load_id)
    rows = [_counts(name, vars_of(c)) for name, c in sorted(entry.counts.items())]
    counts = make_table(request, name="types", columns=(TYPE, *COUNTS), rows=rows, caption="By type", export=False)
    held = list_quarantined(request.workspace, request.actor, load_id=load_id, limit=10_000)
    rejected = make_table(
        request,
        name="quarantine",
        columns=QUARANTINE,
        rows=held,
        caption="Rows that were not taken",
        empty="Every row was taken.",
    )
    context = {"entry": entry, "counts": counts, "rejected": rejected, "issues": entry.issues[:200]}
    return exported(request, rejected) or render(request, "pages/load.html", context)


def new_load(request: Any) -> HttpResponse:
    """Choose files; nothing is loaded before it has been shown."""
    if request.method != "POST":
        return render(request, "pages/load_new.html", {"sources": SOURCES})
    try:
        source = _source(request)
        mapping = request.FILES.get("mapping")
        key, folder, held = keep_upload(request.workspace, request.FILES.getlist("files"), mapping)
    except Invalid as error:
        messages.error(request, f"{error.message} {error.hint}")
        return HttpResponseRedirect(reverse("new-load"))
    names = sorted(p.name for p in folder.iterdir())
    ws, actor = request.workspace, request.actor

    def try_it(task: Task) -> Any:
        result = load_records(
            ws, actor, location=str(folder), source=source, mapping=held, dry_run=True, progress=task.report
        )
        return result.as_json()

    task = start_task(
        actor, "Reading the files", try_it, page="load-task", upload=key, source=source, names=names, dry=True
    )
    return HttpResponseRedirect(reverse("load-task", args=[task.id]))


def load_task(request: Any, task_id: str) -> HttpResponse:
    """How far it is; then what it would load, or what it loaded."""
    task = get_task(request.actor, task_id)
    context: dict[str, Any] = {"task": task}
    if task.result is not None:
        rows = [_counts(name, c) for name, c in sorted(task.result["types"].items())]
        context |= {
            "counts": make_table(
                request, name="types", columns=(TYPE, *COUNTS), rows=rows, caption="By type", export=False
            ),
            "issues": task.result["issues"][:100],
            "more_issues": max(0, len(task.result["issues"]) - 100),
            "nothing": not any(r["loaded"] for r in rows),
        }
    return render(request, "pages/load_task.html", context)


def confirm_load(request: Any, task_id: str) -> HttpResponse:
    """Load what the dry run showed."""
    tried = get_task(request.actor, task_id)
    key, source = tried.context["upload"], tried.context["source"]
    folder, mapping = find_upload(request.workspace, key)
    ws, actor = request.workspace, request.actor

    def load(task: Task) -> Any:
        result = load_records(ws, actor, location=str(folder), source=source, mapping=mapping, progress=task.report)
        drop_upload(ws, key)
        return result.as_json()

    task = start_task(
        actor, "Loading", load, page="load-task", upload=key, source=source, names=tried.context["names"], dry=False
    )
    return HttpResponseRedirect(reverse("load-task", args=[task.id]))


def stop_load(request: Any, task_id: str) -> HttpResponse:
    """Cancel what runs, or throw the files away that were only tried."""
    task = get_task(request.actor, task_id)
    if not task.over:
        task.cancel()
        return HttpResponseRedirect(reverse("load-task", args=[task.id]))
    drop_upload(request.workspace, task.context["upload"])
    messages.info(request, "The files were thrown away; nothing was loaded.")
    return HttpResponseRedirect(reverse("loads"))


TYPE = Col("type", "Type")


def vars_of(counts: Any) -> Mapping[str, int]:
    """The four counts as a row holds them."""
    return {name: getattr(counts, name) for name in ("read", "loaded", "quarantined", "duplicates")}


def _counts(name: str, counts: Mapping[str, int]) -> dict[str, Any]:
    return {"type": name.replace("_", " "), **counts}


def _load_row(entry: Any) -> dict[str, Any]:
    sums = {
        k: sum(vars_of(c)[k] for c in entry.counts.values()) for k in ("read", "loaded", "quarantined", "duplicates")
    }
    types = ", ".join(n.replace("_", " ") for n in sorted(entry.counts))
    who = entry.meta.get("actor")
    return {
        "load_id": entry.load_id,
        "recorded_at": entry.recorded_at,
        "source": entry.source,
        "types": types,
        "who": who,
        **sums,
    }


def _source(request: Any) -> str:
    source = request.POST.get("source", "folder")
    if source not in SOURCES:
        raise Invalid(f"There is no source '{source[:40]}'.", hint=f"One of: {', '.join(SOURCES)}.")
    return source


LOAD, POST = Permission.load_facts, ("POST",)
PAGE = Page(
    key="loads",
    title="Loads",
    path="loads/",
    group=Group.data,
    icon="upload",
    order=30,
    permission=Permission.view_loads,
    view=loads,
    routes=(
        Route("loads/new/", new_load, "new-load", permission=LOAD, methods=("GET", "HEAD", "POST")),
        Route("loads/tasks/<str:task_id>/", load_task, "load-task", permission=LOAD),
        Route("loads/tasks/<str:task_id>/confirm/", confirm_load, "confirm-load", permission=LOAD, methods=POST),
        Route("loads/tasks/<str:task_id>/stop/", stop_load, "stop-load", permission=LOAD, methods=POST),
        Route("loads/<str:load_id>/", one_load, "load"),
    ),
)
