"""From the open pipeline at the start of a period to that at its end, movement by movement."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from geartrain.kernel.measure.aggregate import Aggregate, Expression


class Waterfall(Aggregate):
    """From the open pipeline at the start of a period to that at its end, movement by movement."""

    agg: Literal["waterfall"] = "waterfall"
    id: str = Field(description="column: what a deal is")
    of: Expression
    opened: str = Field(description="column: instant from which the state holds")
    closed: str = Field(description="column: instant from which it no longer does; unknown: still")
    created: str = Field(description="column: the beginning of the deal")
    open: Expression = Field(description="true while the deal is open")
    won: Expression = Field(description="true once it is won")
    due: str | None = Field(default=None, description="column: only what is due in the period; left out: all")
    due_within: Literal["period", "quarter", "year"] = "period"

    @property
    def alone(self) -> bool:
        """Its movements are rows of their own."""
        return True


PRIMITIVE = Waterfall
