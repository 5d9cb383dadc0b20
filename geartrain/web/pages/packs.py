"""Packs: what is frozen for reviews and forecast calls, what was decided over it, and what became known since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from geartrain.kernel.errors import Conflict, GeartrainError, Invalid, NotFound
from geartrain.services.access import Permission
from geartrain.services.packs import decisions as pack_decisions
from geartrain.services.packs import life as packs
from geartrain.services.packs.restating import RestatedPack
from geartrain.services.packs.store import FROZEN, PackInfo
from geartrain.web.charts import Picture
from geartrain.web.documents.document import Block, Document, document_of
from geartrain.web.documents.render import render_pack
from geartrain.web.exports import exported
from geartrain.web.registry import Group, Page, Route
from geartrain.web.tables import Col, Table, make_table
from geartrain.web.tasks import Task, get_task, start_task

STATES = {"frozen": "good", "draft": "info"}
COLUMNS = (
    Col("title", "Pack", href=lambda r: reverse("pack", args=[r["id"]])),
    Col("state", "State", badge=STATES),
    Col("as_of", "As of"),
    Col("whose", "Whose records"),
    Col("held", "Discussed"),
    Col("open_decisions", "Open decisions", unit="count"),
    Col("open_disputes", "In dispute", unit="count"),
    Col("owner", "By"),
)


def listed(request: Any) -> HttpResponse:
    """Every pack one may see, the next ones, and a form to begin one."""
    ws, actor = request.workspace, request.actor
    rows = [_row(ws, info) for info in packs.list_packs(ws, actor)]
    empty = "No pack yet. Begin one: it holds the numbers of a review as they were known when it was frozen."
    table = make_table(request, name="packs", columns=COLUMNS, rows=rows, caption="Packs", empty=empty)
    if (file := exported(request, table)) is not None:
        return file
    found = packs.list_templates(ws, actor)
    manages = actor.may(Permission.manage_packs)
    context = {
        "table": table,
        "templates": [p for p, issues in found if not issues],
        "issues": [i for _, issues in found for i in issues],
        "next": packs.next_packs(ws, actor),
        "scopes": packs.list_scopes(ws, actor) if manages else [],
        "manages": manages,
    }
    return render(request, "pages/packs.html", context)


def begin(request: Any) -> HttpResponse:
    """Begin a draft."""
    asked = request.POST

    def work() -> HttpResponse:
        info = packs.draft_pack(
            request.workspace,
            request.actor,
            template=asked.get("template", ""),
            as_of=_day(asked["as_of"]) if asked.get("as_of") else None,
            scope=asked.get("scope") or None,
        )
        return HttpResponseRedirect(reverse("pack", args=[info.id]))

    return _told(request, reverse("packs"), work)


def one(request: Any, pack_id: str) -> HttpResponse:
    """A frozen pack as a document; a draft as a form, with its numbers where they were asked for."""
    ws, actor = request.workspace, request.actor
    info = packs.get_info(ws, actor, pack=pack_id)
    if info.state != FROZEN and not request.GET.get("preview"):
        return render(request, "pages/pack_draft.html", _draft(request, pack_id))
    view = packs.get_pack(ws, actor, pack=pack_id)
    document = document_of(view.pack)
    context = {
        "info": info,
        "view": view,
        "document": document,
        "chapters": _chapters(request, document),
        "numbers": _numbers(document),
        "decisions": [*view.carried, *view.decisions],
        "manages": actor.may(Permission.manage_packs),
        "frozen": info.state == FROZEN,
    }
    return render(request, "pages/pack.html", context)


def write(request: Any, pack_id: str) -> HttpResponse:
    """Keep what the author wrote."""
    back = reverse("pack", args=[pack_id])

    def work() -> HttpResponse:
        draft = packs.get_draft(request.workspace, request.actor, pack=pack_id)
        for part in draft.policy.spec.sections:
            texts = request.POST.getlist(f"text-{part.key}")
            if part.narrative and texts and texts != list(draft.narrative.get(part.key, [])):
                packs.write_narrative(request.workspace, request.actor, pack=pack_id, section=part.key, texts=texts)
        messages.success(request, "Kept.")
        return HttpResponseRedirect(back)

    return _told(request, back, work)


def preview(request: Any, pack_id: str) -> HttpResponse:
    """Work out a draft's numbers."""
    ws, actor = request.workspace, request.actor
    packs.get_draft(ws, actor, pack=pack_id)

    def work(task: Task) -> None:
        packs.get_pack(ws, actor, pack=pack_id, progress=task.report)

    return _started(request, "Asking the questions", work, pack=pack_id, then=f"{_at(pack_id)}?preview=1")


