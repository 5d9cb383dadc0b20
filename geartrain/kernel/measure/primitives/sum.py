"""The sum of the known values, exact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from geartrain.kernel.measure.aggregate import Aggregate, Expression, Part, Value, count_part, exact, known_part


def sum_part(of: str) -> Part:
    """The sum of the known values."""
    return Part(("sum", of), lambda rows: rows.value(of).sum(where=rows.condition))


def zero_part(of: str) -> Part:
    """How many known values are zero."""

    def zeros(rows: Any) -> Any:
        value = rows.value(of)
        return rows.frame.table.count(where=rows.also(value == 0))

    return Part(("zero", of), zeros)


class Sum(Aggregate):
    """The sum of the known values: 0 over no rows, unknown over rows of which none has a value."""

    agg: Literal["sum"] = "sum"
    of: Expression

    @property
    def additive(self) -> bool:
        """Parts sum to the whole."""
        return True

    def rules(self) -> tuple[str, ...]:
        """What is summed."""
        return (self.of,)

    def parts(self) -> Mapping[str, Part]:
        """The sum, and how many rows it has, knows and finds to be zero."""
        of = self.of
        return {"n": count_part(), "known": known_part(of), "sum": sum_part(of), "zero": zero_part(of)}

    def finish(self, parts: Mapping[str, Any], *, scale: int) -> Value:
        """The sum itself."""
        n, known = int(parts.get("n") or 0), int(parts.get("known") or 0)
        detail = {"n_null": n - known, "n_zero": int(parts.get("zero") or 0)}
        if n and not known:
            return Value(None, n, detail, f"none of the {n} rows has a value")
        return Value(exact(parts.get("sum")) if n else 0, n, detail)


PRIMITIVE = Sum
