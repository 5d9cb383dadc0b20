"""Plan assumptions: what a plan supposes of the market that the records do not say."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from geartrain.kernel.policy import Envelope, Kind, Strict
from geartrain.kernel.prose import Passage, percent
from geartrain.planning.parts import Expression


class Potential(Strict):
    """Accounts whose potential is supposed to be more or less than the records say."""

    when: Expression = Field(description="rule over an account, e.g. industry = 'Retail'")
    factor: Decimal = Field(ge=0, description="times its potential: 0.96 is 4 % lower")
    why: str = Field(default="", description="what makes one think so")


class PlanAssumptions(Strict):
    """The `spec` of a plan_assumptions policy. Shares of quota and the productivity of who owns the accounts follow."""

    potential: tuple[Potential, ...] = Field(default=(), description="the first that holds counts")

    def tell(self) -> list[Passage]:
        """Its parts for people."""
        rows = tuple((p.when, percent(p.factor - 1), p.why or "–") for p in self.potential)
        return [Passage("Potential", columns=("Accounts", "More or less", "Why"), rows=rows)] if rows else []


KIND = Kind(
    "plan_assumptions",
    Envelope[PlanAssumptions],
    "What a plan supposes of the market: potential more or less than the records say.",
)
