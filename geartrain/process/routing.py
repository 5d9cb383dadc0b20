"""Who gets a lead, and why: ordered clauses, the first that applies and finds somebody wins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from geartrain.kernel.clock import BusinessCalendar, due
from geartrain.process.expressions import evaluated
from geartrain.process.lead_policy import Clause, LeadPolicy, Pool, Territory, To
from geartrain.process.pool import Turns, calibrated, next_member, taken


@dataclass(frozen=True)
class Lead:
    """What routing sees of a lead.

    Args:
        values: Its columns, for the rules.
        open_owner: Owner of an open opportunity of its account.
        account_owner: Owner of the account it was matched to.
        account_named: Whether that account is a named one.
    """

    lead_id: str
    values: Mapping[str, Any]
    open_owner: str | None = None
    account_owner: str | None = None
    account_named: bool = False


@dataclass(frozen=True)
class State:
    """What routing remembers from lead to lead: the turns of each pool, and how many each person got on each day."""

    pools: Mapping[str, Turns] = field(default_factory=dict)
    taken: Mapping[tuple[str, date], int] = field(default_factory=dict)


@dataclass(frozen=True)
class Routed:
    """Who got a lead.

    Args:
        owner: A user, or None: it waits in `queue`.
        clause: The one that won; `fallback` where none did.
        due_at: Until when somebody must have been in touch, naive UTC.
        candidates: Of a pool, who could have had it with their (level + 1) / weight, and who could not and why.
        steps: Each clause with why it passed or not.
    """

    lead_id: str
    owner: str | None
    queue: str | None
    clause: str
    pool: str | None
    decided_at: datetime
    due_at: datetime
    reason: str
    candidates: tuple[dict[str, Any], ...] = ()
    steps: tuple[dict[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The shape the command, the webhook and the log have."""
        return {
            "lead_id": self.lead_id,
            "owner": self.owner,
            "queue": self.queue,
            "clause": self.clause,
            "pool": self.pool,
            "decided_at": f"{self.decided_at.isoformat()}Z",
            "due_at": f"{self.due_at.isoformat()}Z",
            "reason": self.reason,
            "candidates": list(self.candidates),
            "steps": list(self.steps),
        }


def route(
    policy: LeadPolicy, lead: Lead, state: State, *, at: datetime, zones: Mapping[str, str] | None = None
) -> tuple[Routed, State]:
    """Give a lead to somebody.

    Args:
        state: As the lead before left it.
        at: The instant of the decision, naive UTC.
        zones: User to their time zone; the policy's calendar has the hours.
    Returns:
        The decision, and the state for the next lead.
    Source: the process specification, 3.1: open-opportunity owner, account owner, named account, territory, pool,
        fallback queue with an SLA of its own.
    """
    zones = zones or {}
    steps: list[dict[str, Any]] = []
    for clause in policy.routing.clauses:
        applies, why = evaluated(clause.rule, lead.values)
        if applies is not True:
            steps.append(
                {"clause": clause.key, "applies": applies if isinstance(applies, bool) else "unknown", "why": why}
            )
            continue
        place = _territory(policy, lead) if clause.to is To.territory else None
        owner, found, after, reason = _owner(policy, clause, place, lead, state, at, zones)
        steps.append({"clause": clause.key, "applies": True, "owner": owner, "why": reason})
        if owner is not None:
            calendar = _calendar(policy, zones.get(owner))
            until = due(calendar, at, policy.sla.first_touch)
            pool = (place.pool if place else clause.pool if clause.to is To.pool else None) or None
            routed = Routed(lead.lead_id, owner, None, clause.key, pool, at, until, reason, tuple(found), tuple(steps))
            return routed, _counted(after, owner, calendar.day_of(at))
        state = after
    fallback = policy.routing.fallback
    until = due(policy.sla.calendar, at, fallback.sla)
    reason = "No clause found anybody."
    return Routed(lead.lead_id, None, fallback.queue, "fallback", None, at, until, reason, (), tuple(steps)), state


