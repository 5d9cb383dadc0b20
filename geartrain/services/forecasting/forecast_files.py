"""What was said in calls held elsewhere, as a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from geartrain.intelligence.forecast.process import Submission
from geartrain.kernel.errors import Invalid, NotFound
from geartrain.services.access import Actor
from geartrain.services.forecasting.forecast_calls import amount_of
from geartrain.services.forecasting.forecast_import import PastCall, Progress, load_calls
from geartrain.services.forecasting.forecast_standing import process_of
from geartrain.services.workspace import Workspace

COLUMNS = ("period", "as_of", "user_id", "category", "amount")
MORE = ("kind", "note", "made_at", "made_by")


def load_file(ws: Workspace, actor: Actor, *, file: Path, progress: Progress = lambda *_: None) -> dict[str, int]:
    """Take over every call of a file; all of them or none, each locked.

    Raises:
        NotFound: no such file. Invalid: a line that does not read, with its number; and as `load_calls`.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            if missing := [c for c in COLUMNS if c not in (reader.fieldnames or ())]:
                raise Invalid(f"{file}:1 has no column '{missing[0]}'.", hint=f"Columns: {', '.join(COLUMNS + MORE)}.")
            rows = [(n, row) for n, row in enumerate(reader, 2)]
    except FileNotFoundError:
        raise NotFound(f"There is no file '{file}'.") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Invalid(f"{file} does not read: {error}.", hint="Save it as CSV in UTF-8.") from None
    rounds, zone = process_of(ws).rounds, ws.calendar.zone
    said: dict[tuple[date, str], list[Submission]] = {}
    for n, row in rows:
        period, day, one = _line(ws, row, f"{file}:{n}", actor.login)
        said.setdefault((day, period), []).append(one)
    calls = [
        PastCall(period, day, *(m.after(day, zone) for m in (rounds.opens, rounds.due, rounds.locks)), ones)
        for (day, period), ones in sorted(said.items())
    ]
    return load_calls(ws, actor, calls=calls, progress=progress)


def _line(ws: Workspace, row: Mapping[str, str | None], where: str, login: str) -> tuple[str, date, Submission]:
    text = {k: (row.get(k) or "").strip() for k in COLUMNS + MORE}
    try:
        period, day = ws.calendar.parse(text["period"]).key, date.fromisoformat(text["as_of"])
        made = (
            datetime.fromisoformat(text["made_at"]) if text["made_at"] else datetime.combine(day, datetime.min.time())
        )
        amount: Decimal = amount_of(text["amount"])
    except Invalid as error:
        raise Invalid(f"{where}: {error.message}", hint=error.hint) from None
    except ValueError as error:
        raise Invalid(f"{where}: {error}.", hint="Days as YYYY-MM-DD, instants as 2026-09-30T12:00:00Z.") from None
    if not 1900 <= day.year < 2200:
        raise Invalid(f"{where}: {day} is not a day of business.", hint="Choose one from 1900 to 2199.")
    at = made.astimezone(UTC).replace(tzinfo=None) if made.tzinfo else made
    category = text["category"].lower().replace("-", "_").replace(" ", "_")
    kind, by = text["kind"] or "own", text["made_by"] or login
    return period, day, Submission(text["user_id"], category, kind, amount, text["note"], at, by)
