"""My work: what one owes and by when, what waits to be read or approved, and the long tasks one started."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from geartrain.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from geartrain.services import commitments as use
from geartrain.services.access import Permission
from geartrain.services.governance import list_policies, to_acknowledge
from geartrain.services.planning.operating_model import coming_up
from geartrain.web.exports import exported
from geartrain.web.registry import Group, Page, Route
from geartrain.web.tables import Col, Table, make_table
from geartrain.web.tasks import get_task, own_tasks

STATES = {"open": "info", "met": "good", "breached": "bad", "waived": "warn", "cancelled": ""}
LONGEST = 2_000
AHEAD, MOST_MEETINGS = 35, 12


def work(request: Any) -> HttpResponse:
    """What one has to do first, then everybody's that one may see."""
    ws, actor = request.workspace, request.actor
    mine = use.my_work(ws, actor)
    state = request.GET.get("state", "")
    every = use.list_commitments(ws, actor, state=state if state in STATES else None)
    table = _table(request, every)
    if (file := exported(request, table)) is not None:
        return file
    policies = list_policies(ws, actor) if actor.may(Permission.approve_policies) else []
    context = {
        "mine": [(c, c.due < ws.now(), c.kind in use.CLOSED_WHERE_MADE) for c in mine],
        "to_read": to_acknowledge(ws, actor),
        "to_approve": [p for p in policies if p.open_status == "in_review"],
        "tasks": own_tasks(actor),
        "meetings": coming_up(ws, actor, days=AHEAD)[:MOST_MEETINGS],
        "table": table,
        "others": bool(every),
        "states": list(STATES),
        "state": state,
    }
    return render(request, "pages/work.html", context)


def one(request: Any, commitment: int) -> HttpResponse:
    """One commitment, and what may be done with it."""
    found = use.get_commitment(request.workspace, request.actor, id=commitment)
    history = use.list_commitments(request.workspace, request.actor, subject=found.subject)
    table = _table(request, [c for c in history if c.id != found.id])
    context = {
        "owed": found,
        "badge": STATES.get(str(found.state), ""),
        "elsewhere": found.kind in use.CLOSED_WHERE_MADE,
        "history": table,
    }
    return render(request, "pages/commitment.html", context)


def done(request: Any, commitment: int) -> HttpResponse:
    """It was done."""
    return _moved(request, commitment, use.meet_commitment, "Done.")


def waive(request: Any, commitment: int) -> HttpResponse:
    """Let it be, for a reason."""
    reason = request.POST.get("reason", "")[:LONGEST]
    return _moved(request, commitment, lambda *a, id: use.waive_commitment(*a, id=id, reason=reason), "Waived.")


def reassign(request: Any, commitment: int) -> HttpResponse:
    """Hand it to somebody else."""
    to = request.POST.get("to", "")[:254]
    return _moved(request, commitment, lambda *a, id: use.reassign_commitment(*a, id=id, to=to), f"It is {to}'s now.")


def stop_task(request: Any, task_id: str) -> HttpResponse:
    """Cancel some long work."""
    task = get_task(request.actor, task_id)
    task.cancel()
    return HttpResponseRedirect(task.url or reverse("work"))


def _moved(request: Any, commitment: int, move: Callable[..., Any], said: str) -> HttpResponse:
    try:
        move(request.workspace, request.actor, id=commitment)
        messages.success(request, said)
    except (Conflict, Invalid, Forbidden) as error:
        messages.error(request, f"{error.message} {error.hint}")
    except NotFound as error:
        if "commitment" in error.message:
            raise
        messages.error(request, f"{error.message} {error.hint}")
    return HttpResponseRedirect(reverse("work"))


def _table(request: Any, found: list[use.Owed]) -> Table:
    rows = [
        {
            "id": c.id,
            "title": c.title,
            "assignee": c.assignee.replace("_", " "),
            "due": c.due,
            "state": str(c.state),
            "kind": c.kind.replace("_", " "),
            "done": c.done,
            "closed_by": c.closed_by or None,
        }
        for c in found
    ]
    columns = (
        Col("title", "What", wide=True, href=lambda r: reverse("commitment", args=[r["id"]])),
        Col("assignee", "Whose"),
        Col("due", "Due"),
        Col("state", "Stands", badge=STATES),
        Col("kind", "Kind"),
        Col("done", "Done"),
        Col("closed_by", "Closed by"),
    )
    empty = "Nothing is owed. Decisions over packs and review dates of policies show up here."
    return make_table(
        request, name="commitments", columns=columns, rows=rows, sort="due", caption="Commitments", empty=empty
    )


POST = ("POST",)
PAGE = Page(
    key="work",
    title="My work",
    path="work/",
    group=Group.performance,
    icon="work",
    order=90,
    permission=Permission.view_policies,
    view=work,
    routes=(
        Route("work/tasks/<str:task_id>/stop/", stop_task, "stop-task", methods=POST),
        Route("work/<int:commitment>/", one, "commitment"),
        Route("work/<int:commitment>/done/", done, "meet-commitment", methods=POST),
        Route("work/<int:commitment>/waive/", waive, "waive-commitment", methods=POST),
        Route("work/<int:commitment>/reassign/", reassign, "reassign-commitment", methods=POST),
    ),
)
