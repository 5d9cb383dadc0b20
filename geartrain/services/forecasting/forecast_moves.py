"""What was believed in a call, deal by deal, and which deals moved since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from geartrain.intelligence.forecast.frozen import Deal, Moved, moved
from geartrain.intelligence.forecast.process import SUBMITTED, Standing
from geartrain.kernel.errors import NotFound
from geartrain.kernel.hierarchy import Hierarchy
from geartrain.services.access import Actor, Permission, require
from geartrain.services.forecasting.forecast_standing import call_of, may_see, standing_of
from geartrain.services.workspace import Workspace


@dataclass(frozen=True)
class Compared:
    """Two calls of one period: what counted in each, and the deals that differ."""

    user: str
    before: date
    after: date
    lines: tuple[tuple[Standing, Standing], ...]
    deals: tuple[Moved, ...]

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        told = [
            {"category": a.category, "before": a.effective, "after": b.effective, "change": b.effective - a.effective}
            for a, b in self.lines
        ]
        deals = [m.as_json() for m in self.deals]
        return {"user_id": self.user, "from": self.before, "to": self.after, "lines": told, "deals": deals}


def get_frozen(
    ws: Workspace, actor: Actor, *, period: str, user: str | None = None, as_of: date | None = None
) -> list[Deal]:
    """The deals under a line of a call: frozen where it is locked, as they stand while it is open.

    Raises:
        NotFound: no call, or nobody by that id whom the actor may know of.
    """
    require(actor, Permission.view_records)
    call = call_of(ws, period, as_of)
    hierarchy = Hierarchy(call.hierarchy)
    line = _line(actor, user, hierarchy)
    return standing_of(ws, call)[1].of(set(hierarchy.tree(line)))


def compare_calls(
    ws: Workspace, actor: Actor, *, period: str, since: date, until: date, user: str | None = None
) -> Compared:
    """Which deals moved between two calls of a period, and what it did to what counted.

    Raises:
        NotFound: as `get_frozen`.
    """
    require(actor, Permission.view_records)
    ends = [call_of(ws, period, day) for day in (since, until)]
    line = _line(actor, user, Hierarchy(ends[1].hierarchy))
    stood = [standing_of(ws, call) for call in ends]
    deals = [base.of(set(Hierarchy(call.hierarchy).tree(line))) for call, (_, base) in zip(ends, stood, strict=True)]
    nothing = [Standing(line, c, Decimal(0), None, None) for c in SUBMITTED]
    lines = [[s.get((line, c), n) for c, n in zip(SUBMITTED, nothing, strict=True)] for s, _ in stood]
    return Compared(line, since, until, tuple(zip(*lines, strict=True)), tuple(moved(*deals)))


def _line(actor: Actor, user: str | None, hierarchy: Hierarchy) -> str:
    tops = [p for p in sorted(hierarchy.manager_of) if not hierarchy.chain(p) and hierarchy.reports_of.get(p)]
    line = user or actor.user_id or (tops[0] if tops and actor.sees_everyone else "")
    if line not in hierarchy.manager_of or not may_see(actor, line, hierarchy):
        raise NotFound(f"There is nobody by the id '{line}' in this call.", hint="See: geartrain forecast status")
    return line
