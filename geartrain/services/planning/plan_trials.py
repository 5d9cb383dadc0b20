"""Changes tried on the plan of the year: drafts of its policies in a scenario, and from there to approval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from geartrain.kernel.errors import Forbidden, Invalid, NotFound
from geartrain.kernel.policy import Policy, PolicySet
from geartrain.kernel.policy.policy import closest
from geartrain.planning.capacity.policy import CapacityPlan, Role
from geartrain.planning.company import Company
from geartrain.services.access import Actor, Permission, operator, require
from geartrain.services.changes.scenarios import ScenarioInfo, create_scenario, get_scenario
from geartrain.services.governance import VersionInfo, propose_policy
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import open_facts
from geartrain.services.records.sources import source_of
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace

ASSUMED = """\
kind: plan_assumptions
key: default
name: Assumptions of the plan
owner: head-of-revops
definition: What the plan supposes of the market that the records do not say.
spec:
  potential: []
"""


@dataclass(frozen=True)
class Change:
    """What is to be tried.

    Args:
        hires: Name of a role of the capacity plan to so many more people.
        start: The first of the month in which they begin; the plan's first day where None.
        over: Over-assignment of sellers, 0.05 is 5 %; None leaves it.
        potential: (rule over an account, factor).
    """

    hires: Mapping[str, int]
    start: date | None = None
    over: Decimal | None = None
    potential: Sequence[tuple[str, Decimal]] = ()


def try_on_plan(
    ws: Workspace, actor: Actor, *, key: str, change: Change, name: str = "", description: str = ""
) -> ScenarioInfo:
    """A scenario with the drafts that a change of the plan is made of; nothing in force is touched.

    More people are hired in the capacity plan and carry a quota as seats of the quota policy; over-assignment is that
    of those who carry one; potential becomes an assumption that quotas and productivity follow.

    Raises:
        Invalid: nothing is changed, or a role is not of the plan. NotFound: there is no plan to change.
        Conflict: there is a scenario of that key.
    """
    require(actor, Permission.run_scenarios)
    if not actor.sees_everyone:
        raise Forbidden("The plan is of the whole company.", hint="Ask who sees all of it.")
    policies = current_policies(ws)
    held = _only(policies, "capacity_plan")
    drafts: list[tuple[str, str]] = []
    if change.hires:
        drafts.append(("capacity_plan.yaml", _changed(held, lambda spec: _hire(spec, held.spec, change))))
    if change.over is not None or change.hires:
        quota = _only(policies, "quota_policy")
        seats = _seats(ws, policies, held.spec, change)
        drafts.append(("quota_policy.yaml", _changed(quota, lambda spec: _assign(spec, change.over, seats))))
    if change.potential:
        supposed = policies.of("plan_assumptions").get("default")
        text = supposed.body if supposed else ASSUMED
        drafts.append(("plan_assumptions.yaml", _edited(text, lambda spec: _suppose(spec, change.potential))))
    if not drafts:
        hint = "Hire somebody, state an over-assignment, or suppose another potential."
        raise Invalid("There is nothing to try.", hint=hint)
    span = {"since": held.spec.start, "until": held.spec.first(held.spec.periods)}
    return create_scenario(ws, actor, key=key, name=name, description=description, drafts=drafts, **span)


def propose_scenario(ws: Workspace, actor: Actor, *, key: str) -> list[VersionInfo]:
    """Send every draft of a scenario to review; somebody else approves each.

    Raises:
        NotFound: there is no such scenario. Forbidden: the actor may not edit policies. Invalid: a draft has an error.
        Conflict: a version of one is under review.
    """
    require(actor, Permission.edit_policies)
    held, drafts = get_scenario(ws, actor, key=key)
    differing = [d for d in drafts if d.diff]
    if not differing:
        raise Invalid("No draft differs from what is in force.", hint="Change one of them first.")
    summary = f"Tried in the scenario {held.name}."
    return [propose_policy(ws, actor, text=d.policy.body, summary=summary, where=d.policy.where) for d in differing]


def read_change(
    *, hires: Sequence[str], start: date | None = None, over: str | None = None, potential: Sequence[str] = ()
) -> Change:
    """A change in words: `ROLE=COUNT`, `0.05`, `RULE=FACTOR` where the last equals sign parts the two.

    Raises:
        Invalid: one is not written so.
    """
    people: dict[str, int] = {}
    for words in hires:
        role, _, count = words.rpartition("=")
        if not role or not count.strip().isdecimal() or not int(count):
            raise Invalid(f"--hire {words} says nothing.", hint='Write --hire "account_executive East=2".')
        people[role.strip()] = people.get(role.strip(), 0) + int(count)
    supposed = []
    for words in potential:
        rule, _, factor = words.rpartition("=")
        value = _number(factor, f"--potential {words}", "Write --potential \"industry = 'Retail'=0.96\".")
        if not rule.strip():
            raise Invalid(f"--potential {words} has no rule.", hint="Say of which accounts.")
        supposed.append((rule.strip(), value))
    more = None if over is None else _number(over, f"--over-assignment {over}", "Write 0.05 for 5 %.")
    return Change(people, start, more, tuple(supposed))


def _number(text: str, what: str, hint: str) -> Decimal:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise Invalid(f"{what} has no number.", hint=hint) from None
    if not value.is_finite() or value < 0:
        raise Invalid(f"{what} is not 0 or more.", hint=hint)
    return value


def _only(policies: PolicySet, kind: str) -> Policy:
    known = policies.of(kind)
    if len(known) == 1:
        return next(iter(known.values()))
    what = kind.replace("_", " ")
    if not known:
        raise NotFound(f"There is no {what} to change.", hint=f"Publish a {kind} first.")
    if "default" in known:
        return known["default"]
    raise NotFound(f"There are {len(known)} of the kind {what}: {', '.join(known)}.", hint="Name one 'default'.")


def _role(capacity_plan: CapacityPlan, name: str) -> Role:
    found = {r.name: r for r in capacity_plan.roles}
    if name in found:
        return found[name]
    near = closest(name, found)
    hint = f"Did you mean '{near}'?" if near else f"One of: {', '.join(found)}."
    raise Invalid(f"There is no role '{name}' in the capacity plan.", hint=hint)


def _hire(spec: Any, capacity_plan: CapacityPlan, change: Change) -> None:
    try:
        label = capacity_plan.labels[capacity_plan.number((change.start or capacity_plan.start).isoformat())]
    except ValueError as error:
        raise Invalid(f"{error}.", hint="Name a day within the plan, or none.") from None
    for name, count in change.hires.items():
        role = _role(capacity_plan, name)
        at = next(n for n, r in enumerate(capacity_plan.roles) if r is role)
        into = spec["roles"][at]
        into["hires"] = [*(into.get("hires") or []), {"period": label, "count": count}]


def _seats(ws: Workspace, policies: PolicySet, capacity_plan: CapacityPlan, change: Change) -> list[dict[str, Any]]:
    """The hires as seats: below whoever leads most of those the role means."""
    if not change.hires:
        return []
    start, found = change.start or capacity_plan.start, []
    with open_facts(ws, operator(), as_of=last_day(ws, operator())) as facts:
        company = Company(source_of(facts, policies), policies)
        for name, count in change.hires.items():
            role = _role(capacity_plan, name)
            there = (
                [u for u in company.chosen(role.people) if u["is_active"] and u["manager_id"]] if role.people else []
            )
            if not there:
                continue
            manager = min(Counter(u["manager_id"] for u in there).items(), key=lambda pair: (-pair[1], pair[0]))[0]
            like = there[0]
            slug = name.lower().replace(" ", "-").replace("_", "-")
            for n in range(1, count + 1):
                seat = {"key": f"{slug}-new-{n}", "manager": manager, "start": start.isoformat()}
                about = {k: str(like[k]) for k in ("role", "segment", "region") if like[k]}
                found.append(seat | about)
    return found


def _assign(spec: Any, over: Decimal | None, seats: Sequence[dict[str, Any]]) -> None:
    if over is not None:
        spec["hedge"] = {"by_height": {0: str(1 + over)}}
    if seats:
        spec["seats"] = [*(spec.get("seats") or []), *seats]


def _suppose(spec: Any, potential: Sequence[tuple[str, Decimal]]) -> None:
    new = [{"when": rule, "factor": str(factor)} for rule, factor in potential]
    spec["potential"] = [*new, *(spec.get("potential") or [])]


def _changed(policy: Policy, change: Callable[[Any], None]) -> str:
    return _edited(policy.body, change)


def _edited(text: str, change: Callable[[Any], None]) -> str:
    """A policy's text with its spec changed; all else stays as it was written."""
    yaml = YAML()
    yaml.width, yaml.preserve_quotes = 120, True
    document = yaml.load(text)
    document.pop("version", None)
    change(document["spec"])
    out = StringIO()
    yaml.dump(document, out)
    return out.getvalue()
