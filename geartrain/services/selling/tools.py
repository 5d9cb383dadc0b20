"""The technology register over the facts: use, cost, overlap, and what to decide next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from geartrain.facts.transforms import end_of
from geartrain.kernel.errors import Invalid, NotFound
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.policy import Policy
from geartrain.kernel.policy.policy import closest
from geartrain.process.sales_process import SalesProcess
from geartrain.process.technology import (
    Assessed,
    Overlap,
    Survey,
    TechnologyRegister,
    Use,
    anchoring,
    assess_tool,
    overlaps,
    to_review,
)
from geartrain.services.access import Actor, Permission, require
from geartrain.services.changes.backtests import read_draft
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import open_facts
from geartrain.services.selling.process import Asked, choose_process, named
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace

KIND = "technology_register"


@dataclass(frozen=True)
class Portfolio:
    """Every tool, what overlaps, what is not anchored in the process.

    Args:
        surveys: What users of a tool said when they were asked; opinion beside the telemetry, never averaged with it.
        active_share: Weekly active among all seats that are past their grace: what end users really adopted, beside any
            plan to automate more. None without a seat.
    """

    policy: Policy
    as_of: date
    tools: tuple[Assessed, ...]
    surveys: Mapping[str, Survey]
    overlaps: tuple[Overlap, ...]
    issues: tuple[Issue, ...]
    active_share: Decimal | None
    annual_cost: Decimal
    reclaimable: Decimal

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        return {
            "policy": named(self.policy),
            "as_of": self.as_of,
            "totals": {
                "annual_cost": self.annual_cost,
                "reclaimable": self.reclaimable,
                "end_user_adoption": self.active_share,
            },
            "tools": [t.as_json() for t in self.tools],
            "surveys": {name: s.model_dump() for name, s in self.surveys.items()},
            "overlaps": [{n: getattr(o, n) for n in o.__dataclass_fields__} for o in self.overlaps],
            "issues": [i.as_json() for i in self.issues],
        }


def choose_register(ws: Workspace, *, key: str = "", text: str | None = None, where: str = "draft") -> Policy:
    """The register asked for.

    Raises:
        NotFound: there is none.
        Invalid: a draft that is none, or several to choose from.
    """
    if text is not None:
        policy = read_draft(text, where=where)
        if policy.kind != KIND:
            raise Invalid(f"{where} is a {policy.kind.replace('_', ' ')}, not a technology register.")
        return policy
    policies = current_policies(ws)
    if key:
        return policies.get(KIND, key)
    known = policies.of(KIND)
    if not known:
        hint = "Write one: geartrain policy new technology_register default"
        raise NotFound("This workspace has no technology register.", hint=hint)
    if len(known) > 1 and "default" not in known:
        raise Invalid(f"There are several technology registers: {', '.join(known)}.", hint="Name one with --policy.")
    return known.get("default") or next(iter(known.values()))


def assess_tools(
    ws: Workspace, actor: Actor, *, policy: Policy, tool: str | None = None, as_of: date | None = None
) -> Portfolio:
    """Every tool of the register as of the end of a day, or one.

    Raises:
        NotFound: the register has no such tool.
    """
    require(actor, Permission.view_costs)
    register: TechnologyRegister = policy.spec
    picked = [t for t in register.tools if tool in (None, t.name)]
    if not picked and tool:
        near = closest(tool, [t.name for t in register.tools])
        raise NotFound(f"The register has no tool '{tool}'.", hint=f"Did you mean '{near}'?" if near else "")
    with open_facts(ws, actor, as_of=as_of or last_day(ws, actor)) as facts:
        at = end_of(facts.as_of, facts.calendar)
        by: dict[str, list[Use]] = defaultdict(list)
        # What a licence is used for is no secret of the seller: the register is about tools, so everyone's use counts.
        for r in facts.execute(facts.raw("tool_use")).to_pylist():
            by[r["tool"].strip().lower()].append(Use(r["user_id"], r["occurred_at"], r["feature"]))
        users = facts.execute(facts.raw("user")).to_pylist()
        picked = [t.seated(users) for t in picked]
        found = tuple(assess_tool(register, t, by[t.name.lower()], at=at) for t in picked)
        day = facts.as_of
    strange = sorted(set(by) - {t.name.lower() for t in register.tools})
    issues = [_unregistered(name, len(by[name]), register, policy.where) for name in strange if by[name]]
    process = _process(ws)
    issues += anchoring(register, process, policy.where) if process else []
    settled = sum(a.assigned - a.in_grace for a in found)
    active = sum((a.adoption or Decimal(0)) * (a.assigned - a.in_grace) for a in found)
    return Portfolio(
        policy,
        day,
        found,
        {t.name: t.survey for t in picked if t.survey},
        tuple(overlaps(picked)),
        tuple(issues),
        Decimal(active) / settled if settled else None,
        sum((a.annual_cost or Decimal(0) for a in found), Decimal(0)),
        sum((a.reclaimable or Decimal(0) for a in found), Decimal(0)),
    )


def list_reviews(
    ws: Workspace, actor: Actor, *, policy: Policy, text: str, where: str, process: str = ""
) -> dict[str, list[str]]:
    """Tools that a new version of the sales process calls for a look at, each with the changed steps it is bound to.

    Args:
        text, where: The new version's YAML, and what messages call it.
        process: Key of the process in force; empty: the one there is.
    """
    require(actor, Permission.view_records)
    after = choose_process(ws, Asked(text=text, where=where))
    before = choose_process(ws, Asked(policy=process or ""))
    return to_review(policy.spec, before.spec, after.spec)


def _process(ws: Workspace) -> SalesProcess | None:
    try:
        spec = choose_process(ws, Asked()).spec
    except (NotFound, Invalid):
        return None
    assert isinstance(spec, SalesProcess)
    return spec


def _unregistered(name: str, uses: int, register: TechnologyRegister, where: str) -> Issue:
    near = closest(name, [t.name for t in register.tools])
    hint = f"Did you mean '{near}'?" if near else "Add it to the register."
    return Issue(
        "tool_unregistered", Level.warning, f"'{name}' was used {uses:,} times and is not registered.", where, hint
    )
