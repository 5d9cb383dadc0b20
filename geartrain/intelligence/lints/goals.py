"""Corporate goals: the parts of a goal add up to it, period by period."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from geartrain.intelligence.goals import CorporateGoal, Goals
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.policy import PolicySet, read_document

CALENDAR = FiscalCalendar()  # only whether one period lies in another matters, and that is the same in all


def lint(policies: PolicySet) -> Iterator[Issue]:
    """`goals_do_not_add_up`: the parts come to another value in a period; `goal_parts_differ`: on another metric."""
    for policy in policies.of("corporate_goals").values():
        if not isinstance(policy.spec, Goals):
            continue
        document, _ = read_document(policy.body, policy.where)
        for n, goal in enumerate(policy.spec.goals):
            at = f"{policy.where}:{document.line(['spec', 'goals', n]) if document else 1}"
            for code, message, hint in _parts(policy.spec, goal):
                yield Issue(code, Level.warning, message, at, hint)


def _parts(spec: Goals, goal: CorporateGoal) -> Iterator[tuple[str, str, str]]:
    parts = [g for g in spec.goals if g.parent == goal.key]
    for part in parts:
        if part.metric != goal.metric:
            message = (
                f"'{part.key}' is read on {part.metric}, and '{goal.key}', which it is a part of, on {goal.metric}."
            )
            yield "goal_parts_differ", message, "Read both on one metric."
    found = [value for part in parts for value in part.by_period(CALENDAR)]
    for key, whole in zip(goal.values, goal.by_period(CALENDAR), strict=True):
        inside = [v.amount for v in found if whole.start <= v.start and v.end <= whole.end]
        total = sum(inside, Decimal(0))
        if parts and total != whole.amount:
            message = f"The parts of '{goal.key}' come to {total:,f} in {key}, and it wants {whole.amount:,f}."
            yield "goals_do_not_add_up", message, "Correct a part, or the goal."


LINT = lint
