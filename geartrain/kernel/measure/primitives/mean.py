"""The exact sum of the known values over their number, rounded once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from geartrain.kernel.measure.aggregate import Aggregate, Expression, Part, Value, count_part, divide, known_part
from geartrain.kernel.measure.primitives.sum import sum_part


class Mean(Aggregate):
    """The mean of the known values."""

    agg: Literal["mean"] = "mean"
    of: Expression

    def rules(self) -> tuple[str, ...]:
        """What is averaged."""
        return (self.of,)

    def parts(self) -> Mapping[str, Part]:
        """The sum, and how many rows it has and knows."""
        return {"n": count_part(), "known": known_part(self.of), "sum": sum_part(self.of)}

    def finish(self, parts: Mapping[str, Any], *, scale: int) -> Value:
        """Sum over known, half to even."""
        n, known = int(parts.get("n") or 0), int(parts.get("known") or 0)
        value = divide(parts.get("sum"), known, scale)
        return Value(value, n, {"n_null": n - known}, "" if known else "no row has a value")


PRIMITIVE = Mean
