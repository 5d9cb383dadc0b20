"""The exact sum of the known values over their number, rounded once."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from geartrain.kernel.measure.aggregate import Aggregate, Expression


class Mean(Aggregate):
    """The exact sum of the known values over their number, rounded once."""

    agg: Literal["mean"] = "mean"
    of: Expression


PRIMITIVE = Mean
