"""What is written back into the CRM."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Router, Schema
from pydantic import Field

from geartrain.services.selling import writeback as use
from geartrain.services.selling.writeback_sending import preview_write_backs, send_write_backs
from geartrain.services.selling.writeback_sources import propose_rows
from geartrain.web.api.plain import Limit, Line, Text, plain

PREFIX = "/writeback"
router = Router()
Ids = Annotated[list[Annotated[int, Field(ge=1, lt=2**63)]], Field(max_length=1_000)]


class ChangeIn(Schema):
    """One field of one record. `from` may be left out: then whatever is there is replaced."""

    record: Line
    field: Line
    to: Text | bool | int | None = None


class KnownChangeIn(ChangeIn):
    """One field of one record, and what the source should have now."""

    before: Text | bool | int | None = Field(alias="from")


class ProposeIn(Schema):
    """Changes of one record type by one cause: the same cause proposes the same change once."""

    type: Line
    system: Line = ""
    cause: Annotated[Line, Field(min_length=1)]
    reason: Text = ""
    changes: Annotated[list[KnownChangeIn | ChangeIn], Field(min_length=1, max_length=1_000)]


class IdsIn(Schema):
    """Which ones."""

    ids: Ids


class CancelIn(IdsIn):
    """Which ones, and why."""

    reason: Text = ""


class AskIn(Schema):
    """Which ones; all that are due where none is named."""

    ids: Ids = []
    system: Line = ""


class SendIn(AskIn):
    """Without `apply` nothing is written."""

    apply: bool = False


@router.get("", response=dict[str, Any], summary="The outbox, the last proposed first")
def listed(request: Any, state: Line = "", system: Line = "", record: Line = "", limit: Limit = 200) -> Any:
    found = use.list_write_backs(
        request.workspace, request.actor, state=state, system=system, record=record, limit=limit
    )
    return plain({"write_backs": found})


@router.post("/propose", response=dict[str, Any], summary="Put changes into the outbox; nothing is sent")
def propose(request: Any, asked: ProposeIn) -> Any:
    rows = [c.dict(by_alias=True) for c in asked.changes]
    what = {"kind": asked.type, "system": asked.system, "cause": asked.cause, "reason": asked.reason}
    return plain(propose_rows(request.workspace, request.actor, rows=rows, **what).as_json())


@router.post("/preview", response=dict[str, Any], summary="Read the sources and say what would be written")
def preview(request: Any, asked: AskIn) -> Any:
    return plain(preview_write_backs(request.workspace, request.actor, system=asked.system, ids=asked.ids).as_json())


@router.post("/send", response=dict[str, Any], summary="Send what is ready; a dry run unless `apply`")
def send(request: Any, asked: SendIn) -> Any:
    found = send_write_backs(request.workspace, request.actor, apply=asked.apply, system=asked.system, ids=asked.ids)
    return plain(found.as_json())


@router.post("/approve", response=dict[str, Any], summary="Let proposals that wait for approval be sent")
def approve(request: Any, asked: IdsIn) -> Any:
    return plain({"write_backs": use.approve_write_backs(request.workspace, request.actor, ids=asked.ids)})


@router.post("/retry", response=dict[str, Any], summary="Try failed ones again; accept the ground of a conflict")
def retry(request: Any, asked: IdsIn) -> Any:
    return plain({"write_backs": use.retry_write_backs(request.workspace, request.actor, ids=asked.ids)})


@router.post("/cancel", response=dict[str, Any], summary="Call off what was not sent")
def cancel(request: Any, asked: CancelIn) -> Any:
    found = use.cancel_write_backs(request.workspace, request.actor, ids=asked.ids, reason=asked.reason)
    return plain({"write_backs": found})


@router.post("/revert", response=dict[str, Any], summary="Propose to put back what sent ones replaced")
def revert(request: Any, asked: IdsIn) -> Any:
    return plain(use.revert_write_backs(request.workspace, request.actor, ids=asked.ids).as_json())


@router.get("/{write_back}", response=dict[str, Any], summary="One write-back")
def one(request: Any, write_back: int) -> Any:
    return plain(use.get_write_back(request.workspace, request.actor, id=write_back))
