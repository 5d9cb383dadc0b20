"""The call as its page shows it: the grid by hierarchy with the model's range, and the trend through the period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from geartrain.intelligence.forecast.process import SUBMITTED, Standing
from geartrain.kernel.errors import Invalid
from geartrain.kernel.hierarchy import Hierarchy
from geartrain.kernel.periods import Grain
from geartrain.services.access import Actor, Permission, operator, require
from geartrain.services.answers import remembered
from geartrain.services.forecasting.forecast_calls import Status, get_status, list_calls
from geartrain.services.forecasting.forecast_range import Ranges, Span, kept_ranges
from geartrain.services.forecasting.forecast_standing import (
    KEEPERS,
    CallInfo,
    call_of,
    may_override,
    may_see,
    see,
    standing_of,
)
from geartrain.services.packs.life import list_packs
from geartrain.services.packs.store import PackInfo
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace

ZERO = Decimal(0)


@dataclass(frozen=True)
class Row:
    """One person's line in all categories.

    Args:
        state: in time, late, missing or empty for who is not to submit.
        mine: It is the actor's own. may_adjust: The actor may adjust it.
    """

    user: str
    name: str
    depth: int
    leads: int
    lines: dict[str, Standing]
    won: Decimal
    state: str
    carried: bool
    mine: bool
    may_adjust: bool
    span: Span | None


@dataclass(frozen=True)
class Board:
    """A call as one person sees it, the highest they see first."""

    status: Status
    rows: Sequence[Row]
    calls: Sequence[CallInfo]
    ranges: Ranges | None
    top: Row | None
    keeps: bool

    @property
    def locked(self) -> bool:
        """Whether anything can still be said."""
        return self.status.call.locked_at is not None


@dataclass(frozen=True)
class Point:
    """One call of a trend: what counted of a person's line, and the range then."""

    as_of: date
    commit: Decimal
    best_case: Decimal
    call: Decimal
    rollup: Decimal
    won: Decimal
    span: Span | None


def get_board(
    ws: Workspace, actor: Actor, *, period: str = "", as_of: date | None = None, restated: bool = False
) -> Board | None:
    """The call of a period and day, the latest where they are not named; None where no call was ever opened.

    Raises:
        NotFound: no such call. Invalid: no such period.
    """
    require(actor, Permission.view_metrics)
    calls = list_calls(ws, actor)
    if not calls and not period:
        return None
    asked = period or next((c.period for c in calls if as_of in (None, c.as_of)), "") or calls[0].period
    status = get_status(ws, actor, period=asked, as_of=as_of, restated=restated)
    key, day = status.call.period, status.call.as_of
    ranges = kept_ranges(ws, actor, period=key, days=[day]).get(day)
    rows = _rows(ws, actor, status, ranges)
    return Board(
        status, rows, [c for c in calls if c.period == key], ranges, rows[0] if rows else None,
        bool(actor.roles & KEEPERS),
    )  # fmt: skip


def get_trend(
    ws: Workspace, actor: Actor, *, period: str = "", user: str | None = None
) -> tuple[str, str | None, list[Point]]:
    """The period, whose line it is, and what counted in each of its calls, oldest first, against the range then.

    Raises:
        NotFound: nobody by that id whom the actor may know of. Invalid: no such period.
    """
    require(actor, Permission.view_metrics)
    calls = list_calls(ws, actor, period=period or None)
    if not calls:
        return period or ws.calendar.containing(last_day(ws, actor), Grain.quarter).key, None, []
    key = ws.calendar.parse(period).key if period else calls[0].period
    mine = sorted(c.as_of for c in calls if c.period == key)
    hierarchy = Hierarchy(call_of(ws, key, mine[-1]).hierarchy)
    seen = [p for p in sorted(hierarchy.manager_of) if may_see(actor, p, hierarchy)]
    who = user or _highest(seen, hierarchy, actor)
    if who is None:
        return key, None, []
    if who not in seen:
        raise Invalid(f"There is nobody by the id '{who[:60]}' in this call.", hint="Choose one of the list.")
    ranges = kept_ranges(ws, actor, period=key, days=mine)
    whole = actor.sees_everyone and not hierarchy.chain(who)
    points = []
    for day in mine:
        lines, won = _line(ws, key, day, who)
        span = ranges[day].of(None if whole and ranges[day].whole else who) if day in ranges else None
        said = {c: lines[c].effective for c in SUBMITTED}
        points.append(Point(day, said["commit"], said["best_case"], said["call"], lines["call"].rollup, won, span))
    return key, who, points


