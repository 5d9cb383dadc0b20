"""A balance: the sum over the rows open at the end of the period."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from geartrain.kernel.measure.aggregate import Aggregate, Expression


class AsOfSum(Aggregate):
    """A balance: the sum over the rows open at the end of the period."""

    agg: Literal["as_of_sum"] = "as_of_sum"
    of: Expression | None = Field(default=None, description="left out: rows are counted")
    opened: str = Field(description="column: from when a row counts")
    closed: str | None = Field(default=None, description="column: from when it no longer does; unknown: still")
    due: str | None = Field(default=None, description="column: keep rows due within the period of the balance")


PRIMITIVE = AsOfSum
