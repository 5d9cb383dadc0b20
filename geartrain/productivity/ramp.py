"""What share of a ramped seller's capacity is expected at a tenure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pydantic import Field, field_validator

from geartrain.kernel.policy import Strict

Curve = tuple[Decimal, ...]


class RampCurves(Strict):
    """The `spec` of a relative_productivity policy: shares of the first, second, … month; after the last it is 1."""

    default: Curve = Field(default=(), description="of roles that are not listed; empty: ramped from the first day")
    roles: dict[str, Curve] = {}

    @field_validator("default")
    @classmethod
    def _shares(cls, given: Curve) -> Curve:
        return _checked("default", given)

    @field_validator("roles")
    @classmethod
    def _shares_of_roles(cls, given: dict[str, Curve]) -> dict[str, Curve]:
        return {role: _checked(role, curve) for role, curve in given.items()}

    def share(self, role: str, start: date | None, on: date) -> Decimal:
        """The share on a day; 1 where nobody knows when they started.

        Example: 0.25, 0.5 and start on 15 January: 0.5 on 20 February, 1 on 20 March.
        """
        curve = self.roles.get(role, self.default)
        if start is None or on < start:
            return Decimal(1)
        months = (on.year - start.year) * 12 + on.month - start.month - (on.day < start.day)
        return curve[months] if months < len(curve) else Decimal(1)


def _checked(role: str, curve: Curve) -> Curve:
    if any(not 0 <= s <= 1 for s in curve):
        raise ValueError(f"the shares of {role} lie between 0 and 1")
    return curve
