"""The number of rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from geartrain.kernel.measure.aggregate import Aggregate, Part, Value, count_part


class Count(Aggregate):
    """The number of rows; 0 where there is none."""

    agg: Literal["count"] = "count"

    @property
    def additive(self) -> bool:
        """Parts sum to the whole."""
        return True

    def parts(self) -> Mapping[str, Part]:
        """The count."""
        return {"n": count_part()}

    def finish(self, parts: Mapping[str, Any], *, scale: int) -> Value:
        """The count itself."""
        n = int(parts.get("n") or 0)
        return Value(n, n)


PRIMITIVE = Count
