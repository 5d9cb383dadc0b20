"""The model's range as pages show it: worked out in the background, kept beside the stores, never waited for.

One small file per state of the facts, period and day; equal inputs give equal files, so nothing is ever invalidated.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from geartrain import __version__
from geartrain.kernel.errors import GeartrainError
from geartrain.services.access import Actor, Permission, operator, require
from geartrain.services.forecasting.forecasts import run_forecast
from geartrain.services.records.facts import open_facts
from geartrain.services.workspace import Workspace

FOLDER = "ranges"
MOST_KEPT = 400
ENGINE = operator("forecast")
log = logging.getLogger(__name__)
_failed: set[Path] = set()


@dataclass(frozen=True)
class Span:
    """What one node will have booked at the end of the period: 80 % lie between `p10` and `p90`."""

    mean: Decimal
    p10: Decimal
    p50: Decimal
    p90: Decimal


@dataclass(frozen=True)
class Ranges:
    """What the model said at the end of a day, cut to what the actor may see.

    Args:
        nodes: By person: their own and everything below. whole: The company's; None for who does not see it.
        document: The whole run without its deals; empty for who does not see the company.
    """

    period: str
    as_of: date
    nodes: Mapping[str, Span]
    whole: Span | None
    document: Mapping[str, Any]

    def of(self, person: str | None) -> Span | None:
        """A person's span, or the company's."""
        return self.whole if person is None else self.nodes.get(person)


def kept_ranges(ws: Workspace, actor: Actor, *, period: str, days: Sequence[date]) -> dict[date, Ranges]:
    """What is at hand of the days asked for: a page shows it and does not wait for the rest."""
    require(actor, Permission.view_metrics)
    key = ws.calendar.parse(period).key
    with open_facts(ws, actor) as facts:
        state, visible = facts.id, facts.visible()
    found = {}
    for day in days:
        file = _file(ws, state, key, day)
        if file.exists() and (told := _read(file)) is not None:
            found[day] = _cut(told, key, day, visible)
    return found


def work_out(ws: Workspace, *, period: str, day: date) -> bool:
    """Work out and keep one range; False where it is at hand, or cannot be worked out."""
    key = ws.calendar.parse(period).key
    with open_facts(ws, ENGINE) as facts:
        file = _file(ws, facts.id, key, day)
    if file.exists() or file in _failed:
        return False
    try:
        told = run_forecast(ws, ENGINE, period=key, as_of=day).as_json()
    except (GeartrainError, ArithmeticError, ValueError) as error:
        # The page says that there is none; the same question would fail in the same way.
        log.warning("no range of %s as of %s: %s", key, day, error)
        _failed.add(file)
        return False
    told["deals"] = []
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(told, default=str, sort_keys=True), encoding="utf-8")
    draft.replace(file)
    _tidy(file.parent)
    return True


def _cut(told: Mapping[str, Any], period: str, day: date, visible: frozenset[str] | None) -> Ranges:
    nodes = {n["node"]: _span(n) for n in told["nodes"] if visible is None or n["node"] in visible}
    whole = _span(told["total"]) if visible is None else None
    return Ranges(period, day, nodes, whole, told if visible is None else {})


def _span(told: Mapping[str, Any]) -> Span:
    return Span(*(Decimal(str(told[k])) for k in ("mean", "p10", "p50", "p90")))


def _file(ws: Workspace, facts: str, period: str, day: date) -> Path:
    name = sha256(f"{facts}|{period}|{day}|{__version__}".encode()).hexdigest()[:32]
    return ws.data / FOLDER / f"{name}.json"


def _read(file: Path) -> Mapping[str, Any] | None:
    try:
        told: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return told


def _tidy(folder: Path) -> None:
    """The oldest beyond so many are forgotten: they can be worked out again."""
    files = sorted(folder.glob("*.json"), key=lambda f: f.stat().st_mtime)
    for file in files[: max(0, len(files) - MOST_KEPT)]:
        file.unlink(missing_ok=True)
