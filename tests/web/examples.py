"""What stands in an address that names a record, a load, …: by the name of the route, or of what it captures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from geartrain.services.access import Permission
from geartrain.web.registry import Page, Route, pages

CAPTURED: Mapping[str, Any] = {
    "type": "opportunity",
    "load_id": "L000001",
    "token_id": 1,
    "task_id": "none-such",
    "key": "win_rate",
    "user_id": "ann",
    "scenario": "none-such",
    "pack_id": "none-such",
    "format": "pdf",
    "kind": "metric",
    "commitment": 987654321,
    "write_back": 987654321,
    "dispute": 987654321,
    "adjustment": 987654321,
    "letter": 987654321,
}
QUERIES: Mapping[str, Mapping[str, Any]] = {
    "new-policy": {"kind": "metric", "key": "win_rate"},
    "record": {"key": "O-1"},
    "case": {"key": "O-1"},
    "lead-merge": {"key": "L-none"},
    "affected": {"rule": "", "type": "opportunity", "field": "product_id", "value": "GTXPro"},
}
# Routes whose example nobody finds: a task belongs to who started it, scenarios and packs are made by tests.
MISSING = {"load-task", "scenario-task", "scenario", "scenario-backtest", "pack-task", "pack", "pack-file"} | {
    "policy-task",
    "dispute-settle",
    "audit-task",
    "commitment",
    "write-back-one",
    "lead-merge",
    "case",  # the cast has no sales process
    "pay-dispute",
    "new-pay-dispute",
    "pay-letter",
    "pay-pdf",
    "plan-study",
    "territory-frontier-task",
    "quota-letter-pdf",  # nobody of the cast carries a quota
}


def routes() -> list[tuple[Page, Page | Route, Permission | None]]:
    """Every address of every page, with the permission that opens it."""
    found: list[tuple[Page, Page | Route, Permission | None]] = []
    for page in pages().values():
        found.append((page, page, page.permission))
        found += [(page, route, route.permission or page.permission) for route in page.routes]
    return found


def name_of(route: Page | Route) -> str:
    return route.key if isinstance(route, Page) else route.name


def address(route: Page | Route) -> str:
    """An address of the route that can be opened."""
    from django.urls.resolvers import RoutePattern

    name = name_of(route)
    captured = RoutePattern(route.path).converters
    missing = [c for c in captured if c not in CAPTURED]
    assert not missing, f"tests/web/examples.py says nothing of {missing} in '{route.path}'"
    url = reverse(name, kwargs={c: CAPTURED[c] for c in captured})
    return f"{url}?{urlencode(QUERIES[name])}" if name in QUERIES else url
