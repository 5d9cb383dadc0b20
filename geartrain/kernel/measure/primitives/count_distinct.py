"""The number of different known values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from geartrain.kernel.measure.aggregate import Aggregate, Expression, Part, Value, count_part, known_part


class CountDistinct(Aggregate):
    """The number of different known values; rows without one are counted beside it."""

    agg: Literal["count_distinct"] = "count_distinct"
    of: Expression

    def rules(self) -> tuple[str, ...]:
        """What is counted."""
        return (self.of,)

    def parts(self) -> Mapping[str, Part]:
        """Rows, known and different ones."""
        of = self.of
        distinct = Part(("distinct", of), lambda rows: rows.value(of).nunique(where=rows.condition))
        return {"n": count_part(), "known": known_part(of), "distinct": distinct}

    def finish(self, parts: Mapping[str, Any], *, scale: int) -> Value:
        """The count itself."""
        n, known = int(parts.get("n") or 0), int(parts.get("known") or 0)
        return Value(int(parts.get("distinct") or 0), n, {"n_null": n - known})


PRIMITIVE = CountDistinct
