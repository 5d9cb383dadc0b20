"""What is wrong in the records."""

from __future__ import annotations

from datetime import date
from typing import Any

from ninja import Router, Schema

from geartrain.services.records.quality import check_records
from geartrain.web.api.plain import Day, plain

PREFIX = "/quality"
router = Router()


class FindingOut(Schema):
    """One thing that is wrong, with how many records it concerns."""

    rule: str
    type: str
    field: str
    value: str | None
    count: int
    closest: str | None
    message: str
    hint: str


class QualityOut(Schema):
    """The findings, worst first, and the score they add up to (null where nothing is assessed)."""

    facts: str
    as_of: date
    score: str | None
    dimensions: dict[str, str | None]
    unassessed: list[str]
    findings: list[FindingOut]


@router.get("", response=QualityOut, summary="What is wrong in the records, worst first")
def quality(request: Any, as_of: Day | None = None) -> Any:
    found = check_records(request.workspace, request.actor, as_of=as_of)
    return {
        "facts": found.facts,
        "as_of": found.as_of,
        "score": plain(found.score.overall),
        "dimensions": {str(d.dimension): plain(d.value) for d in found.score.dimensions},
        "unassessed": [str(d) for d in found.score.unassessed],
        "findings": [f.as_json() for f in found.findings],
    }
