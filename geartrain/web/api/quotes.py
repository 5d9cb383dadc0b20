"""Quotes: what changed, who must approve, what was given away."""

from __future__ import annotations

from typing import Any

from ninja import Router

from geartrain.services.selling.quotes import choose_matrix, list_approvals, list_leakage, list_revisions
from geartrain.web.api.plain import Day, Limit, Line, plain

PREFIX = "/quotes"
router = Router()
LEAK = ("currency", "quotes", "leaking", "listed", "leakage")


@router.get("/revisions", response=dict[str, Any], summary="How often each quote was changed, and what")
def revisions(request: Any, quote: Line | None = None, as_of: Day | None = None, limit: Limit = 200) -> Any:
    """Material changes only: lines, discounts, terms. `total` is of all, at most `limit` are listed."""
    found = list_revisions(request.workspace, request.actor, quote=quote, as_of=as_of)
    return plain({"total": len(found), "quotes": [r.as_json() for r in found[:limit]]})


@router.get("/approvals", response=dict[str, Any], summary="Whom each revision must be approved by")
def approvals(
    request: Any, policy: Line = "", quote: Line | None = None, as_of: Day | None = None, limit: Limit = 200
) -> Any:
    """The rows that fire, and what the last approval no longer covers."""
    matrix = choose_matrix(request.workspace, key=policy)
    found = list_approvals(request.workspace, request.actor, policy=matrix, quote=quote, as_of=as_of)
    return plain({"policy": matrix.key, "total": len(found), "quotes": [a.as_json() for a in found[:limit]]})


@router.get("/leakage", response=dict[str, Any], summary="What was given away beyond the seller's authority")
def leakage(request: Any, policy: Line = "", as_of: Day | None = None, limit: Limit = 200) -> Any:
    """By currency, and each quote that leaks, most first."""
    matrix = choose_matrix(request.workspace, key=policy)
    totals, found = list_leakage(request.workspace, request.actor, policy=matrix, as_of=as_of)
    rows = [
        {
            "quote_id": q.quote_id,
            "revision": q.revision,
            "currency": q.currency,
            "list_total": q.values["list_total"],
            "discount": q.values["discount"],
            "leakage": amount,
        }
        for q, amount in found[:limit]
    ]
    return plain({"totals": [{n: getattr(t, n) for n in LEAK} for t in totals], "total": len(found), "quotes": rows})
