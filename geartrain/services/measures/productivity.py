"""How productive the team is: by seller, team or region, each number leading to its records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from geartrain.kernel.errors import Invalid
from geartrain.services.access import Actor, Permission, require
from geartrain.services.measures.figures import Figure, ask, list_figures
from geartrain.services.view import View
from geartrain.services.workspace import Workspace

GROUPS = {"seller": "owner", "team": "team", "region": "region", "manager": "manager"}
HEADLINES = (
    "bookings_per_seller",
    "quota_attainment",
    "participation_rate",
    "core_selling_time_share",
    "ramp_months",
    "interactions_per_won_deal",
)
# Every one of these can be cut by all of GROUPS.
COLUMNS = (
    "bookings",
    "quota_attainment",
    "deals_won",
    "win_rate",
    "average_deal_size",
    "sales_cycle_days",
    "open_pipeline",
    "core_selling_time_share",
)


@dataclass(frozen=True)
class Productivity:
    """All of it. `rows` are one per seller, team, region or manager, with `key`, `name` and the metrics of COLUMNS."""

    by: str
    figures: Sequence[Figure]
    metrics: dict[str, dict[str, Any]]
    rows: Sequence[dict[str, Any]]
    notes: Sequence[str]
    hours: Sequence[tuple[str, Any]]


def get_productivity(ws: Workspace, actor: Actor, *, view: View, by: str = "seller") -> Productivity:
    """Productivity of a period.

    Raises:
        Invalid: `by` is none of GROUPS.
    """
    require(actor, Permission.view_metrics)
    if by not in GROUPS:
        raise Invalid(f"Productivity is not shown by '{by}'.", hint=f"One of: {', '.join(GROUPS)}.")
    dimension = GROUPS[by]
    answer = ask(ws, actor, view, COLUMNS, by=[dimension])
    names = answer.labels.get(dimension, {})
    rows = [
        {"key": r[dimension], "name": names.get(str(r[dimension]), r[dimension] or "nobody"), **r}
        for r in answer.records()
    ]
    hours = ask(ws, actor, view, ["hours_logged"], by=["category"]).records()
    return Productivity(
        by,
        list_figures(ws, actor, view=view, keys=HEADLINES),
        dict(answer.metrics),
        rows,
        answer.notes,
        sorted(((str(r["category"] or "unknown"), r["hours_logged"]) for r in hours), key=lambda r: -(r[1] or 0)),
    )