def freeze(request: Any, pack_id: str) -> HttpResponse:
    """Freeze a draft."""
    ws, actor = request.workspace, request.actor
    packs.get_draft(ws, actor, pack=pack_id)

    def work(task: Task) -> None:
        packs.freeze_pack(ws, actor, pack=pack_id, progress=task.report)

    return _started(request, "Freezing", work, pack=pack_id, then=_at(pack_id))


def restate(request: Any, pack_id: str) -> HttpResponse:
    """Ask a frozen pack's questions again."""
    ws, actor = request.workspace, request.actor
    packs.frozen_pack(ws, actor, pack=pack_id)

    def work(task: Task) -> RestatedPack:
        return packs.restate_pack(ws, actor, pack=pack_id, progress=task.report)

    return _started(request, "Asking again", work, pack=pack_id, then="")


def task(request: Any, task_id: str) -> HttpResponse:
    """How far it is; then the pack, or what became known since."""
    found = get_task(request.actor, task_id)
    if found.over and not found.error and found.context["then"]:
        if request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Redirect": found.context["then"]})
        return HttpResponseRedirect(found.context["then"])
    context = {"task": found, "pack_id": found.context["pack"]}
    if isinstance(found.result, RestatedPack):
        context |= _restated(request, found.result)
    return render(request, "pages/pack_task.html", context)


def drop(request: Any, pack_id: str) -> HttpResponse:
    """Throw a draft away."""

    def work() -> HttpResponse:
        packs.drop_draft(request.workspace, request.actor, pack=pack_id)
        messages.info(request, "The draft was thrown away.")
        return HttpResponseRedirect(reverse("packs"))

    return _told(request, _at(pack_id), work)


def held(request: Any, pack_id: str) -> HttpResponse:
    """Note that it was discussed."""

    def work() -> HttpResponse:
        packs.hold_pack(request.workspace, request.actor, pack=pack_id)
        return HttpResponseRedirect(_at(pack_id))

    return _told(request, _at(pack_id), work)


def decide(request: Any, pack_id: str) -> HttpResponse:
    """Note a decision."""
    asked = request.POST

    def work() -> HttpResponse:
        pack_decisions.add_decision(
            request.workspace,
            request.actor,
            pack=pack_id,
            text=asked.get("text", ""),
            owner=asked.get("owner", ""),
            due=_day(asked.get("due", "")),
        )
        return HttpResponseRedirect(f"{_at(pack_id)}#decisions")

    return _told(request, f"{_at(pack_id)}#decisions", work)


def close(request: Any, pack_id: str) -> HttpResponse:
    """Close a decision of this pack, or one it carries."""
    asked = request.POST

    def work() -> HttpResponse:
        pack_decisions.close_decision(
            request.workspace,
            request.actor,
            decision=_number(asked.get("decision", "")),
            outcome=asked.get("outcome", ""),
            dropped=asked.get("how") == "dropped",
        )
        return HttpResponseRedirect(f"{_at(pack_id)}#decisions")

    return _told(request, f"{_at(pack_id)}#decisions", work)


def dispute(request: Any, pack_id: str) -> HttpResponse:
    """Dispute a number."""
    asked = request.POST

    def work() -> HttpResponse:
        pack_decisions.dispute_number(
            request.workspace,
            request.actor,
            pack=pack_id,
            number=asked.get("number", ""),
            reason=asked.get("reason", ""),
        )
        return HttpResponseRedirect(f"{_at(pack_id)}#disputes")

    return _told(request, f"{_at(pack_id)}#disputes", work)


