"""The plan of the year as one chain: goal, capacity, territories, quotas, cost, CAC, each with its status and gap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from geartrain.kernel.errors import Forbidden, GeartrainError, NotFound
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.policy import Policy, PolicySet
from geartrain.planning.chain import CapacityLink, Figure, QuotaLink, capacity_link, quota_link
from geartrain.planning.company import Company
from geartrain.services.access import Actor, Permission, operator, require
from geartrain.services.answers import remembered
from geartrain.services.governance import list_policies
from geartrain.services.governance.reading import PUBLISHED
from geartrain.services.measures.metrics import query_metrics
from geartrain.services.planning.territories_workspace import try_moves
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import Facts, open_facts
from geartrain.services.records.sources import source_of
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace

GOOD, GAP, OPEN, UNAPPROVED = "closes", "gap", "missing", "not published"
Found = TypeVar("Found")


@dataclass(frozen=True)
class Link:
    """One link of the chain.

    Args:
        status: closes, gap (something is missing or unfair), missing (nothing is decided), not published.
        gap: What is missing, in the unit of `unit`; None where nothing can be said.
        policy: (kind, key, version) that decides it.
        says: How it stands, in a sentence; amounts are in the figures.
    """

    key: str
    title: str
    status: str
    gap: Decimal | None
    unit: str
    says: str
    policy: tuple[str, str, int] | None
    figures: tuple[Figure, ...]
    issues: tuple[Issue, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer; amounts as text."""
        kind, key, version = self.policy or ("", "", 0)
        return {
            "key": self.key,
            "title": self.title,
            "status": self.status,
            "gap": _text(self.gap),
            "unit": self.unit,
            "says": self.says,
            "policy": {"kind": kind, "key": key, "version": version} if self.policy else None,
            "figures": [
                {"key": f.key, "label": f.label, "unit": f.unit, "value": _text(f.value), "reason": f.reason}
                for f in self.figures
            ],
            "issues": [i.as_json() for i in self.issues],
        }


@dataclass(frozen=True)
class Chain:
    """The whole chain. `manifest` names the facts and the version of every policy it rests on."""

    period: str
    links: tuple[Link, ...]
    manifest: Mapping[str, Any]

    @property
    def closes(self) -> bool:
        """Whether every link does."""
        return all(link.status == GOOD for link in self.links)

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        links = [link.as_json() for link in self.links]
        return {"period": self.period, "closes": self.closes, "links": links, "manifest": dict(self.manifest)}


def get_plan(ws: Workspace, actor: Actor, *, capacity: str = "", quota: str = "", territory: str = "") -> Chain:
    """The chain under the policies in force.

    Args:
        capacity, quota, territory: Keys; without them the only one there is of each.
    Raises:
        Forbidden: the actor does not see the whole company. NotFound: a key that is named is not there.
    """
    require(actor, Permission.run_scenarios)
    if not actor.sees_everyone:
        raise Forbidden("The plan is of the whole company.", hint="The page Quotas shows those of your own people.")
    policies, day = current_policies(ws), last_day(ws, operator())
    asked = {"capacity_plan": capacity, "quota_policy": quota, "territory_policy": territory}
    held = {kind: _only(policies, kind, key) for kind, key in asked.items()}
    published = {(r.kind, r.key) for r in list_policies(ws, operator()) if r.source == PUBLISHED}
    with open_facts(ws, operator(), as_of=day) as facts:
        key = ("plan", str(ws.path), facts.id, day, policies.sha256, *(p and p.sha256 for p in held.values()))
        links, period = remembered(key, lambda: _links(ws, facts, policies, held, published))
        used = {kind: {"key": p.key, "version": p.version, "sha256": p.sha256} for kind, p in held.items() if p}
        return Chain(period, links, {"policies": used, "inputs": {"facts": facts.id}, "as_of": day.isoformat()})


def _only(policies: PolicySet, kind: str, key: str) -> Policy | None:
    """The policy named, else the only one; None where there is none or several."""
    if key:
        return policies.get(kind, key)
    known = policies.of(kind)
    return next(iter(known.values())) if len(known) == 1 else None


