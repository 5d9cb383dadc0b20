"""Records and their types."""

from __future__ import annotations

from typing import Any

from ninja import Router, Schema

from geartrain.facts import record_types
from geartrain.services.records.browsing import get_record, list_records
from geartrain.services.records.contents import count_records
from geartrain.web.api.plain import Day, Instant, Limit, Line, Offset, Text, plain, utc

PREFIX = "/records"
router = Router()


class TypeOut(Schema):
    """A record type and how many of its records you may see."""

    type: str
    doc: str
    grain: str
    key: list[str]
    count: int


class RecordsOut(Schema):
    """Some records; `total` are there in all under the same filter, `facts` is the hash of the state."""

    type: str
    total: int
    facts: str
    columns: list[str]
    records: list[dict[str, Any]]


class VersionsOut(Schema):
    """One record: every version that was ever known, latest first."""

    type: str
    key: list[str]
    versions: list[dict[str, Any]]


@router.get("", response=list[TypeOut], summary="Every record type with its number of records")
def types(request: Any) -> Any:
    counts = count_records(request.workspace, request.actor)
    return [
        {"type": t.name, "doc": t.doc, "grain": t.grain, "key": list(t.key), "count": counts[t.name]}
        for t in record_types().values()
    ]


@router.get("/{type}", response=RecordsOut, summary="The records of a type, in key order")
def records(
    request: Any,
    type: Line,
    where: Text = "",
    search: Line = "",
    limit: Limit = 100,
    offset: Offset = 0,
    as_of: Day | None = None,
    known_as_of: Instant | None = None,
) -> Any:
    page = list_records(
        request.workspace,
        request.actor,
        type=type,
        where=where,
        search=search,
        limit=limit,
        offset=offset,
        as_of=as_of,
        known_as_of=utc(known_as_of),
    )
    return {
        "type": type,
        "total": page.total,
        "facts": page.facts,
        "columns": list(page.columns),
        "records": plain(page.rows),
    }


@router.get("/{type}/{key}", response=VersionsOut, summary="One record with every version that was known")
def record(request: Any, type: Line, key: Line, second_key: Line | None = None, third_key: Line | None = None) -> Any:
    whole = tuple(k for k in (key, second_key, third_key) if k is not None)
    versions = get_record(request.workspace, request.actor, type=type, key=whole)
    return {"type": type, "key": list(whole), "versions": plain(versions)}
