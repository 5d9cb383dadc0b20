"""Compensation plans: checked, explained, priced on given inputs, compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from geartrain.incentives.explain import Rendering, explain_plan
from geartrain.incentives.lints import Doubt, lint_plan, located, overlaps
from geartrain.incentives.plan import CompPlan
from geartrain.incentives.quoting import Quote, quote
from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.periods import Calendar, FiscalCalendar
from geartrain.kernel.policy import Policy, read_policy
from geartrain.services.policies import current_policies, policy_kinds
from geartrain.services.workspace import Workspace

KIND = "comp_plan"


def parse_plan(text: str, where: str) -> tuple[Policy | None, list[Issue]]:
    """The plan of a text, None where it is none, and everything that keeps it from being one."""
    policy, issues = read_policy(text, where, policy_kinds())
    if policy is not None and policy.kind != KIND:
        message = f"This is a {policy.kind.replace('_', ' ')}, not a comp plan."
        return None, [Issue("plan_kind", Level.error, message, f"{where}:1", "Write kind: comp_plan.")]
    return policy, issues


def read_plan(text: str, where: str) -> CompPlan:
    """The plan of a text.

    Raises:
        Invalid: the first thing that keeps it from being one, with its line.
    """
    policy, issues = parse_plan(text, where)
    if policy is None:
        more = f" ({len(issues) - 1} more: geartrain pay plan check {where})" if len(issues) > 1 else ""
        raise Invalid(f"{issues[0].where}: {issues[0].message}{more}", hint=issues[0].hint)
    comp_plan: CompPlan = policy.envelope
    return comp_plan


def check_plans(texts: Sequence[tuple[str, str]], *, ws: Workspace | None = None) -> list[Issue]:
    """Everything wrong or doubtful in some plans: their shape, their looks, their tests, and who falls under two.

    Args:
        texts: File and text of each.
        ws: Where there is one, its other plans are held against them.
    """
    issues: list[Issue] = []
    policies: list[Policy] = []
    for where, text in texts:
        policy, wrong = parse_plan(text, where)
        issues += wrong
        if policy is not None:
            issues += lint_plan(policy)
            policies.append(policy)
    others = current_policies(ws).of(KIND).values() if ws else ()
    keys = {p.key for p in policies}
    every = [*policies, *(p for p in others if p.key not in keys)]
    for a, b in overlaps([(p.where, p.envelope) for p in every]):
        policy = next(p for p in every if p.where == b)
        if not {a, b} & {p.where for p in policies}:
            continue
        message = f"Somebody can be eligible for this plan and for that of {a} on one day."
        hint = "Make `eligible` or `effective` of the two exclude each other."
        issues += located(policy, [Doubt("plan_eligibility_overlap", Level.error, message, ("eligible",), hint)])
    return issues


def quote_plan(text: str, where: str, given: Mapping[str, Any], *, ws: Workspace | None = None) -> Quote:
    """Price given inputs under a plan.

    Raises:
        Invalid: the plan or the inputs are not well formed.
    """
    return quote(read_plan(text, where), given, calendar_of(ws))


def explain_plan_text(text: str, where: str) -> Rendering:
    """A plan in plain words.

    Raises:
        Invalid: it is not well formed.
    """
    return explain_plan(read_plan(text, where))


def calendar_of(ws: Workspace | None) -> Calendar:
    """The workspace's calendar; calendar years where there is none."""
    return ws.calendar if ws else FiscalCalendar()
