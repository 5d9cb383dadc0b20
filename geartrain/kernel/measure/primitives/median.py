"""The middle of the known values."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from geartrain.kernel.measure.aggregate import Aggregate, Expression


class Median(Aggregate):
    """The middle of the known values."""

    agg: Literal["median"] = "median"
    of: Expression


PRIMITIVE = Median
