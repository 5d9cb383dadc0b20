"""The value below which a share q of the known values lies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from geartrain.kernel.measure.aggregate import (
    Aggregate,
    Expression,
    Part,
    Value,
    count_part,
    exact,
    known_part,
    rounded,
)


def quantile_parts(of: str, q: float) -> Mapping[str, Part]:
    """Rows, known ones and the quantile, linear between neighbours.

    Computed in binary floating point (15 digits), as all engines can: a statistic, never an amount that is paid.
    """
    value = Part(("quantile", of, q), lambda rows: rows.value(of).cast("float64").quantile(q, where=rows.condition))
    return {"n": count_part(), "known": known_part(of), "value": value}


def finish_quantile(parts: Mapping[str, Any], scale: int) -> Value:
    """The quantile rounded to the scale."""
    n, known = int(parts.get("n") or 0), int(parts.get("known") or 0)
    value = exact(parts.get("value")) if known else None
    shown = None if value is None else rounded(value, scale)
    return Value(shown, n, {"n_null": n - known}, "" if known else "no row has a value")


class Quantile(Aggregate):
    """The value below which a share q of the known values lies, linear between neighbours."""

    agg: Literal["quantile"] = "quantile"
    of: Expression
    q: float = Field(ge=0, le=1)

    def rules(self) -> tuple[str, ...]:
        """What is ranked."""
        return (self.of,)

    def parts(self) -> Mapping[str, Part]:
        """Rows, known ones and the quantile."""
        return quantile_parts(self.of, self.q)

    def finish(self, parts: Mapping[str, Any], *, scale: int) -> Value:
        """The quantile rounded to the scale."""
        return finish_quantile(parts, scale)


PRIMITIVE = Quantile
