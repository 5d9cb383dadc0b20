"""The median duration where some are still running (Kaplan-Meier)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from geartrain.kernel.measure.aggregate import Aggregate, Expression


class KmMedian(Aggregate):
    """The median duration where some are still running (Kaplan-Meier)."""

    agg: Literal["km_median"] = "km_median"
    start: Expression = Field(description="instant or day it began")
    end: Expression = Field(description="instant or day it ended; unknown: still running")
    q: float = Field(default=0.5, gt=0, lt=1)


PRIMITIVE = KmMedian
