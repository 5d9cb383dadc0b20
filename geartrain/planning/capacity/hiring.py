"""Whom to hire by when at least cost: an integer programme, its answer counted again exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import highspy

from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.periods import add_months
from geartrain.planning.capacity.heads import Hires, Outlook, cents, run
from geartrain.planning.capacity.policy import CapacityPlan, Close, Role

SLACK = 1e-6  # of the solver's answers, relative
MOST = 1000  # hires of one role in one period, where nothing else limits them


@dataclass(frozen=True)
class HiringPlan:
    """Hires by role and period, and what they carry and cost.

    Args:
        before, after: Without and with the hires. gap: What of the goal is still missing over all periods.
        bound: The least cost that any plan with this gap could have, proven.
    """

    plan: CapacityPlan
    hires: Hires
    before: Outlook
    after: Outlook
    cost: Decimal
    bound: Decimal
    gap: Decimal
    status: str
    issues: tuple[Issue, ...]

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row a role and period with hires: by when the offers go out, what they cost and bring."""
        roles = {r.name: r for r in self.plan.roles}
        for (name, period), count in sorted(self.hires.items(), key=lambda item: (item[0][1], item[0][0])):
            role, first = roles[name], self.plan.first(period)
            one = _effect(self.plan, self.before, role, period)
            brings = sum(one.capacity, Decimal(0)) * count
            yield {
                "role": name,
                "period": self.plan.labels[period],
                "count": count,
                "offers_by": add_months(first, -role.hiring_lag * self.plan.months),
                "starts": first,
                "cost": cents(one.cost * count),
                "capacity": cents(brings),
                "cac": cents(one.cost * count / (brings / role.deal_size)) if role.deal_size and brings else None,
            }


@dataclass(frozen=True)
class _Effect:
    """What one hire adds: capacity by period, heads by period, and its cost over the plan."""

    capacity: tuple[Decimal, ...]
    heads: tuple[Decimal, ...]
    cost: Decimal


def hire(plan: CapacityPlan, *, as_of: date | None = None, seconds: float = 60.0) -> HiringPlan:
    """The hires that leave the least gap to the goal, and of all that do so the cheapest.

    Limits: nobody starts before an offer of `as_of` (otherwise the plan's first day) plus the hiring lag; recruiting
    rates by role and in all; the budget; spans, where hires never make worse what is over its span already.

    Raises:
        Invalid: the solver found nothing in the time given.
    """
    before = run(plan)
    effects = {(r.name, n): _effect(plan, before, r, n) for r, n in _possible(plan, as_of or plan.start)}
    solved = _Model(plan, before, effects, seconds).solve()
    after = run(plan, solved.hires)
    cost = sum((effects[at].cost * count for at, count in solved.hires.items()), Decimal(0))
    gap = _gap(plan, after)
    issues = (*after.issues, *_said(plan, after, gap), *_over_span(plan, before))
    bound = cents(min(Decimal(repr(solved.bound)), cost))
    return HiringPlan(plan, solved.hires, before, after, cents(cost), bound, cents(gap), solved.status, issues)


def _possible(plan: CapacityPlan, as_of: date) -> Iterator[tuple[Role, int]]:
    for role in plan.roles:
        earliest = add_months(as_of, role.hiring_lag * plan.months)
        for n in range(plan.periods if role.hire else 0):
            if plan.first(n) >= earliest:
                yield role, n


def _effect(plan: CapacityPlan, before: Outlook, role: Role, period: int) -> _Effect:
    """The difference one hire makes: heads and capacity are linear in hires."""
    pairs = [
        (a, b)
        for a, b in zip(run(plan, {(role.name, period): 1}).carried, before.carried, strict=True)
        if a.role == role.name
    ]
    heads = tuple(a.heads - b.heads for a, b in pairs)
    cost = sum((a.cost - b.cost for a, b in pairs), Decimal(0))
    joins = sum((a.joined - b.joined for a, b in pairs), Decimal(0))
    return _Effect(tuple(a.capacity - b.capacity for a, b in pairs), heads, cost + role.hiring_cost * joins)


@dataclass(frozen=True)
class _Solved:
    hires: Hires
    bound: float
    status: str


