"""Of those that entered in the period, the share that reached."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from geartrain.kernel.measure.aggregate import Aggregate, Expression


class CohortConversion(Aggregate):
    """Of those that entered in the period, the share that reached."""

    agg: Literal["cohort_conversion"] = "cohort_conversion"
    entered: str = Field(description="column: when a row joined its cohort")
    reached: Expression = Field(description="when it got there; unknown: it has not")
    within: int | None = Field(default=None, gt=0, description="days from entering that count; any where left out")
    matures: int | None = Field(default=None, gt=0, description="days after which a row is mature; else within")


PRIMITIVE = CohortConversion