def _calendar(policy: LeadPolicy, zone: str | None) -> BusinessCalendar:
    known = policy.sla.calendar
    return _in_zone(known, zone) if zone and zone != known.zone else known


_CALENDARS: dict[tuple[int, str], tuple[BusinessCalendar, BusinessCalendar]] = {}
MOST_CALENDARS = 1_000


def _in_zone(calendar: BusinessCalendar, zone: str) -> BusinessCalendar:
    """The calendar in a zone, kept with the one it was made of: laying it out takes longer than asking it."""
    key = (id(calendar), zone)
    known = _CALENDARS.get(key)
    if known is None or known[0] is not calendar:
        if len(_CALENDARS) >= MOST_CALENDARS:
            _CALENDARS.clear()
        known = _CALENDARS[key] = (calendar, calendar.in_zone(zone))
    return known[1]


def _territory(policy: LeadPolicy, lead: Lead) -> Territory | None:
    """The first territory whose rule holds of a lead."""
    return next((t for t in policy.routing.territories if evaluated(t.rule, lead.values)[0] is True), None)


def _owner(
    policy: LeadPolicy,
    clause: Clause,
    place: Territory | None,
    lead: Lead,
    state: State,
    at: datetime,
    zones: Mapping[str, str],
) -> tuple[str | None, list[dict[str, Any]], State, str]:
    """Whom a clause finds, the candidates, the state after it, and why."""
    match clause.to:
        case To.user:
            return clause.user, [], state, f"The clause names {clause.user}."
        case To.open_opportunity_owner:
            said = f"{lead.open_owner} owns an open opportunity of the account."
            return lead.open_owner, [], state, said if lead.open_owner else "The account has no open opportunity."
        case To.account_owner | To.named_account:
            if lead.account_owner is None:
                return None, [], state, "The lead matches no account with an owner."
            if clause.to is To.named_account and not lead.account_named:
                return None, [], state, "The account is not a named one."
            return lead.account_owner, [], state, f"{lead.account_owner} owns the account."
        case To.territory if place is None:
            return None, [], state, "The lead is in no territory."
        case To.territory if place is not None and place.user:
            return place.user, [], state, f"{place.user} has the territory {place.key}."
    pool = policy.routing.pool(place.pool if place else clause.pool)
    return _from_pool(policy, clause, pool, state, at, zones)


def _from_pool(
    policy: LeadPolicy, clause: Clause, pool: Pool, state: State, at: datetime, zones: Mapping[str, str]
) -> tuple[str | None, list[dict[str, Any]], State, str]:
    days = {m.user: _calendar(policy, zones.get(m.user)).day_of(at) for m in pool.members}
    present = [m for m in pool.members if not m.is_away(days[m.user])]
    turns = calibrated(present, state.pools.get(pool.key, Turns()))
    found, eligible = [], []
    for m in pool.members:
        why = "away" if m not in present else ""
        why = why or ("no skill" if clause.skill and clause.skill not in m.skills else "")
        full = m.cap is not None and state.taken.get((m.user, days[m.user]), 0) >= m.cap
        why = why or ("at cap" if full else "")
        level = str(turns.levels.get(m.user, 0))
        found.append({"user": m.user, "eligible": not why, "why": why, "level": level, "weight": str(m.weight)})
        eligible += [] if why else [m]
    chosen = next_member(eligible, turns)
    if chosen is None:
        after = State({**state.pools, pool.key: turns}, state.taken)
        return None, found, after, f"Nobody of the pool {pool.key} is there."
    after = State({**state.pools, pool.key: taken(turns, chosen.user)}, state.taken)
    ahead = turns.levels.get(chosen.user, 0)
    return (
        chosen.user,
        found,
        after,
        f"Least ahead of their share in the pool {pool.key}: ({ahead} + 1) / {chosen.weight}.",
    )


def _counted(state: State, owner: str, day: date) -> State:
    return State(state.pools, {**state.taken, (owner, day): state.taken.get((owner, day), 0) + 1})
