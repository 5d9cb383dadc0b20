"""What people owe, and by when."""

from __future__ import annotations

from typing import Any

from ninja import Router, Schema

from geartrain.kernel.clock.commitment import State
from geartrain.services import commitments as use
from geartrain.web.api.plain import Line, Text, plain

PREFIX = "/commitments"
router = Router()


class OwedOut(Schema):
    """A commitment; `assignee` is an e-mail address or a role."""

    id: int
    kind: str
    subject: str
    title: str
    link: str
    assignee: str
    opened: str
    due: str
    state: str | None
    outstanding: bool
    done: str | None
    closed: str | None
    closed_by: str
    reason: str
    source: str


class ReasonIn(Schema):
    """Why."""

    reason: Text


class ToIn(Schema):
    """Who is to do it."""

    to: Line


@router.get("", response=list[OwedOut], summary="The commitments one may see, first due first")
def listed(
    request: Any, assignee: Line = "", kind: Line = "", state: State | None = None, outstanding: bool | None = None
) -> Any:
    found = use.list_commitments(
        request.workspace,
        request.actor,
        assignee=assignee or None,
        kind=kind or None,
        state=state,
        outstanding=outstanding,
    )
    return [plain(c) for c in found]


@router.get("/mine", response=list[OwedOut], summary="What the caller still has to do")
def mine(request: Any) -> Any:
    return [plain(c) for c in use.my_work(request.workspace, request.actor)]


@router.get("/{commitment}", response=OwedOut, summary="One commitment")
def one(request: Any, commitment: int) -> Any:
    return plain(use.get_commitment(request.workspace, request.actor, id=commitment))


@router.post("/{commitment}/done", response=OwedOut, summary="It was done")
def done(request: Any, commitment: int) -> Any:
    return plain(use.meet_commitment(request.workspace, request.actor, id=commitment))


@router.post("/{commitment}/waive", response=OwedOut, summary="Let it be, for a reason")
def waive(request: Any, commitment: int, asked: ReasonIn) -> Any:
    return plain(use.waive_commitment(request.workspace, request.actor, id=commitment, reason=asked.reason))


@router.post("/{commitment}/cancel", response=OwedOut, summary="It does not arise any more")
def cancel(request: Any, commitment: int, asked: ReasonIn) -> Any:
    return plain(use.cancel_commitment(request.workspace, request.actor, id=commitment, reason=asked.reason))


@router.post("/{commitment}/reassign", response=OwedOut, summary="Hand it to somebody else")
def reassign(request: Any, commitment: int, asked: ToIn) -> Any:
    return plain(use.reassign_commitment(request.workspace, request.actor, id=commitment, to=asked.to))
