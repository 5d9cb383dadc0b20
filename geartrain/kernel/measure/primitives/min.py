"""The least known value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from geartrain.kernel.measure.aggregate import Aggregate, Expression, Part, Value, count_part, exact


class Min(Aggregate):
    """The least known value: a number, a day or an instant."""

    agg: Literal["min"] = "min"
    of: Expression

    def rules(self) -> tuple[str, ...]:
        """What is compared."""
        return (self.of,)

    def parts(self) -> Mapping[str, Part]:
        """Rows and the least value."""
        of = self.of
        return {"n": count_part(), "value": Part(("min", of), lambda rows: rows.value(of).min(where=rows.condition))}

    def finish(self, parts: Mapping[str, Any], *, scale: int) -> Value:
        """The value itself."""
        value = exact(parts.get("value"))
        return Value(value, int(parts.get("n") or 0), {}, "" if value is not None else "no row has a value")


PRIMITIVE = Min
