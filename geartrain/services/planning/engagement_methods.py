"""Assignment methods measured, of a file or of the leads of a workspace."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from geartrain.kernel.errors import Invalid
from geartrain.kernel.policy.policy import closest
from geartrain.planning.engagement.methods import Handed, methods
from geartrain.services.access import Actor, Permission, require
from geartrain.services.planning.territories_files import read_rows
from geartrain.services.records.facts import open_facts
from geartrain.services.workspace import Workspace

TRUE = frozenset({"true", "yes", "y", "1", "won"})
FALSE = frozenset({"", "false", "no", "n", "0", "lost"})


def report_methods(file: Path, *, method: str, within_hours: float) -> dict[str, Any]:
    """The methods of a CSV file: lead_id, the method, owner_id, assigned_at, first_touch_at, converted_at.

    `converted` (true or false) may stand for converted_at; `weight` is what a record counts for in the balance.

    Raises:
        NotFound: the file is not there. Invalid: a column is missing or a value cannot be read, with the line.
    """
    columns, rows, lines = read_rows(file)
    for name in (method, "owner_id", "assigned_at"):
        if name not in columns:
            near = closest(name, columns)
            hint = f"Is it '{near}'? Rename it, or name it." if near else f"There are: {', '.join(columns)}."
            raise Invalid(f"{file}:1: The column {name} is missing.", hint=hint)
    found = [_handed(row, method, f"{file}:{line}") for row, line in zip(rows, lines, strict=True)]
    return {"records": len(found), "within_hours": within_hours, "methods": methods(found, within_hours=within_hours)}


def _handed(row: Mapping[str, str], method: str, at: str) -> Handed:
    def text(name: str) -> str:
        return (row.get(name) or "").strip()

    return Handed(
        record=next((v for c in ("record_id", "lead_id", "account_id", "opportunity_id") if (v := text(c))), ""),
        method=text(method).lower().replace(" ", "_").replace("-", "_") or "none",
        owner=text("owner_id") or None,
        assigned=_instant(text("assigned_at"), "assigned_at", at),
        touched=_instant(text("first_touch_at"), "first_touch_at", at),
        converted=bool(text("converted_at")) or _flag(text("converted"), at),
        weight=_weight(text("weight"), at),
    )


def _flag(text: str, at: str) -> bool:
    word = text.lower()
    if word not in TRUE | FALSE:
        raise Invalid(f"{at}: converted '{text}' is not true or false.", hint="Correct the cell.")
    return word in TRUE


def _weight(text: str, at: str) -> float:
    try:
        value = float(text or 1)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e18:
        raise Invalid(f"{at}: weight '{text}' is not zero or more.", hint="Correct the cell.")
    return value


def _instant(text: str, name: str, at: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        hint = "Write it as 2026-12-31T09:30:00."
        raise Invalid(f"{at}: {name} '{text}' is not an instant.", hint=hint) from None
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def measure_methods(ws: Workspace, actor: Actor, *, method: str, within_hours: float) -> dict[str, Any]:
    """The methods by which the leads of a workspace were handed out, of those the actor may see.

    Args:
        method: A column of the lead, or one of what its source carried besides.
    """
    require(actor, Permission.view_records)
    found = []
    with open_facts(ws, actor) as facts:
        table = facts.table("lead").order_by("lead_id")
        for row in facts.execute(table).to_pylist():
            values = {**json.loads(row.get("extra") or "{}"), **row}
            if values.get("owner_id") is None and values.get("assigned_at") is None:
                continue
            found.append(
                Handed(
                    record=row["lead_id"],
                    method=str(values.get(method) or "none").lower().replace(" ", "_"),
                    owner=row["owner_id"],
                    assigned=row["assigned_at"],
                    touched=row["first_touch_at"],
                    converted=row["converted_at"] is not None,
                )
            )
    return {"records": len(found), "within_hours": within_hours, "methods": methods(found, within_hours=within_hours)}