class _Model:
    """The integer programme: least gap first, then least cost. Amounts are scaled to the largest goal."""

    def __init__(
        self, plan: CapacityPlan, before: Outlook, effects: dict[tuple[str, int], _Effect], seconds: float
    ) -> None:
        self.plan, self.before, self.effects = plan, before, effects
        largest = max([*plan.goals, *(before.capacity(n) for n in range(plan.periods)), Decimal(1)])
        self.scale = float(largest)
        self.solver = highspy.Highs()  # type: ignore[no-untyped-call]
        for name, value in (
            ("output_flag", False),
            ("threads", 1),
            ("random_seed", 0),
            ("time_limit", seconds),
            ("mip_rel_gap", 0.0),
        ):
            self.solver.setOptionValue(name, value)
        self.x = {at: self.solver.addIntegral(lb=0, ub=self._most(at[0])) for at in effects}
        self.short = [self.solver.addVariable(lb=0) for _ in self._goals()]

    def _most(self, name: str) -> int:
        limits = [r.most_hires for r in self.plan.roles if r.name == name] + [self.plan.most_hires]
        return min([m for m in limits if m is not None], default=MOST)

    def _goals(self) -> list[tuple[Sequence[int], Decimal]]:
        """The periods that share a goal, and what of it is missing without hires."""
        every = range(self.plan.periods)
        if self.plan.close is Close.total:
            return [(every, sum(self.plan.goals, Decimal(0)) - self.before.total)]
        return [((n,), self.plan.goals[n] - self.before.capacity(n)) for n in every]

    def solve(self) -> _Solved:
        if not self.x:
            return _Solved({}, 0.0, "optimal")
        self._limits()
        short = self._sum((1.0, s) for s in self.short)
        self._run(short)
        least = float(sum(self.solver.val(s) for s in self.short))
        self.solver.addConstr(short <= least + SLACK)
        self._run(self._cost())
        counts = {at: round(self.solver.val(x)) for at, x in self.x.items()}
        info = self.solver.getInfo()
        optimal = self.solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
        unit = self._cost_unit()
        return _Solved(
            {at: c for at, c in counts.items() if c}, info.mip_dual_bound * unit, "optimal" if optimal else "feasible"
        )

    def _limits(self) -> None:
        for (periods, missing), short in zip(self._goals(), self.short, strict=True):
            brought = self._sum(
                (float(sum((e.capacity[n] for n in periods), Decimal(0))) / self.scale, self.x[at])
                for at, e in self.effects.items()
            )
            self.solver.addConstr(brought + short >= float(missing) / self.scale)
        if self.plan.most_hires is not None:
            for n in range(self.plan.periods):
                if held := [x for at, x in self.x.items() if at[1] == n]:
                    self.solver.addConstr(self._sum((1.0, x) for x in held) <= self.plan.most_hires)
        if self.plan.budget is not None:
            self.solver.addConstr(self._cost() <= float(self.plan.budget) / self._cost_unit() + 1e-9)
        for manager in (r for r in self.plan.roles if r.manages):
            self._span(manager)

    def _span(self, manager: Role) -> None:
        """Heads managed less span × managers stay at or below 0, or where they were without hires."""
        over = _managed(self.plan, self.before, manager)
        managed = {r.name for r in self.plan.roles if r.key == manager.manages and _same_team(manager, r)}
        span = float(manager.span or 0)
        for n in range(self.plan.periods):
            terms = [(float(e.heads[n]), self.x[at]) for at, e in self.effects.items() if at[0] in managed]
            terms += [
                (-span * float(e.heads[n]), self.x[at]) for at, e in self.effects.items() if at[0] == manager.name
            ]
            if any(factor for factor, _ in terms):
                self.solver.addConstr(self._sum(terms) <= max(float(-over[n]), 0.0) + 1e-9)

    def _cost_unit(self) -> float:
        return max([float(e.cost) for e in self.effects.values()] + [1.0])

    def _cost(self) -> Any:
        unit = self._cost_unit()
        return self._sum((float(e.cost) / unit, self.x[at]) for at, e in self.effects.items())

    @staticmethod
    def _sum(terms: Any) -> Any:
        return highspy.Highs.qsum([factor * x for factor, x in terms])

    def _run(self, objective: Any) -> None:
        self.solver.minimize(objective)
        status = self.solver.getModelStatus()
        found = self.solver.getInfo().primal_solution_status == 2
        if not found:
            raise Invalid(
                f"The hiring plan was not solved: {status.name}.", hint="Give it more seconds, or fewer roles."
            )


def _managed(plan: CapacityPlan, outlook: Outlook, manager: Role) -> list[Decimal]:
    """Heads managed less span × managers, by period; above 0 is over the span."""
    managed = {r.name for r in plan.roles if r.key == manager.manages and _same_team(manager, r)}
    span = manager.span or Decimal(0)
    found = [Decimal(0)] * plan.periods
    for c in outlook.carried:
        if c.role in managed:
            found[c.period] += c.heads
        elif c.role == manager.name:
            found[c.period] -= span * c.heads
    return found


def _same_team(manager: Role, role: Role) -> bool:
    return not manager.team or manager.team == role.team


def _over_span(plan: CapacityPlan, before: Outlook) -> Iterator[Issue]:
    for manager in (r for r in plan.roles if r.manages):
        over = [n for n, by in enumerate(_managed(plan, before, manager)) if by > 0]
        if over:
            message = f"'{manager.name}' is over its span of {manager.span} in {len(over)} periods without any hire."
            hint = "Hire managers, or widen the span; hires of the plan do not make it worse."
            yield Issue("capacity_over_span", Level.warning, message, f"roles/{manager.name}", hint)


def _gap(plan: CapacityPlan, outlook: Outlook) -> Decimal:
    """What is missing, each period by itself or over all of them, as the plan closes it."""
    if plan.close is Close.total:
        return max(sum(plan.goals, Decimal(0)) - outlook.total, Decimal(0))
    return sum((max(g - outlook.capacity(n), Decimal(0)) for n, g in enumerate(plan.goals)), Decimal(0))


def _said(plan: CapacityPlan, after: Outlook, gap: Decimal) -> Iterator[Issue]:
    if gap <= Decimal("0.01"):
        return
    missing = [label for n, label in enumerate(plan.labels) if after.capacity(n) < plan.goals[n] - Decimal("0.01")]
    limits = "the hiring lag and ramp, recruiting rates, the budget or spans"
    message = f"No hiring closes the gap: {cents(gap)} are missing in {', '.join(missing)}."
    yield Issue("capacity_gap_left", Level.warning, message, "goal", f"Loosen {limits}, or lower the goal.")