def _links(
    ws: Workspace, facts: Facts, policies: PolicySet, held: Mapping[str, Policy | None], published: set[tuple[str, str]]
) -> tuple[tuple[Link, ...], str]:
    company = Company(source_of(facts, policies), policies)
    capacity, quota, territory = (held[k] for k in ("capacity_plan", "quota_policy", "territory_policy"))
    carried, no_capacity = _tried(capacity, lambda p: capacity_link(p.spec, company))
    handed, no_quota = _tried(quota, lambda p: quota_link(p, company))
    links = [
        _goal(policies, published, carried, handed, no_capacity or no_quota),
        _capacity(capacity, carried, no_capacity),
        _territories(ws, territory),
        _quotas(quota, carried, handed, no_quota),
        _cost(capacity, carried, no_capacity),
        _cac(ws, capacity, carried, no_capacity),
    ]
    span = carried.capacity_plan.labels if carried else ()
    period = f"{span[0]} to {span[-1]}" if span else (quota.spec.period if quota else "")
    return tuple(_unless_published(link, published) for link in links), period


def _tried(policy: Policy | None, work: Callable[[Policy], Found]) -> tuple[Found | None, str]:
    """What comes of a policy, or why nothing does."""
    if policy is None:
        return None, ""
    try:
        return work(policy), ""
    except GeartrainError as error:
        return None, f"{error.message} {error.hint}".strip()


def _unless_published(link: Link, published: set[tuple[str, str]]) -> Link:
    if link.policy is None or link.policy[:2] in published or link.status == OPEN:
        return link
    from dataclasses import replace

    return replace(link, status=UNAPPROVED, says=f"{link.says} Nobody approved it yet.")


def _ref(policy: Policy | None) -> tuple[str, str, int] | None:
    return (policy.kind, policy.key, policy.version) if policy else None


def _picked(figures: Iterable[Figure], *keys: str) -> tuple[Figure, ...]:
    by = {f.key: f for f in figures}
    return tuple(by[k] for k in keys if k in by)


def _goal(
    policies: PolicySet,
    published: set[tuple[str, str]],
    carried: CapacityLink | None,
    handed: QuotaLink | None,
    why: str,
) -> Link:
    goals = policies.of("corporate_goals")
    stated = sum(carried.capacity_plan.goals, Decimal(0)) if carried else handed.target if handed else None
    if not stated:
        says = why or "No goal is stated for the period. Write it into corporate_goals."
        return Link("goal", "Goal", OPEN, None, "money", says, None, ())
    differs = handed is not None and carried is not None and handed.target != stated
    figures = (Figure("goal", "Goal", "money", "none", stated),)
    if handed is not None and differs:
        figures += (Figure("quota_target", "Goal of the quotas", "money", "none", handed.target),)
        says = "Capacity and quotas start from different goals or periods."
        return Link("goal", "Goal", GAP, stated - handed.target, "money", says, _ref(_first(goals)), figures)
    says = "Capacity and quotas start from it." if handed and carried else "Stated."
    return Link("goal", "Goal", GOOD, Decimal(0), "money", says, _ref(_first(goals)), figures)


def _first(policies: Mapping[str, Policy]) -> Policy | None:
    return policies.get("default") or next(iter(policies.values()), None)


def _capacity(policy: Policy | None, carried: CapacityLink | None, why: str) -> Link:
    if carried is None:
        says = why or "There is no capacity plan. Write a capacity_plan: heads, ramp, productivity, attrition."
        return Link("capacity", "Capacity", OPEN, None, "money", says, _ref(policy), ())
    keys = ("heads", "capacity", "capacity_ratio", "gap", "hires", "capacity_with_hires", "gap_left")
    figures = _picked(carried.figures(), *keys)
    left = carried.hiring.gap
    if left > 0:
        says = "Even with every hire that the limits allow, the goal is not carried."
    elif carried.hired:
        says = f"{carried.hired} hires close the gap; offers go out from {_offers(carried)} on."
    else:
        says = "The team carries the goal as it is."
    issues = tuple(i for i in carried.issues if i.level is not Level.info)
    status = GAP if left > 0 else GOOD
    return Link("capacity", "Capacity", status, left, "money", says, _ref(policy), figures, issues)


def _offers(carried: CapacityLink) -> str:
    return min(row["offers_by"] for row in carried.hiring.rows()).isoformat()


