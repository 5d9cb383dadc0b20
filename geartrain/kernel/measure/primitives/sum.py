"""The sum of the known values, exact."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from geartrain.kernel.measure.aggregate import Aggregate, Expression


class Sum(Aggregate):
    """The sum of the known values, exact."""

    agg: Literal["sum"] = "sum"
    of: Expression


PRIMITIVE = Sum
