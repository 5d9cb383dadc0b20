"""Contracts: when notice is due, and which do not agree with what was won."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ninja import Router

from geartrain.services.selling.quotes import list_contracts
from geartrain.web.api.plain import Day, plain

PREFIX = "/contracts"
router = Router()


@router.get("", response=dict[str, Any], summary="Contracts in force by their day of notice, and the sync check")
def contracts(request: Any, as_of: Day | None = None) -> Any:
    """`unsynced`: executed contracts that no won opportunity of the same value bears out."""
    day, due, wrong = list_contracts(request.workspace, request.actor, as_of=as_of)
    listed = [{**asdict(n), "state": n.state} for n in due]
    return plain({"as_of": day, "contracts": listed, "unsynced": [asdict(u) for u in wrong]})
