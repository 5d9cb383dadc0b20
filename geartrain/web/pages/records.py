"""Records: browse a type, read one record with everything that was ever known of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from geartrain.facts import record_type as find_type
from geartrain.facts import record_types
from geartrain.kernel.errors import Invalid
from geartrain.kernel.records import RecordType
from geartrain.services.access import Permission
from geartrain.services.records.browsing import get_record, list_records
from geartrain.services.records.contents import count_records
from geartrain.web.exports import MOST_ROWS, exported
from geartrain.web.records import HOUSEKEEPING, described, record_columns, record_url
from geartrain.web.registry import Group, Page, Route
from geartrain.web.tables import PAGE_SIZE, Col, Table, make_table, page_number

LONGEST = 2_000
RELATED = 10


def records(request: Any) -> HttpResponse:
    """Every type with how many records there are."""
    counts = count_records(request.workspace, request.actor)
    rows = [{"type": n, "count": counts[n], "doc": t.doc, "grain": t.grain} for n, t in record_types().items()]
    columns = (
        Col("type", "Type", href=lambda r: reverse("record-type", args=[r["type"]])),
        Col("count", "Records", unit="count"),
        Col("doc", "What it is", wide=True),
        Col("grain", "Grain", wide=True),
    )
    table = make_table(request, columns=columns, rows=rows, sort="-count", caption="Record types", size=100)
    return exported(request, table) or render(request, "pages/records.html", {"table": table})


def one_type(request: Any, type: str) -> HttpResponse:
    """A page of one type's records, searched and filtered."""
    found = find_type(type)
    asked = {"search": _text(request, "q"), "where": _text(request, "where")}
    page = page_number(request)
    error = None
    try:
        held = _listed(request, type, page, asked)
    except Invalid as invalid:
        # A mistake in the expression is told beside the field it was typed into.
        error, held = invalid, _listed(request, type, 1, {"search": asked["search"], "where": ""})
    answer = exported(request, held)
    context = {"type": described(found), "table": held, "asked": asked, "error": error}
    return answer or render(request, "pages/record_type.html", context, status=422 if error else 200)


def one_record(request: Any, type: str) -> HttpResponse:
    """One record: what it says, what points at it, what it said before."""
    found, key = find_type(type), tuple(k[:LONGEST] for k in request.GET.getlist("key")[:10])
    versions = get_record(request.workspace, request.actor, type=type, key=key)
    latest = versions[0]
    context = {
        "type": described(found),
        "key": " / ".join(key),
        "name": latest.get("name"),
        "fields": [_field(found, c.name, latest) for c in found.columns],
        "extra": _extra(latest),
        "latest": latest,
        "versions": _history(found, versions),
        "related": _related(request, found, key),
    }
    return render(request, "pages/record.html", context)


def _listed(request: Any, type: str, page: int, asked: Mapping[str, str], size: int = PAGE_SIZE) -> Table:
    def fetch(limit: int, offset: int) -> Any:
        return list_records(request.workspace, request.actor, type=type, limit=limit, offset=offset, **asked)

    held = fetch(size, (page - 1) * size)
    return Table(
        type,
        tuple(record_columns(held.record_type, held.rows)),
        held.rows,
        held.total,
        page,
        size,
        currency=request.workspace.currency,
        caption=f"{type.replace('_', ' ')} records",
        empty="No record matches." if any(asked.values()) else "No records of this type have been loaded.",
        everything=lambda: fetch(MOST_ROWS, 0).rows,
        page_name="page",
    )


def _field(found: RecordType, name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    column, value = found[name], row.get(name)
    href = record_url(column.ref, value) if column.ref and value is not None else ""
    return {
        "name": name,
        "value": value,
        "unit": "money" if column.kind == "money" else "",
        "href": href,
        "doc": column.doc,
    }


def _extra(row: Mapping[str, Any]) -> dict[str, Any]:
    try:
        extra = json.loads(row.get("extra") or "{}")
    except ValueError:
        return {"extra": row["extra"]}
    return extra if isinstance(extra, dict) else {"extra": row["extra"]}


def _history(found: RecordType, versions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each version with what it changed against the one before it."""
    pairs = zip(versions, [*versions[1:], None], strict=True)
    told = []
    for now, before in pairs:
        names = [c.name for c in found.columns] + ["extra"]
        changes = [
            {"name": n, "old": before.get(n), "new": now.get(n)}
            for n in names
            if before and before.get(n) != now.get(n)
        ]
        told.append({"row": now, "changes": changes, "first": before is None, "load_id": now.get("load_id")})
    return told


def _related(request: Any, found: RecordType, key: Sequence[str]) -> list[Table]:
    """The first records of every type that points at this one."""
    if len(found.key) != 1:
        return []
    quoted = key[0].replace("'", "''")
    tables = []
    for other in record_types().values():
        for column in (c.name for c in other.columns if c.ref == found.name):
            where = f"{column} = '{quoted}'"
            held = list_records(request.workspace, request.actor, type=other.name, where=where, limit=RELATED)
            if held.total:
                shown = [c for c in record_columns(held.record_type, held.rows) if c.key not in (column, *HOUSEKEEPING)]
                caption = other.name.replace("_", " ")
                if column != found.key[0]:
                    caption += f", by {column.replace('_', ' ')}"
                tables.append(
                    Table(other.name, tuple(shown), held.rows, held.total, caption=caption, export=False, where=where)
                )
    return tables


def _text(request: Any, name: str) -> str:
    text = request.GET.get(name, "").strip()
    if len(text) > LONGEST:
        raise Invalid(f"'{name}' is longer than {LONGEST:,} characters.")
    return text


PAGE = Page(
    key="records",
    title="Records",
    path="records/",
    group=Group.data,
    icon="records",
    order=20,
    permission=Permission.view_records,
    view=records,
    routes=(
        Route("records/<slug:type>/", one_type, "record-type"),
        Route("records/<slug:type>/record/", one_record, "record"),
    ),
)
