"""How much the capacity moves when an assumption does, and how sure it is."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from geartrain.planning.capacity.heads import Outlook, cents, ratio, run, survival
from geartrain.planning.capacity.policy import CapacityPlan, Role

POINTS = Decimal("0.05")
PART = Decimal("0.10")


def sensitivity(capacity_plan: CapacityPlan) -> list[dict[str, Any]]:
    """Capacity under each change alone: ramp ± 1 period, attrition ± 5 points, productivity ± 10 %."""
    base = run(capacity_plan)
    found = [_row("as planned", base, base)]
    for name, changed in changes(capacity_plan):
        found.append(_row(name, run(changed), base))
    return found


def changes(capacity_plan: CapacityPlan) -> Iterator[tuple[str, CapacityPlan]]:
    """Each change by name, made to every role at once."""
    period = capacity_plan.grain.value
    yield f"ramp 1 {period} longer", _each(capacity_plan, lambda r: {"ramp": r.ramp[:1] + r.ramp if r.ramp else ()})
    yield f"ramp 1 {period} shorter", _each(capacity_plan, lambda r: {"ramp": r.ramp[1:]})
    yield (
        "attrition 5 points higher",
        _each(capacity_plan, lambda r: {"attrition": min(r.attrition + POINTS, Decimal("0.99"))}),
    )
    yield (
        "attrition 5 points lower",
        _each(capacity_plan, lambda r: {"attrition": max(r.attrition - POINTS, Decimal(0))}),
    )
    yield "productivity 10 % higher", _each(capacity_plan, lambda r: {"productivity": r.productivity * (1 + PART)})
    yield "productivity 10 % lower", _each(capacity_plan, lambda r: {"productivity": r.productivity * (1 - PART)})


def _each(capacity_plan: CapacityPlan, change: Any) -> CapacityPlan:
    return capacity_plan.model_copy(
        update={"roles": tuple(r.model_copy(update=change(r)) for r in capacity_plan.roles)}
    )


def _row(name: str, found: Outlook, base: Outlook) -> dict[str, Any]:
    goal = sum(found.capacity_plan.goals, Decimal(0))
    return {
        "change": name,
        "capacity": cents(found.total),
        "difference": cents(found.total - base.total),
        "difference_ratio": ratio(found.total - base.total, base.total),
        "ratio_to_goal": ratio(found.total, goal),
        "gap": cents(goal - found.total),
    }


def simulate(capacity_plan: CapacityPlan, *, seed: int, runs: int = 1000) -> dict[str, Any]:
    """P10, P50 and P90 of capacity by period and in all: who leaves and how productive each head is are drawn.

    Each head stays through a period with its survival, and brings productivity × (1 + deviation × normal), drawn once.
    Equal seeds give equal answers; P10 is what is passed in nine of ten runs.
    """
    rng = random.Random(seed)
    drawn = [_once(capacity_plan, rng) for _ in range(runs)]
    by_period = [
        {"period": label, **_percentiles([d[n] for d in drawn]), "goal": cents(capacity_plan.goals[n])}
        for n, label in enumerate(capacity_plan.labels)
    ]
    totals = [sum(d) for d in drawn]
    goal = sum(capacity_plan.goals, Decimal(0))
    met = sum(t >= float(goal) for t in totals)
    chance = Decimal(met) / runs if goal else None
    return {"seed": seed, "runs": runs, "periods": by_period, "total": _percentiles(totals), "chance_of_goal": chance}


def _once(capacity_plan: CapacityPlan, rng: random.Random) -> list[float]:
    found = [0.0] * capacity_plan.periods
    for role in capacity_plan.roles:
        _play(capacity_plan, role, rng, found)
    return found


def _play(capacity_plan: CapacityPlan, role: Role, rng: random.Random, found: list[float]) -> None:
    """One role's people, one by one; who leaves is replaced after the lag."""
    stays = float(survival(role, capacity_plan.months))
    each, spread = float(role.productivity), float(role.deviation)
    people = [(0, -len(role.ramp))] * round(role.heads)
    for join in (*role.joins, *role.transfers_in):
        at = capacity_plan.number(join.period)
        people += [(at, at - join.tenure)] * round(join.count)
    leaving: dict[int, int] = {}
    for join in role.leavers:
        at = capacity_plan.number(join.period)
        leaving[at] = leaving.get(at, 0) + round(join.count)
    ends = [at for at, count in sorted(leaving.items()) for _ in range(count)]
    people.sort(key=lambda p: p[1])
    while people:
        first, began = people.pop(0)
        brings = max(0.0, each * (1 + spread * rng.gauss(0, 1)))
        named = next((e for e in ends if e >= first), None)
        last = capacity_plan.periods if named is None else named
        if named is not None:
            ends.remove(named)
        for n in range(first, last):
            found[n] += brings * float(role.ramped(n - began) * role.share(n))
            if n >= capacity_plan.settled and rng.random() >= stays:
                last = n + 1
                break
        if (
            last < capacity_plan.periods
            and role.backfill_lag is not None
            and last + role.backfill_lag < capacity_plan.periods
        ):
            people.append((last + role.backfill_lag, last + role.backfill_lag))


def _percentiles(values: Sequence[float]) -> dict[str, Decimal]:
    ordered = sorted(values)
    at = {
        name: ordered[max(math.ceil(q * len(ordered)) - 1, 0)] for name, q in (("p10", 0.1), ("p50", 0.5), ("p90", 0.9))
    }
    return {name: cents(Decimal(repr(v))) for name, v in at.items()}
