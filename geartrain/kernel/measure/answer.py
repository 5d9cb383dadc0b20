"""The answer to a question about metrics: rows, what each column is, and what a reader must know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from geartrain.kernel.issues import Issue
from geartrain.kernel.measure.aggregate import Number, Value


@dataclass(frozen=True)
class Answer:
    """Rows in the order of the dimensions, unknown values last.

    Args:
        columns: The dimensions, then the metric keys, as asked.
        rows: Values exact: money and ratios are Decimal, counts int, None where not defined.
        values: Beside each row, by metric key: the number with what it rests on.
        metrics: By key: version, sha256, unit, name, formula, at, dimensions, notes, ….
        as_of: The last day that was seen.
        facts: Hash of the facts.
        labels: By dimension that holds keys: key to name.
        issues: What is wrong with the data the answer rests on.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Number, ...], ...]
    values: tuple[Mapping[str, Value], ...]
    metrics: Mapping[str, Mapping[str, Any]]
    as_of: date
    facts: str
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    issues: Sequence[Issue] = ()

    @property
    def notes(self) -> list[str]:
        """Every note once, in the order of the metrics."""
        return list(dict.fromkeys(n for m in self.metrics.values() for n in m["notes"]))

    @property
    def detail(self) -> list[dict[str, dict[str, Any]]]:
        """Beside each row, by metric key: n, n_null, numerator, denominator, interval, maturity, reason where known."""
        return [{key: _detail(value) for key, value in row.items()} for row in self.values]

    def records(self) -> list[dict[str, Number]]:
        """The rows as mappings of column to value."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer. Whole numbers are written whole, others with 15 significant digits."""
        return {
            "columns": list(self.columns),
            "rows": [[plain(v) for v in row] for row in self.rows],
            "metrics": {key: plain(meta) for key, meta in self.metrics.items()},
            "as_of": self.as_of.isoformat(),
            "facts": self.facts,
        }


def _detail(value: Value) -> dict[str, Any]:
    found: dict[str, Any] = {"n": value.n, **value.detail}
    return found | {"reason": value.reason} if value.reason else found


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list | tuple) else value
