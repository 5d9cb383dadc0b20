"""The page a head of sales opens first: goal against booked and pipeline, trend, what changed, what to distrust."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from geartrain.intelligence.quality import Finding, Score
from geartrain.kernel.issues import Level
from geartrain.services.access import Actor, Permission, require
from geartrain.services.measures.figures import Figure, ask, list_figures
from geartrain.services.records.deals import Deals, list_deals
from geartrain.services.records.quality import check_records
from geartrain.services.view import View
from geartrain.services.workspace import Workspace

HEADLINES = ("win_rate", "average_deal_size", "sales_cycle_days", "pipeline_created", "pipeline_coverage")
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Goal:
    """The corporate goal of the period against what is booked and what is open and due in it.

    `amount` is None where no goal is published; `open` counts only deals due to close by the end of the period.
    """

    amount: Any
    booked: Any
    open: Any
    elapsed: float

    @property
    def gap(self) -> Any:
        """What is missing if nothing more were won; None without a goal, 0 where it is met."""
        return None if self.amount is None else max(self.amount - (self.booked or 0), 0)

    @property
    def attainment(self) -> Any:
        """Booked over goal; None without a goal."""
        return (self.booked or 0) / self.amount if self.amount else None


@dataclass(frozen=True)
class Movement:
    """One bar of what changed in the open pipeline."""

    name: str
    amount: Any


@dataclass(frozen=True)
class Week:
    """What changed in the seven days up to the day that is seen."""

    since: date
    movements: Sequence[Movement]
    won: Deals
    lost: Deals
    created: Deals


@dataclass(frozen=True)
class Overview:
    """All of it."""

    goal: Goal
    bookings: Figure
    figures: Sequence[Figure]
    week: Week
    distrust: Sequence[Finding]
    score: Score | None


def get_overview(ws: Workspace, actor: Actor, *, view: View) -> Overview:
    """The overview of a period, cut to what the actor may see."""
    require(actor, Permission.view_metrics)
    bookings, due, wanted, *figures = list_figures(
        ws, actor, view=view, keys=("bookings", "pipeline_due", "bookings_goal", *HEADLINES)
    )
    length = (view.period.end - view.period.start).days
    elapsed = min(1.0, max(0.0, (view.until - view.period.start).days / length))
    # A goal of the company says nothing about one team's share of it.
    goal = None if view.filters or not actor.sees_everyone else wanted.value or None
    distrust, score = _distrust(ws, actor, view)
    return Overview(
        Goal(goal, bookings.value, due.value, elapsed),
        bookings,
        figures,
        get_week(ws, actor, view=view),
        distrust,
        score,
    )


def get_week(ws: Workspace, actor: Actor, *, view: View) -> Week:
    """What changed in the seven days up to the day that is seen."""
    require(actor, Permission.view_metrics)
    until = view.as_of + timedelta(days=1)
    since = until - WEEK
    answer = ask(ws, actor, view, ["pipeline_waterfall"], since=since, until=until)
    moved = [Movement(str(r["movement"]), r["pipeline_waterfall"]) for r in answer.records()]

    def deals(what: str) -> Deals:
        return list_deals(ws, actor, view=view, what=what, since=since, until=until, limit=5)

    return Week(since, moved, deals("won"), deals("lost"), deals("created"))


def _distrust(ws: Workspace, actor: Actor, view: View) -> tuple[list[Finding], Score | None]:
    """The worst findings; nothing for people who may not look at data quality."""
    if not actor.may(Permission.view_quality):
        return [], None
    found = check_records(ws, actor, as_of=view.as_of)
    worst = [f for f in found.findings if f.level is not Level.info]
    return worst[:5], found.score
