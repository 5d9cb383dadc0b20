"""How accounts are handed to sellers: the `spec` of a territory_policy."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from geartrain.kernel.errors import Invalid
from geartrain.kernel.policy import Strict
from geartrain.planning.territories.expressions import PairRule

Positive = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _readable(text: str) -> str:
    if text:
        try:
            PairRule(text)
        except Invalid as error:
            raise ValueError(f"'{text}' cannot be read: {error.message} {error.hint}".rstrip()) from None
    return text


Expression = Annotated[str, AfterValidator(_readable)]


class Balance(Strict):
    """One measure that every seller gets a fair share of.

    Seller j's target is Σ measure × targetⱼ / Σ target; the index is load over target, in tolerance iff
    |index − 1| <= tolerance. Defaults: 0.15 for planning; 0.10 is tight.
    """

    measure: str = Field(min_length=1, description="a column of the accounts, or an expression over them")
    target: Expression = Field(default="1", description='an expression over the seller, e.g. "seller.ramp"')
    tolerance: float = Field(default=0.15, ge=0, allow_inf_nan=False)


class Limits(Strict):
    """How many accounts a seller may have, both ends included."""

    accounts_per_seller: tuple[int, int] | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Limits:
        pair = self.accounts_per_seller
        if pair and not 0 <= pair[0] <= pair[1]:
            raise ValueError(f"accounts_per_seller [{pair[0]}, {pair[1]}] is not a range of counts")
        return self


class Aim(StrEnum):
    """What a term of the objective counts."""

    travel = "travel"
    disruption = "disruption"
    mismatch = "mismatch"


class Term(Strict):
    """One part of the objective, times its weight, summed over accounts.

    travel: great-circle km × visits / 100. disruption: `moved_account` for every account whose owner changes and
    `moved_revenue_per_1000` × current_revenue / 1000. mismatch: the value of `expr` over account and seller.
    """

    minimise: Aim
    weight: Positive = 1
    moved_account: Positive = 1
    moved_revenue_per_1000: Positive = 0
    expr: Expression = ""

    @model_validator(mode="after")
    def _whole(self) -> Term:
        if self.minimise is Aim.mismatch and not self.expr:
            raise ValueError("mismatch needs an `expr`, such as case when … then 0 else 1 end")
        if self.minimise is not Aim.mismatch and self.expr:
            raise ValueError(f"an `expr` belongs to mismatch, not to {self.minimise}")
        return self


class TerritoryPolicy(Strict):
    """The `spec` of a territory_policy."""

    units: Literal["account", "geography"] = "account"
    geography: str = Field(default="postal_code", description="with units: geography, the column that is kept whole")
    adjacency: tuple[tuple[str, str], ...] = Field(
        default=(), description="with units: geography, pairs of places that touch; territories are kept in one piece"
    )
    sellers: Expression = Field(default="", description="who takes part, e.g. \"seller.role = 'ae'\"; empty: all")
    eligible: Expression = Field(default="", description="who may have an account; empty: everyone")
    keep_together: str = Field(default="", description="a column: accounts that share its value stay together")
    lock: Expression = Field(default="", description="what stays with its owner")
    balance: tuple[Balance, ...] = ()
    limits: Limits = Limits()
    objective: tuple[Term, ...] = ()

    @model_validator(mode="after")
    def _places_only(self) -> TerritoryPolicy:
        if self.adjacency and self.units != "geography":
            raise ValueError("`adjacency` says which places touch: it needs `units: geography`")
        return self

    @model_validator(mode="after")
    def _each_measure_once(self) -> TerritoryPolicy:
        names = [b.measure for b in self.balance]
        if twice := next((n for n in names if names.count(n) > 1), None):
            raise ValueError(f"the measure '{twice}' is balanced twice")
        return self
