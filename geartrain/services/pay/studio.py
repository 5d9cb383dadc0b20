"""The plan studio: a plan's text with its payout curve, and what it would have cost, before anybody is bound by it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from geartrain.incentives.curves import Drawn, drawn_curves
from geartrain.incentives.explain import Rendering, explain_plan
from geartrain.incentives.plan import CompPlan
from geartrain.kernel.errors import GeartrainError, Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.policy.policy import Policy
from geartrain.services.access import Actor, Permission, operator, require
from geartrain.services.governance import get_policy
from geartrain.services.pay.compare import Compared, Simulated, compare_plans, simulate_plan
from geartrain.services.pay.plans import KIND, check_plans, parse_plan
from geartrain.services.policies import current_policies
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace


@dataclass(frozen=True)
class Drafted:
    """A text as it is written: what is wrong in it, and what it says where it can be read."""

    issues: tuple[Issue, ...]
    rendering: Rendering | None
    before: Rendering | None
    curves: tuple[Drawn, ...] = ()
    curves_before: tuple[Drawn, ...] = ()

    @property
    def errors(self) -> int:
        """How much has to be mended."""
        return sum(i.level is Level.error for i in self.issues)


@dataclass(frozen=True)
class Studied:
    """A plan on a past period: beside the one in force, in money, and at other attainments of the company.

    Args:
        compared: None where no plan of the key is in force. To those who may not see pay it names nobody.
        simulated: Empty where nobody had credits and a quota to scale; `why` says so.
    """

    on: str
    currency: str
    compared: Compared | None
    payees: int
    gain: int
    lose: int
    simulated: tuple[Simulated, ...]
    why: str = ""


def list_plans(ws: Workspace, actor: Actor) -> list[tuple[str, str]]:
    """Key and name of the plans in force and of the drafts, by key."""
    require(actor, Permission.edit_policies)
    from geartrain.services.governance import list_policies

    return sorted((p.key, p.name) for p in list_policies(ws, actor, kind=KIND))


def plan_text(ws: Workspace, actor: Actor, *, key: str) -> tuple[str, str]:
    """The latest text of a plan, and the hash of the open draft it would replace (empty: there is none).

    Raises:
        NotFound: there is no such plan.
    """
    require(actor, Permission.edit_policies)
    now = get_policy(ws, actor, kind=KIND, key=key)
    last = now.versions[0].version if now.versions else None
    found = now if last is None else get_policy(ws, actor, kind=KIND, key=key, version=last)
    open_ = found.info is not None and found.info.published_at is None
    return found.body, found.sha256 if open_ else ""


def draft_plan(ws: Workspace, actor: Actor, *, text: str) -> Drafted:
    """Look at a text while it is written."""
    require(actor, Permission.edit_policies)
    issues = tuple(check_plans([("line", text)], ws=ws))
    policy, _ = parse_plan(text, "line")
    rendering = _explained(policy)
    held = current_policies(ws).of(KIND).get(policy.key) if policy else None
    return Drafted(issues, rendering, _explained(held), _curves(policy), _curves(held))


def study_plan(ws: Workspace, actor: Actor, *, text: str, on: str = "") -> Studied:
    """What a text would have paid in a past period; nothing is written.

    Args:
        on: A period; the year before the last day that the facts tell of where empty.

    Raises:
        Invalid: the text is no plan, or there is no such period.
    """
    require(actor, Permission.edit_policies)
    policy, issues = parse_plan(text, "line")
    if policy is None:
        raise Invalid(issues[0].message, hint=issues[0].hint)
    comp_plan: CompPlan = policy.envelope
    year = on or str(ws.calendar.year_of(last_day(ws, actor)) - 1)
    held = current_policies(ws).of(KIND).get(policy.key)
    old = held.envelope if held else comp_plan
    compared = compare_plans(ws, operator(), old=old, new=comp_plan, on=year)
    why, simulated = "", ()
    try:
        simulated = tuple(simulate_plan(ws, operator(), comp_plan=comp_plan, on=year))
    except GeartrainError as error:
        why = error.message
    gain, lose = (sum(s * r.change > 0 for r in compared.rows) for s in (1, -1))
    payees = len(compared.rows)
    shown = compared if actor.may(Permission.view_pay) else _nameless(compared)
    return Studied(year, comp_plan.currency, shown, payees, gain, lose, simulated, why)


def _nameless(compared: Compared) -> Compared:
    """The sums alone: whoever designs a plan need not see what anybody earns."""
    whole: dict[str, Any] = compared.as_json()
    from geartrain.services.pay.compare import Difference

    return replace(compared, rows=(Difference("everybody", Decimal(whole["old"]), Decimal(whole["new"])),), issues=())


def _curves(policy: Policy | None) -> tuple[Drawn, ...]:
    try:
        return tuple(drawn_curves(policy.envelope)) if policy else ()
    except (ArithmeticError, ValueError, LookupError, AssertionError, GeartrainError):
        return ()  # what keeps a text from being drawn is among its issues


def _explained(policy: Policy | None) -> Rendering | None:
    if policy is None:
        return None
    try:
        return explain_plan(policy.envelope)
    except (ArithmeticError, ValueError, GeartrainError):
        return None
