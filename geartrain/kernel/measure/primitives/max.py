"""The greatest known value."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from geartrain.kernel.measure.aggregate import Aggregate, Expression


class Max(Aggregate):
    """The greatest known value."""

    agg: Literal["max"] = "max"
    of: Expression


PRIMITIVE = Max