def packs_of(ws: Workspace, actor: Actor, *, day: date) -> list[PackInfo]:
    """The forecast-call packs of the week of a call: those that look at its day or at one of the six after it."""
    if not actor.may(Permission.view_packs):
        return []
    last = day + timedelta(days=6)
    return [p for p in list_packs(ws, actor) if p.purpose == "forecast_call" and day <= p.as_of <= last]


def people_in(ws: Workspace, actor: Actor, *, period: str) -> list[tuple[str, str]]:
    """Everyone with somebody below, and oneself, whom the actor sees in the latest call of a period: id and name."""
    call = call_of(ws, period, None)
    people = see(ws, call)
    hierarchy = people.hierarchy
    seen = [p for p in hierarchy.manager_of if may_see(actor, p, hierarchy)]
    seen.sort(key=lambda p: (len(hierarchy.chain(p)), p))
    wanted = people.submitters or frozenset(seen)
    return [(p, people.names.get(p, p)) for p in seen if p in wanted]


def _line(ws: Workspace, period: str, day: date, who: str) -> tuple[dict[str, Standing], Decimal]:
    """A line of a call; of one that is locked it is remembered, for nothing in it changes."""
    call = call_of(ws, period, day)

    def work() -> tuple[dict[str, Standing], Decimal]:
        lines, base = standing_of(ws, call)
        below = Hierarchy(call.hierarchy).tree(who)
        nothing = {c: Standing(who, c, ZERO, None, None) for c in SUBMITTED}
        won = sum((base.won.get(p, ZERO) for p in below), ZERO)
        return {c: lines.get((who, c), nothing[c]) for c in SUBMITTED}, won

    locked = getattr(call, "lock", None) is not None
    return remembered(("call line", ws.decisions_url, str(ws.path), call.pk, who), work) if locked else work()


def _rows(ws: Workspace, actor: Actor, status: Status, ranges: Ranges | None) -> list[Row]:
    hierarchy = status.people.hierarchy
    lines: dict[str, dict[str, Standing]] = {}
    for one in status.lines:
        lines.setdefault(one.user, {})[one.category] = one
    me, people = actor.user_id or "", status.people
    if me not in lines and me in hierarchy.manager_of and (me in people.submitters or not people.by_role):
        lines[me] = {c: Standing(me, c, ZERO, None, None) for c in SUBMITTED}
    _, base = standing_of(ws, call_of(ws, status.call.period, status.call.as_of))
    roots = [p for p in lines if not any(a in lines for a in hierarchy.chain(p))]
    order = [p for root in sorted(roots) for p in hierarchy.tree(root) if p in lines]
    rows = []
    for person in order:
        above = [a for a in hierarchy.chain(person) if a in lines]
        below = hierarchy.tree(person)
        state = "late" if person in status.late else "missing" if person in status.missing else ""
        spoken = lines[person]["call"].own
        rows.append(Row(
            person, status.people.names.get(person, person), len(above), len([p for p in below[1:] if p in lines]),
            lines[person], sum((base.won.get(p, ZERO) for p in below), ZERO),
            state or ("in time" if spoken and not spoken.carried else ""),
            person in status.carried, person == actor.user_id,
            person != actor.user_id and may_override(actor, person, hierarchy),
            ranges.nodes.get(person) if ranges else None,
        ))  # fmt: skip
    return rows


def _highest(seen: Sequence[str], hierarchy: Hierarchy, actor: Actor) -> str | None:
    if actor.user_id in seen and not actor.sees_everyone:
        return actor.user_id
    leads = [p for p in seen if hierarchy.reports_of.get(p)]
    return min(leads or seen, key=lambda p: (len(hierarchy.chain(p)), -len(hierarchy.tree(p)), p), default=None)


def warm_days(ws: Workspace) -> list[tuple[str, date]]:
    """The period and days whose ranges pages show: the latest call first, then those before it in its period."""
    actor = operator("warm-up")
    calls = list_calls(ws, actor)
    seen = last_day(ws, actor)
    now = ws.calendar.containing(seen, Grain.quarter).key
    if not calls:
        return [(now, seen)]
    return [(c.period, c.as_of) for c in calls if c.period == calls[0].period]
