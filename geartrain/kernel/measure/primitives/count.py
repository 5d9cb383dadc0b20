"""The number of rows."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from geartrain.kernel.measure.aggregate import Aggregate, Expression


class Count(Aggregate):
    """The number of rows."""

    agg: Literal["count"] = "count"


PRIMITIVE = Count
