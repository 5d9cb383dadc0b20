"""Packs: frozen answers for reviews and forecast calls, with decisions, disputes and what became known since."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpResponse
from ninja import Router, Schema
from pydantic import Field

from geartrain.services.packs import decisions as pack_decisions
from geartrain.services.packs import life as packs
from geartrain.web.api.plain import Day, Instant, Line, Text, plain, utc
from geartrain.web.documents.render import Format, render_pack

PREFIX = "/packs"
router = Router()


class PackOut(Schema):
    """A pack as a list shows it; `sha256` is empty while it is a draft."""

    id: str
    title: str
    template: str
    purpose: str
    state: str
    as_of: str
    known_as_of: str | None
    scope: str | None
    owner: str
    created_at: str
    frozen_at: str | None
    held_at: str | None
    sha256: str
    open_decisions: int
    open_disputes: int


class DecisionOut(Schema):
    """A decision as it stands."""

    id: int
    pack: str
    text: str
    owner: str
    due: str
    state: str
    outcome: str
    made_by: str
    made_at: str
    closed_by: str
    closed_at: str | None
    commitment: str
    late: bool


class DisputeOut(Schema):
    """A dispute as it stands."""

    id: int
    pack: str
    number: str
    reason: str
    by: str
    at: str
    state: str
    resolution: str
    settled_by: str
    settled_at: str | None


class NumberOut(Schema):
    """A number with its address; exact decimals as text, null where it is not defined."""

    number: str
    metric: str
    value: str | None
    goal: str | None
    previous: str | None
    year_ago: str | None
    n: int
    reason: str


class PackViewOut(Schema):
    """One pack: the frozen body as it is, its numbers by address, and what was said of it since."""

    info: PackOut
    pack: dict[str, Any]
    numbers: list[NumberOut]
    decisions: list[DecisionOut]
    carried: list[DecisionOut]
    disputes: list[DisputeOut]
    sessions: dict[str, Any]


class MovedOut(Schema):
    """A number then and now."""

    number: str
    metric: str
    before: str | None
    after: str | None
    delta: str | None
    changed: bool
    definition_changed: bool


class RestatedOut(Schema):
    """A frozen pack beside what its questions answer now, and the records that came in since about its time."""

    sha256: str
    numbers: list[MovedOut]
    records: list[dict[str, Any]]
    capped: list[str]


class FreezeIn(Schema):
    """What to freeze: a draft, or a template with a last day and whose records."""

    draft: Line = ""
    template: Line = ""
    as_of: Day | None = None
    known_as_of: Instant | None = None
    scope: Line | None = None
    narrative: dict[str, list[str]] = Field(default_factory=dict, description="section to texts")


class DecisionIn(Schema):
    """A decision."""

    text: Text
    owner: Line
    due: Day


class CloseIn(Schema):
    """What came of a decision."""

    outcome: Text = ""
    dropped: bool = False


class DisputeIn(Schema):
    """Which number is wrong, and why."""

    number: Text
    reason: Text


class SettleIn(Schema):
    """Who is right about a number, and why."""

    upheld: bool
    resolution: Text


@router.get("", response=list[PackOut], summary="The packs one may see, latest first")
def listed(request: Any, template: Line = "") -> Any:
    return [plain(p) for p in packs.list_packs(request.workspace, request.actor, template=template)]


@router.post("", response={201: PackOut}, summary="Freeze a pack: it says the same for ever")
def freeze(request: Any, asked: FreezeIn) -> Any:
    info = packs.freeze_pack(
        request.workspace,
        request.actor,
        pack=asked.draft,
        template=asked.template,
        as_of=asked.as_of,
        scope=asked.scope or None,
        known_as_of=utc(asked.known_as_of),
        narrative=asked.narrative,
    )
    return 201, plain(info)


@router.get("/{pack_id}", response=PackViewOut, summary="One pack with its decisions and disputes")
def one(request: Any, pack_id: Line) -> Any:
    view = packs.get_pack(request.workspace, request.actor, pack=pack_id)
    numbers = [
        {"number": at, "metric": key, **{n: plain(getattr(found, n)) for n in NUMBER}}
        for at, key, found in view.pack.numbers()
    ]
    rates = {n: plain(getattr(view.pack.sessions, n)) for n in ("held_rate", "decisions_per_session", "on_time")}
    return {
        "info": plain(view.info),
        "pack": view.pack.model_dump(mode="json"),
        "numbers": numbers,
        "decisions": [plain(d) for d in view.decisions],
        "carried": [plain(d) for d in view.carried],
        "disputes": [plain(d) for d in view.disputes],
        "sessions": {**view.pack.sessions.model_dump(), **rates},
    }


NUMBER = ("value", "goal", "previous", "year_ago", "n", "reason")


@router.get("/{pack_id}/files/{format}", summary="A frozen pack as a file: the same bytes whenever it is asked for")
def file(request: Any, pack_id: Line, format: Format) -> Any:
    found = render_pack(request.workspace, request.actor, pack=pack_id, format=format)
    headers = {"Content-Disposition": f'attachment; filename="{found.name}"'}
    return HttpResponse(found.content, content_type=found.type, headers=headers)


@router.get("/{pack_id}/restated", response=RestatedOut, summary="A frozen pack beside what is known now")
def restated(request: Any, pack_id: Line) -> Any:
    found = packs.restate_pack(request.workspace, request.actor, pack=pack_id)
    numbers = [{**plain(asdict(m)), "delta": plain(m.delta), "changed": m.changed} for m in found.numbers]
    records = [plain(asdict(r)) for r in found.records]
    return {"sha256": found.pack.sha256, "numbers": numbers, "records": records, "capped": list(found.capped)}


@router.post("/{pack_id}/held", response=PackOut, summary="Note that a pack was discussed")
def held(request: Any, pack_id: Line, at: Instant | None = None) -> Any:
    return plain(packs.hold_pack(request.workspace, request.actor, pack=pack_id, at=utc(at)))


@router.post("/{pack_id}/decisions", response={201: DecisionOut}, summary="Note what was decided over a pack")
def decide(request: Any, pack_id: Line, asked: DecisionIn) -> Any:
    made = pack_decisions.add_decision(
        request.workspace, request.actor, pack=pack_id, text=asked.text, owner=asked.owner, due=asked.due
    )
    return 201, plain(made)


@router.post("/decisions/{decision_id}/close", response=DecisionOut, summary="Close a decision")
def close(request: Any, decision_id: int, asked: CloseIn) -> Any:
    found = pack_decisions.close_decision(
        request.workspace, request.actor, decision=decision_id, outcome=asked.outcome, dropped=asked.dropped
    )
    return plain(found)


@router.post("/{pack_id}/disputes", response={201: DisputeOut}, summary="Say that a number of a pack is wrong")
def dispute(request: Any, pack_id: Line, asked: DisputeIn) -> Any:
    made = pack_decisions.dispute_number(
        request.workspace, request.actor, pack=pack_id, number=asked.number, reason=asked.reason
    )
    return 201, plain(made)


@router.post("/disputes/{dispute_id}/settle", response=DisputeOut, summary="Settle a dispute")
def settle(request: Any, dispute_id: int, asked: SettleIn) -> Any:
    found = pack_decisions.settle_dispute(
        request.workspace, request.actor, dispute=dispute_id, upheld=asked.upheld, resolution=asked.resolution
    )
    return plain(found)
