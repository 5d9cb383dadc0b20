"""Heads and capacity, period by period: who comes, who goes, who is still ramping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from geartrain.kernel.issues import Issue, Level
from geartrain.planning.capacity.policy import CapacityPlan, Role

CENT = Decimal("0.01")
Hires = Mapping[tuple[str, int], int]


@dataclass(frozen=True)
class Carried:
    """One role in one period. heads: on board. ramped: in equivalents of ramped heads. capacity, cost: money."""

    role: str
    period: int
    heads: Decimal
    ramped: Decimal
    capacity: Decimal
    cost: Decimal
    joined: Decimal
    left: Decimal


@dataclass(frozen=True)
class Outlook:
    """What a plan carries, against its goal."""

    capacity_plan: CapacityPlan
    carried: tuple[Carried, ...]
    issues: tuple[Issue, ...] = ()

    def capacity(self, period: int) -> Decimal:
        """All roles in a period."""
        return sum((c.capacity for c in self.carried if c.period == period), Decimal(0))

    @property
    def total(self) -> Decimal:
        """All roles over the plan."""
        return sum((c.capacity for c in self.carried), Decimal(0))

    @property
    def cost(self) -> Decimal:
        """What everybody costs over the plan."""
        return sum((c.cost for c in self.carried), Decimal(0))

    def periods(self) -> Iterator[dict[str, Any]]:
        """Capacity against goal; the gap is what is missing, negative where there is more."""
        for n, label in enumerate(self.capacity_plan.labels):
            held = [c for c in self.carried if c.period == n]
            goal, capacity = self.capacity_plan.goals[n], self.capacity(n)
            yield {
                "period": label,
                "heads": cents(sum((c.heads for c in held), Decimal(0))),
                "ramped": cents(sum((c.ramped for c in held), Decimal(0))),
                "capacity": cents(capacity),
                "goal": cents(goal),
                "ratio": ratio(capacity, goal),
                "gap": cents(goal - capacity),
                "cost": cents(sum((c.cost for c in held), Decimal(0))),
            }

    def roles(self) -> Iterator[dict[str, Any]]:
        """One row a role and period."""
        for c in self.carried:
            yield {
                "role": c.role,
                "period": self.capacity_plan.labels[c.period],
                "heads": cents(c.heads),
                "ramped": cents(c.ramped),
                "joined": cents(c.joined),
                "left": cents(c.left),
                "capacity": cents(c.capacity),
                "cost": cents(c.cost),
            }

    def totals(self) -> dict[str, Any]:
        """Over the whole plan; CAC is cost over the customers that the capacity brings, None without a deal size."""
        goal = sum(self.capacity_plan.goals, Decimal(0))
        brought = self._customers()
        return {
            "capacity": cents(self.total),
            "goal": cents(goal),
            "ratio": ratio(self.total, goal),
            "gap": cents(goal - self.total),
            "cost": cents(self.cost),
            "customers": None if brought is None else cents(brought),
            "cac": None if not brought else cents(self.cost / brought),
        }

    def _customers(self) -> Decimal | None:
        sizes = {r.name: r.deal_size for r in self.capacity_plan.roles}
        found = [c.capacity / size for c in self.carried if (size := sizes[c.role])]
        return sum(found, Decimal(0)) if found else None


def cents(value: Decimal) -> Decimal:
    """To two places, half up."""
    return value.quantize(CENT, ROUND_HALF_UP)


def ratio(part: Decimal, whole: Decimal) -> Decimal | None:
    """To four places; None of nothing."""
    return (part / whole).quantize(Decimal("0.0001"), ROUND_HALF_UP) if whole else None


def survival(role: Role, months: int) -> Decimal:
    """The part of heads that stay through a period: (1 − annual attrition)^(months / 12)."""
    with localcontext(prec=40):
        return (1 - role.attrition) ** (Decimal(months) / 12)


def run(capacity_plan: CapacityPlan, hires: Hires | None = None) -> Outlook:
    """What the plan carries: Σ heads × ramp × productive share × productivity.

    Args:
        hires: More people by role name and period, as a hiring plan adds them.
    Example: 10 ramped heads at 100,000 a month and 4 hired on 1 March with ramp 0, 25, 50, 75, 100 % carry 1,000,000
    in March and 1,400,000 in July.
    """
    issues: list[Issue] = []
    found = [c for role in capacity_plan.roles for c in _of_role(capacity_plan, role, hires or {}, issues)]
    return Outlook(capacity_plan, tuple(found), tuple(issues))


def _of_role(capacity_plan: CapacityPlan, role: Role, hires: Hires, issues: list[Issue]) -> Iterator[Carried]:
    stays = survival(role, capacity_plan.months)
    cohorts: dict[int, Decimal] = {-len(role.ramp): role.heads}  # by the period in which they began the ramp
    coming: dict[int, Decimal] = {}
    for n in range(capacity_plan.periods):
        left = sum((j.count for j in role.leavers if capacity_plan.number(j.period) == n), Decimal(0))
        _leave(capacity_plan, role, cohorts, left, n, issues)
        _come_back(role, coming, n, left)
        joined = coming.get(n, Decimal(0)) + hires.get((role.name, n), 0)
        cohorts[n] = cohorts.get(n, Decimal(0)) + joined
        for join in (*role.joins, *role.transfers_in):
            if capacity_plan.number(join.period) == n:
                began = n - join.tenure
                cohorts[began] = cohorts.get(began, Decimal(0)) + join.count
                joined += join.count
        heads = sum(cohorts.values(), Decimal(0))
        ramped = sum((count * role.ramped(n - began) for began, count in cohorts.items()), Decimal(0))
        capacity = ramped * role.share(n) * role.productivity
        yield Carried(role.name, n, heads, ramped, capacity, heads * role.cost, joined, left)
        if n >= capacity_plan.settled:
            _come_back(role, coming, n + 1, heads * (1 - stays))
            cohorts = {began: count * stays for began, count in cohorts.items()}


def _come_back(role: Role, coming: dict[int, Decimal], period: int, left: Decimal) -> None:
    """Who left is replaced after the lag, by somebody who ramps."""
    if role.backfill_lag is not None and left:
        at = period + role.backfill_lag
        coming[at] = coming.get(at, Decimal(0)) + left


def _leave(
    capacity_plan: CapacityPlan,
    role: Role,
    cohorts: dict[int, Decimal],
    count: Decimal,
    period: int,
    issues: list[Issue],
) -> None:
    """Named leavers go from those longest on board."""
    for began in sorted(cohorts):
        gone = min(count, cohorts[began])
        cohorts[began] -= gone
        count -= gone
    if count:
        message = f"{count} more leave '{role.name}' in {capacity_plan.labels[period]} than it has."
        hint = "Correct leavers or heads."
        issues.append(Issue("capacity_leavers", Level.error, message, f"roles/{role.name}", hint))


def heads_needed(goal: Decimal, quota: Decimal, factor: Decimal) -> tuple[Decimal, int] | None:
    """Heads that carry a goal by quota and attainment factor, exactly and in whole people; None without either.

    Example: 1,000,000 a month at 100,000 and 0.8 is 12.5, so 13.
    """
    if not quota * factor:
        return None
    exact = goal / (quota * factor)
    return exact, int(exact.to_integral_value(ROUND_CEILING))


def heads_by_workload(
    tiers: Sequence[tuple[Decimal, Decimal]], touches_per_head: Decimal
) -> tuple[Decimal, int] | None:
    """Heads that do the touches: Σ accounts × touches over what one head does.

    Example: 1,000 × 36 + 2,000 × 12 calls at 1,000 calls a seller is 60.
    """
    return heads_needed(sum((a * t for a, t in tiers), Decimal(0)), touches_per_head, Decimal(1))


def needs(capacity_plan: CapacityPlan) -> Iterator[dict[str, Any]]:
    """Heads needed by quota and by workload, beside the heads there are at the end, for roles that state either.

    A goal is read as carried by the one role with a quota, else by quota in proportion of heads × quota.
    """
    carrying = {r.name: r.heads * r.quota for r in capacity_plan.roles if r.quota}
    total = sum(carrying.values(), Decimal(0))
    most = max(capacity_plan.goals)
    for role in capacity_plan.roles:
        by_quota = by_work = None
        if role.quota:
            part = carrying[role.name] / total if total else Decimal(1) / len(carrying)
            factor = Decimal(1) if role.participation is None else role.participation
            by_quota = heads_needed(most * part, role.quota, factor)
        if role.workload and role.touches_per_head:
            by_work = heads_by_workload([(t.accounts, t.touches) for t in role.workload], role.touches_per_head)
        if by_quota or by_work:
            yield {
                "role": role.name,
                "heads": role.heads,
                "by_quota": by_quota and cents(by_quota[0]),
                "by_quota_whole": by_quota and by_quota[1],
                "by_workload": by_work and cents(by_work[0]),
                "by_workload_whole": by_work and by_work[1],
            }