def settle(request: Any, pack_id: str) -> HttpResponse:
    """Settle a dispute."""
    asked = request.POST

    def work() -> HttpResponse:
        pack_decisions.settle_dispute(
            request.workspace,
            request.actor,
            dispute=_number(asked.get("dispute", "")),
            upheld=asked.get("how") == "upheld",
            resolution=asked.get("resolution", ""),
        )
        return HttpResponseRedirect(f"{_at(pack_id)}#disputes")

    return _told(request, f"{_at(pack_id)}#disputes", work)


def file(request: Any, pack_id: str, format: str) -> HttpResponse:
    """The pack as a file."""
    found = render_pack(request.workspace, request.actor, pack=pack_id, format=format)
    disposition = {"Content-Disposition": f'attachment; filename="{found.name}"'}
    return HttpResponse(found.content, content_type=found.type, headers=disposition)


def _chapters(request: Any, document: Document) -> list[dict[str, Any]]:
    return [{"chapter": c, "blocks": [_shown(request, b) for b in c.blocks]} for c in document.chapters]


def _shown(request: Any, block: Block) -> dict[str, Any]:
    """A block with its chart as the site draws them: the same specification, in the site's colours."""
    if block.drawing is None:
        return {"block": block}
    d = block.drawing
    note = " ".join(block.notes)
    picture = Picture(
        block.message,
        d.draw,
        d.rows,
        d.alt,
        unit=block.about,
        options=d.options,
        table=_table(request, block),
        note=note,
    )
    return {"block": block, "picture": picture}


def _table(request: Any, block: Block) -> Table | None:
    if block.grid is None:
        return None
    columns = [
        Col(str(n), title, unit="text" if number else "", sortable=False)
        for n, (title, number) in enumerate(zip(block.grid.headings, block.grid.numbers, strict=True))
    ]
    rows = [{str(n): cell for n, cell in enumerate(row)} for row in block.grid.rows]
    return make_table(request, columns=columns, rows=rows, caption=block.title, export=False)


def _numbers(document: Document) -> list[tuple[str, list[tuple[str, str]]]]:
    """(question, [(address, name)]) of every number, for the one who disputes one."""
    found: dict[str, list[tuple[str, str]]] = {}
    for at, key, _ in document.pack.numbers():
        section, question, *cut = at.split("/")[:-1]
        name = " · ".join([document.pack.metrics[key].name, *cut])
        found.setdefault(f"{section}: {question}".replace("_", " "), []).append((at, name))
    return list(found.items())


def _draft(request: Any, pack_id: str) -> dict[str, Any]:
    draft = packs.get_draft(request.workspace, request.actor, pack=pack_id)
    sections = []
    for part in draft.policy.spec.sections:
        texts = list(draft.narrative.get(part.key, []))
        prompts = [(p, texts[n] if n < len(texts) else "") for n, p in enumerate(part.narrative)]
        sections.append({"key": part.key, "title": part.title, "prose": part.prose, "prompts": prompts})
    return {"info": draft.info, "sections": sections, "manages": request.actor.may(Permission.manage_packs)}


def _restated(request: Any, found: RestatedPack) -> dict[str, Any]:
    names = found.pack.metrics
    rows = [
        {
            "number": m.number,
            "metric": names[m.metric].name if m.metric in names else m.metric,
            "before": m.before,
            "after": m.after,
            "delta": m.delta,
            "why": "definition changed" if m.definition_changed else "records",
        }
        for m in found.moved
    ]
    columns = (
        Col("metric", "Number"),
        Col("number", "Where it stands", wide=True),
        Col("before", "Frozen"),
        Col("after", "Now"),
        Col("delta", "Difference"),
        Col("why", "Because of"),
    )
    moved = make_table(
        request, name="moved", columns=columns, rows=rows, caption="Numbers that changed", export=False,
        empty="Every number is what it was.",
    )  # fmt: skip
    told = [
        {
            "type": r.type.replace("_", " "),
            "key": " / ".join(r.key),
            "occurred": r.occurred,
            "recorded_at": r.recorded_at,
            "how": "added" if r.added else "changed",
            "what": "; ".join(
                f"{k.replace('_', ' ')}: {_text(r.before[k])} → {_text(v)}"
                if r.before
                else f"{k.replace('_', ' ')}: {v}"
                for k, v in list(r.after.items())[:8]
            ),
        }
        for r in found.records
    ]
    record_columns = (
        Col("type", "Type"),
        Col("key", "Record"),
        Col("occurred", "Tells of"),
        Col("recorded_at", "Recorded"),
        Col("how", "How"),
        Col("what", "What", wide=True),
    )
    records = make_table(
        request, name="records", columns=record_columns, rows=told, caption="Records", export=False,
        empty="No record tells anything new of that time.",
    )  # fmt: skip
    return {"restated": found, "moved": moved, "records": records, "same": len(found.numbers) - len(found.moved)}


