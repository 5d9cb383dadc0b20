"""Write-back: what waits to be written into the CRM, what was written, and what stands in the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from geartrain.kernel.errors import Conflict, Invalid
from geartrain.services.access import Permission
from geartrain.services.selling import writeback as use
from geartrain.services.selling.writeback_sending import Sent, preview_write_backs, send_write_backs
from geartrain.web.cards import Kpi
from geartrain.web.exports import exported
from geartrain.web.registry import Group, Page, Route
from geartrain.web.tables import Col, Table, make_table

BADGES = {
    "proposed": "info", "ready": "info", "sending": "warn", "conflict": "bad", "failed": "bad", "sent": "good",
    "cancelled": "",
}  # fmt: skip
OUTCOMES = {"would_write": "info", "written": "good", "found": "good", "conflict": "bad", "failed": "bad",
            "waiting": "warn", "refused": "bad"}  # fmt: skip
SAID = {
    "proposed": "It waits for somebody's approval.",
    "ready": "It is written with the next sending.",
    "sending": "It was asked for and is not confirmed: the next sending reads the record first.",
    "conflict": "The source has something else by now.",
    "failed": "It could not be written.",
    "sent": "The source has it.",
    "cancelled": "It was called off.",
}
COLUMNS = (
    Col("record", "Record", href=lambda r: reverse("write-back-one", args=[r["id"]])),
    Col("kind", "Type"),
    Col("system", "Source"),
    Col("what", "Change", wide=True),
    Col("state", "State", badge=BADGES),
    Col("message", "What was said", wide=True),
    Col("proposed_at", "Proposed"),
)
LOOKED = (
    Col("record", "Record", href=lambda r: reverse("write-back-one", args=[r["id"]])),
    Col("system", "Source"),
    Col("fields", "Would be written", wide=True),
    Col("outcome", "Outcome", badge=OUTCOMES),
    Col("message", "What was said", wide=True),
)
LONGEST, MOST = 2_000, 10_000


def write_back(request: Any) -> HttpResponse:
    """The outbox."""
    found = use.list_write_backs(request.workspace, request.actor, limit=MOST)
    table = _table(request, found)
    if (file := exported(request, table)) is not None:
        return file
    return render(request, "pages/write_back.html", {"cards": _cards(found), "table": table, "any": bool(found)})


def one(request: Any, write_back: int) -> HttpResponse:
    """One write-back, and what may be done with it."""
    found = use.get_write_back(request.workspace, request.actor, id=write_back)
    others = use.list_write_backs(request.workspace, request.actor, system=found.system, record=found.record)
    context = {
        "found": found,
        "badge": BADGES[found.state],
        "said": SAID[found.state],
        "changes": [_change(found, column) for column in found.changes],
        "others": _table(request, [w for w in others if w.id != found.id]),
    }
    return render(request, "pages/write_back_one.html", context)


def look(request: Any) -> HttpResponse:
    """Read the sources and show what would be written; nothing is."""
    return _shown(request, preview_write_backs(request.workspace, request.actor))


def send(request: Any) -> HttpResponse:
    """Write what is ready."""
    try:
        return _shown(request, send_write_backs(request.workspace, request.actor, apply=True))
    except Conflict as error:
        messages.error(request, f"{error.message} {error.hint}")
        return HttpResponseRedirect(reverse("write-back"))


def approve(request: Any, write_back: int) -> HttpResponse:
    """Let it be sent."""
    return _moved(request, write_back, use.approve_write_backs, "Approved: it is written with the next sending.")


def retry(request: Any, write_back: int) -> HttpResponse:
    """Try it again."""
    return _moved(request, write_back, use.retry_write_backs, "It is tried again with the next sending.")


def cancel(request: Any, write_back: int) -> HttpResponse:
    """Call it off."""
    reason = request.POST.get("reason", "")[:LONGEST]
    return _moved(
        request, write_back, lambda *a, ids: use.cancel_write_backs(*a, ids=ids, reason=reason), "Called off."
    )


def revert(request: Any, write_back: int) -> HttpResponse:
    """Propose to put back what it replaced."""
    return _moved(request, write_back, use.revert_write_backs, "Proposed: it waits for approval.")


def _moved(request: Any, write_back: int, move: Callable[..., Any], said: str) -> HttpResponse:
    try:
        move(request.workspace, request.actor, ids=[write_back])
        messages.success(request, said)
    except (Conflict, Invalid) as error:
        messages.error(request, f"{error.message} {error.hint}")
    return HttpResponseRedirect(reverse("write-back-one", args=[write_back]))


def _shown(request: Any, found: Sent) -> HttpResponse:
    rows = [{**i, "fields": _pairs(i.get("fields") or {})} for i in found.items]
    empty = "Nothing is ready." if found.applied else "Nothing is open."
    table = make_table(request, name="looked", columns=LOOKED, rows=rows, empty=empty)
    context = {"found": found, "table": table, "title": "Sent" if found.applied else "What would be written"}
    return render(request, "pages/write_back_sent.html", context)


def _cards(found: list[use.WriteBack]) -> list[Kpi]:
    counts = {state: sum(w.state == state for w in found) for state in use.STATES}
    stuck = counts["conflict"] + counts["failed"]
    return [
        Kpi("Wait for approval", counts["proposed"], better="down"),
        Kpi("Ready to be sent", counts["ready"] + counts["sending"], note=f"{counts['sending']:,} not confirmed"),
        Kpi("Conflicts and failures", stuck, better="down"),
        Kpi("Written", counts["sent"]),
    ]


def _table(request: Any, found: list[use.WriteBack]) -> Table:
    rows = [
        {**w.as_json(), "what": "; ".join(f"{c}: {v}" for c, v in _changes(w).items()), "message": w.message or None}
        for w in found
    ]
    empty = "Nothing was proposed yet: geartrain roe enforce --propose, geartrain writeback propose."
    return make_table(request, name="outbox", columns=COLUMNS, rows=rows, empty=empty)


def _changes(w: use.WriteBack) -> dict[str, str]:
    return {c: f"{_text(v.get('from', '…'))} → {_text(v['to'])}" for c, v in w.changes.items()}


def _change(w: use.WriteBack, column: str) -> dict[str, str]:
    asked = w.changes[column]
    before = "not said" if "from" not in asked else _text(asked["from"])
    had = _text(w.before.get(column)) if w.before else "not read yet"
    return {"column": column, "from": before, "to": _text(asked["to"]), "had": had}


def _pairs(fields: Mapping[str, Any]) -> str | None:
    return "; ".join(f"{name} = {_text(value)}" for name, value in fields.items()) or None


def _text(value: Any) -> str:
    return "nothing" if value is None or value == "" else str(value)


_POST = ("POST",)
PAGE = Page(
    key="write-back",
    title="Write-back",
    path="write-back/",
    group=Group.process,
    icon="upload",
    order=60,
    permission=Permission.write_back,
    view=write_back,
    routes=(
        Route("write-back/look/", look, name="write-back-look", methods=_POST),
        Route("write-back/send/", send, name="write-back-send", methods=_POST),
        Route("write-back/<int:write_back>/", one, name="write-back-one"),
        Route("write-back/<int:write_back>/approve/", approve, name="write-back-approve", methods=_POST),
        Route("write-back/<int:write_back>/retry/", retry, name="write-back-retry", methods=_POST),
        Route("write-back/<int:write_back>/cancel/", cancel, name="write-back-cancel", methods=_POST),
        Route("write-back/<int:write_back>/revert/", revert, name="write-back-revert", methods=_POST),
    ),
)
