"""What of each corporate goal is reached in the window: the metric it is read on over what is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from geartrain.facts.transforms import Goal
from geartrain.facts.views.plan_month import spread
from geartrain.intelligence.goals import CorporateGoal
from geartrain.kernel.measure import Metric
from geartrain.kernel.measure.aggregate import divide
from geartrain.kernel.policy.scenario import Engine, Inputs, Number, Part

SCALE = 9


def parts(inputs: Inputs) -> dict[str, Part]:
    """One for each goal that states values: it reads the goals, the metric and its number."""
    policy = inputs.ground.policies.get("corporate_goals", "default")
    metrics = inputs.ground.policies.of("metric")
    return {
        goal.key: Part(tuple(p for p in (policy, metrics.get(goal.metric)) if p), (f"metrics/{goal.metric}",))
        for goal in policy.spec.goals
        if goal.values
    }


def run(inputs: Inputs, wanted: Sequence[str]) -> Mapping[str, Sequence[Number]]:
    """What is wanted, and the share of it that is there."""
    goals = {goal.key: goal for goal in inputs.ground.policies.get("corporate_goals", "default").spec.goals}
    return {key: _numbers(inputs, goals[key]) for key in wanted}


def _numbers(inputs: Inputs, goal: CorporateGoal) -> list[Number]:
    policy = inputs.ground.policies.of("metric").get(goal.metric)
    there = inputs.numbers.get(f"metrics/{goal.metric}")
    if policy is None or there is None:
        said = f"There is no metric '{goal.metric}'."
        return [Number(f"goals/{goal.key}", f"{goal.name}: reached", "ratio", "up", None, said)]
    target = _target(inputs, goal, adds=_adds(policy.envelope))
    reached = divide(there.value, target, SCALE)
    why = "" if reached is not None else there.reason or "Nothing is wanted in this window."
    wanted = Number(
        f"goals/{goal.key}/wanted", f"{goal.name}: wanted", there.unit, "none", target, "" if target else why
    )
    return [Number(f"goals/{goal.key}", f"{goal.name}: reached", "ratio", there.direction, reached, why), wanted]


def _adds(metric: Metric) -> bool:
    """Whether the numbers of months add up to that of their quarter; not where it is a ratio, a balance or derived."""
    value = metric.spec.value
    return value is not None and value.additive and not value.basis


def _target(inputs: Inputs, goal: CorporateGoal, *, adds: bool) -> Decimal | None:
    """What is wanted in the window: the sum over its months, or for what does not add up the latest value stated."""
    ground = inputs.ground
    stated: list[Goal] = sorted(goal.by_period(ground.source.calendar), key=lambda g: (g.start, g.end))
    if adds:
        months = [row for one in stated for row in spread(one, ground.source.calendar)]
        within = [amount for _, _, month, amount in months if ground.since <= month < ground.until]
        return sum(within, Decimal(0)) if within else None
    held = [one.amount for one in stated if one.start < ground.until and one.end > ground.since]
    return held[-1] if held else None


ENGINE = Engine(
    name="goals",
    title="Corporate goals",
    policies=(("corporate_goals", "default"), ("metric", "*")),
    parts=parts,
    run=run,
    engines=("metrics",),
)