def _text(value: Any) -> str:
    return "–" if value is None else str(value)


def _row(ws: Any, info: PackInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "title": info.title,
        "state": info.state,
        "as_of": info.as_of,
        "whose": info.scope or ws.name,
        "held": info.held_at.date() if info.held_at else None,
        "open_decisions": info.open_decisions,
        "open_disputes": info.open_disputes,
        "owner": info.owner,
    }


def _started(request: Any, title: str, work: Callable[[Task], Any], **context: Any) -> HttpResponse:
    started = start_task(request.actor, title, work, page="pack-task", **context)
    return HttpResponseRedirect(started.url)


def _told(request: Any, back: str, work: Callable[[], HttpResponse]) -> HttpResponse:
    """Do it, or say why not on the page it was asked for."""
    try:
        return work()
    except (Conflict, Invalid) as error:
        messages.error(request, _words(error))
    except NotFound as error:
        if back.startswith(reverse("packs") + "?") or back == reverse("packs"):
            messages.error(request, _words(error))
        else:
            raise
    return HttpResponseRedirect(back)


def _words(error: GeartrainError) -> str:
    return f"{error.message} {error.hint}".strip()


def _at(pack_id: str) -> str:
    return reverse("pack", args=[pack_id])


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(f"'{text[:40]}' is not a date.", hint="Write it as YYYY-MM-DD.") from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid("It is not said which one.", hint="Go back and choose it again.")
    return int(text)


VIEW, MANAGE, POST = Permission.view_packs, Permission.manage_packs, ("POST",)
PAGE = Page(
    key="packs",
    title="Packs",
    path="packs/",
    group=Group.performance,
    icon="pack",
    order=60,
    permission=VIEW,
    view=listed,
    routes=(
        Route("packs/new/", begin, "begin-pack", permission=MANAGE, methods=POST),
        Route("packs/tasks/<str:task_id>/", task, "pack-task"),
        Route("packs/<str:pack_id>/", one, "pack"),
        Route("packs/<str:pack_id>/narrative/", write, "write-pack", permission=MANAGE, methods=POST),
        Route("packs/<str:pack_id>/preview/", preview, "preview-pack", permission=MANAGE, methods=POST),
        Route("packs/<str:pack_id>/freeze/", freeze, "freeze-pack", permission=MANAGE, methods=POST),
        Route("packs/<str:pack_id>/drop/", drop, "drop-pack", permission=MANAGE, methods=POST),
        Route("packs/<str:pack_id>/restate/", restate, "restate-pack", methods=POST),
        Route("packs/<str:pack_id>/held/", held, "hold-pack", permission=MANAGE, methods=POST),
        Route("packs/<str:pack_id>/decide/", decide, "decide-pack", permission=MANAGE, methods=POST),
        Route("packs/<str:pack_id>/close/", close, "close-decision", permission=MANAGE, methods=POST),
        Route("packs/<str:pack_id>/dispute/", dispute, "dispute-number", methods=POST),
        Route("packs/<str:pack_id>/settle/", settle, "settle-dispute", permission=MANAGE, methods=POST),
        Route("packs/<str:pack_id>/files/<str:format>/", file, "pack-file"),
    ),
)
