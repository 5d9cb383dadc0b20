"""The middle of the known values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from geartrain.kernel.measure.aggregate import Aggregate, Expression, Part, Value
from geartrain.kernel.measure.primitives.quantile import finish_quantile, quantile_parts


class Median(Aggregate):
    """The middle of the known values, the middle two halved."""

    agg: Literal["median"] = "median"
    of: Expression

    def rules(self) -> tuple[str, ...]:
        """What is ranked."""
        return (self.of,)

    def parts(self) -> Mapping[str, Part]:
        """Rows, known ones and the quantile at a half."""
        return quantile_parts(self.of, 0.5)

    def finish(self, parts: Mapping[str, Any], *, scale: int) -> Value:
        """The median rounded to the scale."""
        return finish_quantile(parts, scale)


PRIMITIVE = Median
