"""Plans for tests: a short text each, with what a test wants different."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

from geartrain.incentives.plan import CompPlan
from geartrain.services.pay.plans import read_plan

SPEC = (Path(__file__).parent / "ae_enterprise.yaml").read_text()
ORACLE = "[[0, 1000, 0.01], [1000, 3000, 0.02], [3000, 8000, 0.03], [8000, 20000, 0.05]]"
TWO = "[[0, 300000, 0.10], [300000, null, 0.15]]"


def plan_text(
    rates: str = TWO,
    *,
    kind: str = "marginal",
    basis: str = "amount",
    boundary: str = "lower_inclusive",
    window: str = "year_to_date",
    component: str = "",
    rest: str = "",
    target: str = "",
    currency: str = "USD",
) -> str:
    """A plan of one component, `bookings`; `component` and `rest` are more YAML of it and of the plan."""
    return f"""kind: comp_plan
key: a-plan
name: A plan
effective: [2026-01-01, 2027-01-01]
currency: {currency}
eligible: {{role: [ae]}}
{f"target_incentive: {target}" if target else ""}
measures:
  bookings: {{from: opportunity, where: "is_won", amount: amount, date: closed_at, credit: direct}}
components:
  - key: bookings
    weight: 1
    measure: bookings
    window: {window}
    tiers: {{kind: {kind}, basis: {basis}, boundary: {boundary}}}
    {f"rates: {rates}" if rates else ""}
{indent(component, "    ")}
{rest}
"""


def plan(*args: str, **kwargs: str) -> CompPlan:
    """The plan of a `plan_text`."""
    return read_plan(plan_text(*args, **kwargs), "plan.yaml")
