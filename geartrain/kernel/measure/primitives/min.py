"""The least known value."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from geartrain.kernel.measure.aggregate import Aggregate, Expression


class Min(Aggregate):
    """The least known value."""

    agg: Literal["min"] = "min"
    of: Expression


PRIMITIVE = Min
