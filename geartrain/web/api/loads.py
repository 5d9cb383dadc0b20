"""Loads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from ninja import File, Form, Router, Schema, UploadedFile

from geartrain.services.access import Permission, require
from geartrain.services.records.loading import load_records
from geartrain.services.records.loads import get_load, list_loads, list_quarantined
from geartrain.web.api.plain import Limit, Line, plain
from geartrain.web.uploads import drop_upload, keep_upload

PREFIX = "/loads"
router = Router()


class CountsOut(Schema):
    """What became of the rows of one type. read = loaded + quarantined + duplicates."""

    read: int
    loaded: int
    quarantined: int
    duplicates: int


class IssueOut(Schema):
    """Something noticed while reading."""

    code: str
    level: str
    message: str
    where: str
    hint: str


class LoadOut(Schema):
    """One load."""

    load_id: str
    source: str
    recorded_at: datetime
    types: dict[str, CountsOut]
    issues: list[IssueOut]


class LoadedOut(Schema):
    """What a load did, or would do."""

    load_id: str | None
    source: str
    types: dict[str, CountsOut]
    issues: list[IssueOut]


class QuarantinedOut(Schema):
    """Rows that were not taken, each with its place, the reason and the mend."""

    rows: list[dict[str, Any]]


@router.get("", response=list[LoadOut], summary="The history of loads, latest first")
def loads(request: Any, limit: Limit = 100) -> Any:
    return [_out(entry) for entry in list_loads(request.workspace, request.actor)[:limit]]


@router.get("/{load_id}", response=LoadOut, summary="One load")
def one_load(request: Any, load_id: Line) -> Any:
    return _out(get_load(request.workspace, request.actor, load_id=load_id))


@router.get("/{load_id}/quarantined", response=QuarantinedOut, summary="The rows a load did not take")
def quarantined(request: Any, load_id: Line, limit: Limit = 1_000) -> Any:
    get_load(request.workspace, request.actor, load_id=load_id)
    return {"rows": plain(list_quarantined(request.workspace, request.actor, load_id=load_id, limit=limit))}


@router.post(
    "", response={201: LoadedOut, 200: LoadedOut}, summary="Load files; with dry_run only say what would be loaded"
)
def load(
    request: Any,
    files: File[list[UploadedFile]],
    source: Form[Literal["folder", "salesforce", "hubspot"]] = "folder",
    dry_run: Form[bool] = False,
    mapping: File[UploadedFile | None] = None,
) -> Any:
    require(request.actor, Permission.load_facts)
    key, folder, held = keep_upload(request.workspace, files, mapping)
    try:
        result = load_records(
            request.workspace, request.actor, location=str(folder), source=source, mapping=held, dry_run=dry_run
        )
    finally:
        drop_upload(request.workspace, key)
    return 200 if dry_run else 201, result.as_json()


def _out(entry: Any) -> dict[str, Any]:
    return {
        "load_id": entry.load_id,
        "source": entry.source,
        "recorded_at": entry.recorded_at.replace(tzinfo=UTC),
        "types": {n: plain(c) for n, c in entry.counts.items()},
        "issues": [{k: str(i.get(k, "")) for k in ("code", "level", "message", "where", "hint")} for i in entry.issues],
    }
