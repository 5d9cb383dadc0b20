"""The year's plan under the policies of a scenario: heads, capacity, hires, quotas, pay, cost, CAC."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from geartrain.kernel.errors import GeartrainError
from geartrain.kernel.policy import Policy
from geartrain.kernel.policy.scenario import Engine, Inputs, Number, Part
from geartrain.planning.chain import CapacityLink, Figure, capacity_link, quota_link
from geartrain.planning.company import Company

KINDS = ("capacity_plan", "quota_policy", "corporate_goals", "plan_assumptions", "role_charter")
HIDDEN = "A plan takes everybody's records, and some are not for you to see."


def parts(inputs: Inputs) -> dict[str, Part]:
    """One for each capacity plan and quota policy; each reads the goals, assumptions and charters, and two metrics."""
    policies = inputs.ground.policies
    beside = [p for kind in KINDS[2:] for p in policies.of(kind).values()]
    metrics = [p for key, p in policies.of("metric").items() if key in ("bookings", "open_pipeline")]
    plans = list(policies.of("capacity_plan").values())
    shared = [*beside, *metrics]
    found = {f"capacity/{p.key}": Part((p, *shared)) for p in plans}
    return found | {f"quota/{p.key}": Part((p, *plans, *shared)) for p in policies.of("quota_policy").values()}


def run(inputs: Inputs, wanted: Sequence[str]) -> Mapping[str, Sequence[Number]]:
    """The numbers of each; where a plan cannot be worked out, none, and a company is not planned from a part of it."""
    policies = inputs.ground.policies
    company = Company(inputs.ground.source, policies)
    plans = policies.of("capacity_plan")
    known: dict[str, CapacityLink] = {}

    def capacity(key: str) -> CapacityLink:
        if key not in known:
            known[key] = capacity_link(plans[key].spec, company)
        return known[key]

    def beside() -> CapacityLink | None:
        return capacity(next(iter(plans))) if len(plans) == 1 else None

    def figures(policy: Policy) -> Iterable[Figure]:
        if policy.kind == "capacity_plan":
            return capacity(policy.key).figures()
        return quota_link(policy, company).figures(beside())

    found: dict[str, Sequence[Number]] = {}
    for name in wanted:
        part, _, key = name.partition("/")
        kind = "capacity_plan" if part == "capacity" else "quota_policy"
        many = len(policies.of(kind)) > 1
        found[name] = _numbers(policies.get(kind, key), company, figures, many=many)
    return found


def _numbers(
    policy: Policy, company: Company, work: Callable[[Policy], Iterable[Figure]], *, many: bool
) -> list[Number]:
    """Figures as numbers; one without a value says why there are none."""
    at, said = (f"plan/{policy.key}/", f" ({policy.key})") if many else ("plan/", "")
    if not company.whole:
        return [Number(f"{at}{policy.kind}", f"{policy.name}{said}", "money", "none", None, HIDDEN)]
    try:
        found = list(work(policy))
    except GeartrainError as error:
        return [Number(f"{at}{policy.kind}", f"{policy.name}{said}", "money", "none", None, error.message)]
    return [Number(f"{at}{f.key}", f"{f.label}{said}", f.unit, f.direction, f.value, f.reason) for f in found]


ENGINE = Engine(
    name="plan",
    title="The year's plan",
    policies=(*((kind, "*") for kind in KINDS), ("metric", "bookings"), ("metric", "open_pipeline")),
    parts=parts,
    run=run,
    records=("user", "account", "opportunity"),
)
