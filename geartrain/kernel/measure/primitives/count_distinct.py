"""The number of different known values."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from geartrain.kernel.measure.aggregate import Aggregate, Expression


class CountDistinct(Aggregate):
    """The number of different known values."""

    agg: Literal["count_distinct"] = "count_distinct"
    of: Expression


PRIMITIVE = CountDistinct
