"""The open pipeline: how much, due when, in which stage, how old, and where deals get stuck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from geartrain.kernel.periods import Grain
from geartrain.services.access import Actor, Permission, require
from geartrain.services.measures.figures import Figure, ask, list_figures
from geartrain.services.measures.metrics import query_metrics
from geartrain.services.records.deals import Deals, list_deals
from geartrain.services.view import View
from geartrain.services.workspace import Workspace

HEADLINES = (
    "open_pipeline",
    "pipeline_due",
    "pipeline_coverage",
    "pipeline_age_days",
    "slippage_rate",
    "pipeline_velocity",
)


@dataclass(frozen=True)
class Stage:
    """One stage of the spine, in the order deals pass it."""

    stage: str
    deals: int
    amount: Any
    days: Any
    days_p90: Any
    conversion: Any
    maturity: Any = None


@dataclass(frozen=True)
class Pipeline:
    """All of it."""

    figures: Sequence[Figure]
    stages: Sequence[Stage]
    by_month: Sequence[tuple[str, Any]]
    waterfall: Sequence[tuple[str, Any]]
    deals: Deals


def get_pipeline(
    ws: Workspace, actor: Actor, *, view: View, sort: str = "amount", flag: str = "", stage: str = ""
) -> Pipeline:
    """The pipeline at the end of the day that is seen, and what became of it within the period."""
    require(actor, Permission.view_metrics)
    return Pipeline(
        list_figures(ws, actor, view=view, keys=HEADLINES),
        list_stages(ws, actor, view=view),
        list_due_months(ws, actor, view=view),
        [
            (str(r["movement"]), r["pipeline_waterfall"])
            for r in ask(ws, actor, view, ["pipeline_waterfall"], until=view.until).records()
        ],
        list_deals(ws, actor, view=view, what="open", sort=sort, flag=flag, stage=stage, limit=500),
    )


def list_stages(ws: Workspace, actor: Actor, *, view: View) -> list[Stage]:
    """Each stage with the deals in it now, how long deals stay, and how many go on; order as deals enter them.

    Times and conversions look at everything entered in the four quarters up to the day that is seen, since the deals
    of one quarter are too few and too young.
    """
    require(actor, Permission.view_metrics)
    year = view.period
    since = year.start.replace(year=year.start.year - 1) if view.grain is Grain.quarter else year.start
    now = {r["stage"]: r for r in ask(ws, actor, view, ["open_pipeline", "open_deals"], by=["stage"]).records()}
    keys = ["time_in_stage_days", "time_in_stage_days_p90"]
    times = {r["stage"]: r for r in ask(ws, actor, view, keys, by=["stage"], since=since, until=view.until).records()}
    # Without a history of stages every deal seems never to have moved: that is not known, rather than nobody.
    moved = query_metrics(ws, actor, keys=["stage_moves"], as_of=view.as_of).records()[0]["stage_moves"]
    answer = ask(ws, actor, view, ["stage_conversion"], by=["stage"], since=since, until=view.until)
    onward = (
        {}
        if not moved
        else {
            r["stage"]: (r["stage_conversion"], d["stage_conversion"].get("maturity"))
            for r, d in zip(answer.records(), answer.detail, strict=True)
        }
    )
    order = ask(ws, actor, view, ["stage_order"], by=["stage"], since=None, until=view.until).records()
    places = {r["stage"]: r["stage_order"] for r in order}
    names = [s for s in {**now, **times, **onward} if s is not None]
    names.sort(key=lambda s: (places.get(s) is None, places.get(s) or 0, s))
    return [
        Stage(
            s,
            int(now.get(s, {}).get("open_deals") or 0),
            now.get(s, {}).get("open_pipeline") or 0,
            times.get(s, {}).get("time_in_stage_days"),
            times.get(s, {}).get("time_in_stage_days_p90"),
            *onward.get(s, (None, None)),
        )
        for s in names
        if s in now or s in onward or s in times
    ]


def list_due_months(ws: Workspace, actor: Actor, *, view: View, months: int = 12) -> list[tuple[str, Any]]:
    """Open amount by the month it is expected to close in: `overdue` first, then so many months, then the rest.

    What is due later than those months is under `later`, what has no date under `no date`; nothing is left out.
    """
    require(actor, Permission.view_metrics)
    sums: dict[str, Any] = {}
    for row in ask(ws, actor, view, ["open_pipeline"], by=["close_date"]).records():
        day, amount = row["close_date"], row["open_pipeline"] or 0
        key = "no date" if day is None else "overdue" if day < view.as_of else f"{day:%Y-%m}"
        sums[key] = sums.get(key, 0) + amount
    dated = sorted(k for k in sums if k not in ("overdue", "no date"))
    if later := sum(sums[k] for k in dated[months:]):
        sums["later"] = later
    return [(k, sums[k]) for k in ["overdue", *dated[:months], "later", "no date"] if k in sums]
