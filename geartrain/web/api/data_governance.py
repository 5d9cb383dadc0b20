"""Data governance: stewards, completeness, freshness, duplicates, lineage."""

from __future__ import annotations

from typing import Any

from ninja import Router

from geartrain.services.records.governance import govern_data
from geartrain.web.api.plain import Day, plain

PREFIX = "/data-governance"
router = Router()


@router.get("", response=dict[str, Any], summary="Fields, stewards, sources, duplicates, lineage")
def data_governance(request: Any, as_of: Day | None = None) -> Any:
    """Over the facts one may see."""
    return plain(govern_data(request.workspace, request.actor, as_of=as_of).as_json())
