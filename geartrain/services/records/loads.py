"""The history of loads, and what they did not take."""

from __future__ import annotations

from typing import Any

from geartrain.kernel.errors import NotFound
from geartrain.services.access import Actor, Permission, require
from geartrain.services.workspace import Workspace
from geartrain.stores.warehouse.base import LoadEntry


def list_loads(ws: Workspace, actor: Actor) -> list[LoadEntry]:
    """Every committed load, latest first."""
    require(actor, Permission.view_loads)
    with ws.warehouse.snapshot() as snapshot:
        return snapshot.loads()


def get_load(ws: Workspace, actor: Actor, *, load_id: str) -> LoadEntry:
    """One load.

    Raises:
        NotFound: there was no such load.
    """
    found = next((e for e in list_loads(ws, actor) if e.load_id == load_id), None)
    if found is None:
        raise NotFound(f"There is no load '{load_id}'.", hint="See them with: geartrain loads")
    return found


def list_quarantined(
    ws: Workspace, actor: Actor, *, load_id: str | None = None, limit: int = 1_000
) -> list[dict[str, Any]]:
    """Rows that were not taken, in load, file and line order, at most `limit`.

    Quarantined rows carry raw text of anybody's records: they are for those who may see loads and everyone's rows.
    """
    require(actor, Permission.view_loads)
    if not actor.sees_everyone:
        return []
    with ws.warehouse.snapshot() as snapshot:
        table = snapshot.quarantine()
        if load_id is not None:
            table = table.filter(table.load_id == load_id)
        ordered = table.order_by(["load_id", "type", "file", "line", "column"])
        return snapshot.execute(ordered.limit(limit)).to_pylist()
