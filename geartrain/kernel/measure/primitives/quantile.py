"""The value below which a share q of the known values lies."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from geartrain.kernel.measure.aggregate import Aggregate, Expression


class Quantile(Aggregate):
    """The value below which a share q of the known values lies."""

    agg: Literal["quantile"] = "quantile"
    of: Expression
    q: float = Field(ge=0, le=1)


PRIMITIVE = Quantile
