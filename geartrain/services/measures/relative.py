"""Sellers beside peers of like capacity, with the exact reasons why they differ; for their managers, not for pay."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from geartrain.facts.transforms import instant
from geartrain.kernel.errors import Invalid
from geartrain.kernel.policy import Policy
from geartrain.productivity.ramp import RampCurves
from geartrain.productivity.relative import Relative, Seller, relative_productivity
from geartrain.services.access import Actor, Permission, operator, require
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import Facts, open_facts
from geartrain.services.records.sources import source_of
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace


@dataclass(frozen=True)
class Compared:
    """The people the actor may see, each beside all their peers; names of the peers are told to nobody."""

    policy: Policy
    period: str
    since: date
    until: date
    rows: tuple[Relative, ...]
    names: dict[str, str]
    foreign: int

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        return {
            "period": self.period,
            "window": [self.since, self.until],
            "policy": {"key": self.policy.key, "version": self.policy.version, "sha256": self.policy.sha256},
            "left_out_other_currency": self.foreign,
            "sellers": [_json(r, self.names) for r in self.rows],
        }


def _json(r: Relative, names: dict[str, str]) -> dict[str, Any]:
    s = r.seller
    return {
        "user_id": s.user_id,
        "name": names.get(s.user_id),
        "role": s.role,
        "segment": s.segment,
        "capacity": r.capacity,
        "ramp": s.ramp,
        "output": s.output,
        "productivity": r.productivity,
        "rp": r.rp,
        "cohort": r.cohort,
        "peers": r.peers,
        "fallback": r.fallback,
        "note": r.note,
        "parts": [{"name": p.name, "own": p.own, "cohort": p.cohort, "log_ratio": p.log_ratio} for p in r.parts],
    }


def compare_sellers(ws: Workspace, actor: Actor, *, period: str, as_of: date | None = None) -> Compared:
    """Relative productivity of a fiscal period, of the people the actor may see.

    The benchmark is made of everybody's figures, so that it is the same whoever asks. Bookings in another currency than
    the workspace's are left out and counted.

    Raises:
        Invalid: there is no such period, or it has not begun.
    """
    require(actor, Permission.view_records)
    span = ws.calendar.parse(period)
    policy = current_policies(ws).get("relative_productivity", "default")
    day = as_of or last_day(ws, actor)
    until = min(span.end, day + timedelta(days=1))
    if until <= span.start:
        raise Invalid(f"{span.key} has not begun by {day}.", hint="Choose an earlier period.")
    with open_facts(ws, actor, as_of=day) as mine, open_facts(ws, operator(), as_of=day) as facts:
        sellers, names, foreign = _sellers(facts, ws, policy.spec, span.start, until)
        seen = mine.visible()
    found = [r for r in relative_productivity(sellers) if seen is None or r.seller.user_id in seen]
    order = sorted(found, key=lambda r: (-(r.rp if r.rp is not None else -1.0), r.seller.user_id))
    return Compared(policy, span.key, span.start, until, tuple(order), names, foreign)


def _sellers(
    facts: Facts, ws: Workspace, curves: RampCurves, since: date, until: date
) -> tuple[list[Seller], dict[str, str], int]:
    """Everyone who closed a deal or has a quota in the period, with capacity and what they did."""
    source = source_of(facts, current_policies(ws))
    low, high = (instant(facts.calendar.instant(d)) for d in (since, until))
    booked = source.table("credited_booking")
    booked = booked.filter((booked.closed_at >= low) & (booked.closed_at < high) & (booked.credit_type == "direct"))
    output: dict[str, Decimal] = defaultdict(Decimal)
    won: dict[str, Decimal] = defaultdict(Decimal)
    foreign = 0
    for r in facts.execute(booked.select("user_id", "share", "amount", "currency")).to_pylist():
        if r["currency"] not in (None, facts.currency):
            foreign += 1
            continue
        output[r["user_id"]] += r["amount"] or Decimal(0)
        won[r["user_id"]] += r["share"]
    deals = facts.raw("opportunity")
    lost = deals.filter(deals.is_closed & ~deals.is_won & (deals.closed_at >= low) & (deals.closed_at < high))
    counted = lost.filter(lost.owner_id.notnull()).group_by("owner_id").aggregate(n=lambda t: t.count())
    losses = {r["owner_id"]: r["n"] for r in facts.execute(counted).to_pylist()}
    quotas = facts.raw("quota")
    held = quotas.filter((quotas.period_start < until) & (quotas.period_end > since)).select("user_id").distinct()
    sellers = {*output, *losses, *facts.execute(held)["user_id"].to_pylist()}
    users = facts.execute(facts.raw("user")).to_pylist()
    found = []
    for u in users:
        if u["user_id"] in sellers:
            done = won[u["user_id"]], Decimal(losses.get(u["user_id"], 0)), output[u["user_id"]]
            found.append(_seller(u, curves, since, until, *done))
    return found, {u["user_id"]: u["name"] for u in users}, foreign


def _seller(
    u: dict[str, Any], curves: RampCurves, since: date, until: date, won: Decimal, lost: Decimal, output: Decimal
) -> Seller:
    first = max(since, u["start_date"] or since)
    last = min(until, (u["end_date"] + timedelta(days=1)) if u["end_date"] else until)
    active = Decimal(max(0, (last - first).days)) / Decimal((until - since).days)
    role = u["role"] or "seller"
    days = range(max(0, (last - first).days))
    ramp = [curves.share(role, u["start_date"], first + timedelta(days=n)) for n in days]
    share = sum(ramp, Decimal(0)) / len(ramp) if ramp else Decimal(0)
    fte = u["fte"] if u["fte"] is not None else Decimal(1)
    return Seller(u["user_id"], role, u["segment"] or "all", fte, active, share, output, won + lost, won)
