"""Evidence and waivers as somebody gives them: rows of records or of a CSV file, read tolerantly, refused by line."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

from geartrain.kernel.errors import Invalid
from geartrain.kernel.periods import Calendar
from geartrain.kernel.truth import Truth
from geartrain.process.gates import Evidence, Waiver

VALUES: Mapping[str, Truth] = {
    "true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "unknown": None, "": None,
}  # fmt: skip
Row = Mapping[str, Any]


def evidence_rows(rows: Iterable[Row], calendar: Calendar) -> list[Evidence]:
    """Evidence of `evidence` records: `recorded_at` of their file where it had one, else when it occurred."""
    found = []
    for r in rows:
        occurred = r["occurred_at"]
        recorded = _at(r.get("said_recorded_at"), calendar) or occurred
        value = VALUES.get(str(r["value"]).strip().lower())
        ref = r["source_ref"] or ""
        found.append(Evidence(r["opportunity_id"], r["attribute_key"], value, recorded, occurred, r["by"] or "", ref))
    return found


def waiver_rows(rows: Iterable[Row]) -> list[Waiver]:
    """Waivers of `waiver` records."""
    return [
        Waiver(r["opportunity_id"], r["attribute_key"], r["by"], r["reason"], r["granted_at"], r["expires"])
        for r in rows
    ]


def read_evidence(text: str, where: str, calendar: Calendar) -> list[Evidence]:
    """Evidence of a CSV file: opportunity, attribute_key, value, recorded_at, and what else is known.

    Raises:
        Invalid: a column or a value is missing or cannot be read; with file and line.
    """
    return list(_lines(text, where, ("value",), lambda r, at: _evidence(r, at, calendar)))


def read_waivers(text: str, where: str, calendar: Calendar) -> list[Waiver]:
    """Waivers of a CSV file: opportunity, attribute_key, by, reason, and expires and granted_at where they are known.

    Raises:
        Invalid: as `read_evidence`.
    """
    return list(_lines(text, where, ("by", "reason"), lambda r, at: _waiver(r, at, calendar)))


def _lines(text: str, where: str, wanted: tuple[str, ...], read: Callable[[Row, str], Any]) -> Iterator[Any]:
    reader = csv.DictReader(StringIO(text))
    names = {(n or "").strip().lower() for n in reader.fieldnames or ()}
    for one, other in (("opportunity", "opportunity_id"), ("attribute_key", "attribute"), *((w, w) for w in wanted)):
        if one not in names and other not in names:
            hint = f"The first line names the columns: opportunity, attribute_key, {', '.join(wanted)}, …"
            raise Invalid(f"{where}:1: there is no column '{one}'.", hint=hint)
    for row in reader:
        cells = {(k or "").strip().lower(): (v or "").strip() if isinstance(v, str) else "" for k, v in row.items()}
        if any(cells.values()):
            yield read(cells, f"{where}:{reader.line_num}")


def _evidence(r: Row, where: str, calendar: Calendar) -> Evidence:
    said = r["value"].lower()
    if said not in VALUES:
        raise Invalid(f"{where}: '{r['value']}' is no value of an attribute.", hint="Write true, false or unknown.")
    times = {n: _instant(r.get(n, ""), n, where, calendar) for n in ("recorded_at", "occurred_at")}
    recorded = times["recorded_at"] or times["occurred_at"]
    if recorded is None:
        raise Invalid(f"{where}: it says neither recorded_at nor occurred_at.", hint="Say when it became known.")
    key = _needed(r, where, "attribute_key", "attribute")
    deal = _needed(r, where, "opportunity", "opportunity_id")
    by, ref = r.get("by", ""), r.get("source_ref", "")
    return Evidence(deal, key, VALUES[said], recorded, times["occurred_at"], by, ref)


def _waiver(r: Row, where: str, calendar: Calendar) -> Waiver:
    expires = _instant(r.get("expires", ""), "expires", where, calendar)
    granted = _instant(r.get("granted_at", ""), "granted_at", where, calendar)
    deal = _needed(r, where, "opportunity", "opportunity_id")
    key = _needed(r, where, "attribute_key", "attribute")
    return Waiver(deal, key, _needed(r, where, "by"), _needed(r, where, "reason"), granted, expires)


def _needed(r: Row, where: str, *names: str) -> str:
    found = next((str(r[n]) for n in names if r.get(n)), "")
    if not found:
        raise Invalid(f"{where}: '{names[0]}' is empty.", hint="Fill it in, or leave the line out.")
    return found


def _instant(text: str, name: str, where: str, calendar: Calendar) -> datetime | None:
    found = _at(text, calendar)
    if text and found is None:
        raise Invalid(f"{where}: {name} '{text}' is not a time.", hint="Write 2026-03-10 or 2026-03-10T09:30:00Z.")
    return found


def _at(text: Any, calendar: Calendar) -> datetime | None:
    """An ISO 8601 text as naive UTC; a bare day is its first instant in the zone."""
    if not isinstance(text, str) or not text.strip():
        return None
    text = text.strip()
    try:
        if len(text) == 10:
            return calendar.instant(date.fromisoformat(text))
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
