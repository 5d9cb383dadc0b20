"""From marketing to close on one page: cohorts by the day they entered, both functions beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from geartrain.kernel.periods import Grain
from geartrain.services.access import Actor, Permission, require
from geartrain.services.measures.figures import Figure, ask, list_figures, periods_back
from geartrain.services.view import View
from geartrain.services.workspace import Workspace

# The steps of the funnel: the metric that counts who entered, and the one that says how many of them went on.
STEPS = (
    ("mql_count", "mql_to_sal"),
    ("sal_count", "sal_to_sql"),
    ("sql_count", "sql_to_opportunity"),
    ("opportunities_created", "opportunity_to_won"),
    ("deals_won", None),
)
MARKETING = (
    "marketing_sourced_new_logo_share",
    "marketing_sourced_pipeline",
    "marketing_influenced_pipeline",
    "touches_to_opportunity",
)
SALES = ("marketing_to_sales_handoff_hours", "handoff_untouched_share", "touch_span_days", "interactions_per_won_deal")


@dataclass(frozen=True)
class Step:
    """One step: how many entered it in the period, and the share of those who went on, with how ripe that is."""

    key: str
    name: str
    entered: Any
    onward_key: str | None
    onward: Any
    maturity: Any


@dataclass(frozen=True)
class Cohort:
    """The qualified leads of one period: how many, and how far they got by the day that is seen."""

    period: str
    entered: Any
    rates: dict[str, Any]
    maturity: Any


@dataclass(frozen=True)
class Funnel:
    """All of it."""

    steps: Sequence[Step]
    marketing: Sequence[Figure]
    sales: Sequence[Figure]
    cohorts: Sequence[Cohort]
    sources: Sequence[dict[str, Any]]


COHORT_KEYS = ("mql_to_sal", "mql_to_won")


def get_funnel(ws: Workspace, actor: Actor, *, view: View) -> Funnel:
    """The funnel of a period: each rate follows those who entered in it, whenever they went on."""
    require(actor, Permission.view_metrics)
    keys = [k for pair in STEPS for k in pair if k]
    answer = ask(ws, actor, view, keys)
    row = answer.records()[0] if answer.rows else {}
    detail = answer.detail[0] if answer.detail else {}
    steps = [
        Step(
            count,
            answer.metrics[count]["name"],
            row.get(count),
            rate,
            row.get(rate) if rate else None,
            detail.get(rate, {}).get("maturity") if rate else None,
        )
        for count, rate in STEPS
    ]
    return Funnel(
        steps,
        list_figures(ws, actor, view=view, keys=MARKETING),
        list_figures(ws, actor, view=view, keys=SALES),
        _cohorts(ws, actor, view),
        _sources(ws, actor, view),
    )


def _cohorts(ws: Workspace, actor: Actor, view: View) -> list[Cohort]:
    """The last eight quarters (or years), oldest first."""
    back = periods_back(ws, view)
    by = "year" if view.grain is Grain.year else "quarter"
    answer = ask(ws, actor, view, ["mql_count", *COHORT_KEYS], by=[by], since=back[0].start, until=back[-1].end)
    found = {str(r[by]): (r, d) for r, d in zip(answer.records(), answer.detail, strict=True)}
    return [
        Cohort(
            p.key,
            found[p.key][0]["mql_count"],
            {k: found[p.key][0][k] for k in COHORT_KEYS},
            found[p.key][1]["mql_to_won"].get("maturity"),
        )
        for p in back
        if p.key in found
    ]


def _sources(ws: Workspace, actor: Actor, view: View) -> list[dict[str, Any]]:
    """By who brought the deal: what was created and what was won, whichever function."""
    answer = ask(
        ws, actor, view, ["opportunities_created", "pipeline_created", "deals_won", "bookings"], by=["source_function"]
    )
    return answer.records()
