"""Why a deal is credited to somebody, or the first rule that left it out, plan by plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from geartrain.services.access import Actor, operator
from geartrain.services.pay.inputs import why_not
from geartrain.services.pay.plans import KIND
from geartrain.services.pay.runs import may_see_pay
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import open_facts
from geartrain.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Why:
    """One measure of one plan: `reason` is the first rule that left the deal out, None where it is credited."""

    comp_plan: str
    measure: str
    reason: str | None

    def as_json(self) -> dict[str, Any]:
        """As the command and the API answer."""
        said = self.reason or "It is credited."
        return {"plan": self.comp_plan, "measure": self.measure, "credited": self.reason is None, "reason": said}


def explain_credit(ws: Workspace, actor: Actor, *, deal: str, payee: str) -> list[Why]:
    """What every plan in force makes of a deal for somebody, in order of plan and measure.

    Raises:
        NotFound: there is no such payee, or the actor may not see their pay.
    """
    may_see_pay(ws, actor, payee)
    plans = [p.envelope for _, p in sorted(current_policies(ws).of(KIND).items())]
    with open_facts(ws, operator()) as facts:
        return [Why(p.key, m, why_not(facts, p, m, deal=deal, payee=payee)) for p in plans for m in sorted(p.measures)]