def _territories(ws: Workspace, policy: Policy | None) -> Link:
    title = "Territories"
    if policy is None:
        says = "Nothing says who looks after which accounts. Write a territory_policy."
        return Link("territories", title, OPEN, None, "count", says, None, ())
    told, why = _tried(policy, lambda p: try_moves(ws, operator(), policy=p.key, moves={})[1])
    if told is None:
        return Link("territories", title, OPEN, None, "count", why, _ref(policy), ())
    broken = told["violations"]
    sellers = {b["seller"] for b in told["balance"]}
    unfair = {v["seller"] for v in broken if not v["hard"] and v.get("seller")}
    hard = sum(1 for v in broken if v["hard"])
    figures = (
        Figure("accounts", "Accounts", "count", "none", Decimal(len(told["assignments"]))),
        Figure("territory_sellers", "Sellers", "count", "none", Decimal(len(sellers))),
        Figure("out_of_tolerance", "Sellers out of tolerance", "count", "down", Decimal(len(unfair))),
        Figure("rules_broken", "Hard rules broken", "count", "down", Decimal(hard)),
    )
    if hard:
        says = f"{hard} accounts are where the policy does not allow them."
    elif unfair:
        says = f"{len(unfair)} of {len(sellers)} books are out of tolerance; the page Territories suggests moves."
    else:
        says = "Every book is within tolerance."
    status = GAP if hard or unfair else GOOD
    return Link("territories", title, status, Decimal(len(unfair) + hard), "count", says, _ref(policy), figures)


def _quotas(policy: Policy | None, carried: CapacityLink | None, handed: QuotaLink | None, why: str) -> Link:
    if handed is None:
        says = why or "Nothing says how the goal becomes quotas. Write a quota_policy."
        return Link("quotas", "Quotas", OPEN, None, "money", says, _ref(policy), ())
    keys = ("sellers", "quota", "not_handed_out", "street", "over_assignment", "quota_per_seller", "attainment")
    figures = _picked(handed.figures(carried), *keys, "quota_to_ote")
    left = next(f.value for f in figures if f.key == "not_handed_out")
    says = "The goal is handed out to the cent." if not left else "Not all of the goal is handed out."
    issues = tuple(i for i in handed.sheet.issues if i.level is not Level.info)
    broken = any(i.level is Level.error for i in issues)
    return Link("quotas", "Quotas", GAP if left or broken else GOOD, left, "money", says, _ref(policy), figures, issues)


def _cost(policy: Policy | None, carried: CapacityLink | None, why: str) -> Link:
    if carried is None:
        return Link("cost", "Cost", OPEN, None, "money", why or "It follows from the capacity plan.", _ref(policy), ())
    goal = sum(carried.capacity_plan.goals, Decimal(0))
    share = (carried.cost / goal).quantize(Decimal("0.0001")) if goal else None
    figures = (
        *_picked(carried.figures(), "cost", "hire_cost"),
        Figure("cost_share", "Cost ÷ goal", "ratio", "down", share),
    )
    budget = carried.capacity_plan.budget
    if budget is None:
        return Link("cost", "Cost", GOOD, None, "money", "No budget is stated for hires.", _ref(policy), figures)
    figures += (Figure("budget", "Budget for hires", "money", "none", budget),)
    over = max(carried.hiring.cost - budget, Decimal(0))
    says = "The hires are within their budget." if not over else "The hires cost more than their budget."
    return Link("cost", "Cost", GAP if over else GOOD, over, "money", says, _ref(policy), figures)


def _cac(ws: Workspace, policy: Policy | None, carried: CapacityLink | None, why: str) -> Link:
    if carried is None:
        return Link("cac", "CAC", OPEN, None, "money", why or "It follows from the capacity plan.", _ref(policy), ())
    (planned,) = _picked(carried.figures(), "cac")
    if planned.value is None:
        return Link("cac", "CAC", OPEN, None, "money", planned.reason, _ref(policy), (planned,))
    customers = carried.hiring.after.totals()["customers"]
    brought = Figure("customers", "New customers", "count", "up", customers)
    figures = (planned, brought, *_measured(ws))
    says = "Cost of the quota-carrying team over the customers it brings; that of four quarters has marketing in it."
    return Link("cac", "CAC", GOOD, None, "money", says, _ref(policy), figures)


def _measured(ws: Workspace) -> Iterator[Figure]:
    """CAC as it was measured over the last whole fiscal year's quarters, sales and marketing."""
    from geartrain.kernel.periods import Grain, add_months

    end = ws.calendar.containing(last_day(ws, operator()), Grain.quarter).start
    try:
        answer = query_metrics(ws, operator(), keys=["cac"], since=add_months(end, -12), until=end)
    except (NotFound, GeartrainError):
        return
    value = answer.rows[0][0] if answer.rows else None
    if isinstance(value, Decimal):
        label = "CAC of four quarters"
        yield Figure("cac_measured", label, "money", "down", value.quantize(Decimal("0.01")))


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")
