"""One thing that people ask of a sheet of quotas."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pydantic import Field, field_validator, model_validator

from geartrain.kernel.policy import Strict

VERBS = ("pin", "transfer", "redistribute", "concentrate", "resplit", "fit", "freeze")


class Edit(Strict):
    """One thing asked: exactly one of pin, transfer, redistribute, concentrate, resplit, fit, freeze.

    `cell` chooses the cells, e.g. {product: legacy}; all of them where it is empty. An amount over several cells is
    spread over them as the quota was.
    """

    pin: str = Field(default="", description="node whose `base` or `hedged` is set")
    base: Decimal | None = None
    hedged: Decimal | None = None
    transfer: Decimal | None = Field(default=None, description="base amount that goes `from` one node `to` another")
    giver: str = Field(default="", alias="from")
    to: str = ""
    redistribute: str = Field(default="", description="node whose quota, or `amount` of it, goes to its siblings")
    concentrate: str = Field(default="", description="node that takes its siblings' quota, or `amount` of it")
    amount: Decimal | None = Field(default=None, gt=0)
    resplit: str = Field(default="", description="node whose children are split by `measure` alone")
    measure: str = ""
    fit: str = Field(default="", description="node whose children reach `totals` over all cells, the cells' sums kept")
    totals: dict[str, Decimal] = {}
    freeze: str = Field(default="", description="node that stays as the policy gave it")
    cell: dict[str, str] = {}
    note: str = ""

    @field_validator("cell", mode="before")
    @classmethod
    def _texts(cls, value: object) -> object:
        return {str(k): str(v) for k, v in value.items()} if isinstance(value, Mapping) else value

    @model_validator(mode="after")
    def _complete(self) -> Edit:
        asked = [v for v in VERBS if getattr(self, v) not in ("", None)]
        if len(asked) != 1:
            raise ValueError(f"an edit asks one thing of {', '.join(VERBS)}")
        needs = {
            "pin": (self.base is None) != (self.hedged is None),
            "transfer": bool(self.giver and self.to and self.giver != self.to and self.transfer and self.transfer > 0),
            "resplit": bool(self.measure),
            "fit": bool(self.totals) and not self.cell,
        }
        said = {
            "pin": "a pin has base or hedged",
            "transfer": "a transfer is above 0 and has from and to, two different nodes",
            "resplit": "a resplit has a measure",
            "fit": "a fit has totals by node, and is over all cells",
        }
        if not needs.get(asked[0], True):
            raise ValueError(said[asked[0]])
        return self

    @property
    def verb(self) -> str:
        """What it asks."""
        return next(v for v in VERBS if getattr(self, v) not in ("", None))

    def __str__(self) -> str:
        """In a line."""
        cell = f" in {', '.join(f'{k} {v}' for k, v in self.cell.items())}" if self.cell else ""
        amount = f" {self.amount}" if self.amount is not None else ""
        told = {
            "pin": f"pin {self.pin} at {'base' if self.base is not None else 'hedged'} "
            f"{self.base if self.base is not None else self.hedged}",
            "transfer": f"transfer {self.transfer} from {self.giver} to {self.to}",
            "redistribute": f"redistribute{amount} of {self.redistribute}",
            "concentrate": f"concentrate{amount} on {self.concentrate}",
            "resplit": f"re-split {self.resplit} by {self.measure}",
            "fit": f"fit {self.fit} to {', '.join(f'{k} {v}' for k, v in self.totals.items())}",
            "freeze": f"freeze {self.freeze}",
        }
        return told[self.verb] + cell
