"""What must be said beside a number: how few rows it rests on, what is missing in it, how ripe it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from math import sqrt

from geartrain.kernel.measure.aggregate import Value, rounded
from geartrain.kernel.measure.metric import Metric
from geartrain.kernel.measure.scan import NO_RATE

MIN_N = 20
Z = 1.959963984540054  # two-sided 95 %


def wilson(successes: int, n: int) -> tuple[Decimal, Decimal] | None:
    """The 95 % interval of a share, which behaves with few rows; None without any.

    Example: 1 of 2 is 0.094529 to 0.905471.
    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    if not n:
        return None
    share, square = successes / n, Z * Z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = Z * sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return rounded(low, 6), rounded(high, 6)


def with_interval(value: Value) -> Value:
    """The share with its interval beside it where it rests on few rows."""
    above, below = value.detail.get("numerator"), value.detail.get("denominator")
    if not (isinstance(above, int) and isinstance(below, int)) or below >= MIN_N or not 0 <= above <= below:
        return value
    interval = wilson(above, below)
    return (
        value if interval is None else Value(value.value, value.n, {**value.detail, "interval": interval}, value.reason)
    )


def notes_of(metric: Metric, values: Sequence[Value], *, overlapping: bool, undated: bool) -> list[str]:
    """The sentences that belong under a metric's column."""
    found = list(_of_rows(values, overlapping=overlapping))
    if overlapping:
        found.append("A row counts for every manager above its owner: the rows overlap and do not sum to the total.")
    if undated:
        found.append(f"{metric.name} has no date of its own: the window asked for does not apply to it.")
    if metric.basis:
        found.append(f"Basis: {metric.basis}.")
    return found


def _of_rows(values: Sequence[Value], *, overlapping: bool) -> Iterable[str]:
    def total(name: str) -> int:
        counts = [int(v.detail.get(name) or 0) for v in values]
        return max(counts, default=0) if overlapping else sum(counts)

    if missing := total("n_null"):
        yield f"{missing} rows have no value and are left out of the amount, not counted as 0."
    if zero := total("n_zero"):
        yield f"{zero} rows have the value 0: they count, and add nothing."
    if negative := total("negative"):
        yield f"{negative} rows end before they start and are left out."
    if unconverted := total(NO_RATE):
        yield f"{unconverted} rows stand in a currency without a rate for their day and are left out of the amount."
    few = sum(1 for v in values if "interval" in v.detail)
    if few:
        yield f"{few} of {len(values)} rows rest on fewer than {MIN_N} records: read the interval, not the share."
    immature = [v.detail["maturity"] for v in values if v.detail.get("maturity") is not None]
    if immature and min(immature) < 1:
        yield f"Immature: of some cohorts only {min(immature):.0%} have had their time: the share can still rise."
    for reason in dict.fromkeys(v.reason for v in values if v.reason):
        yield f"Not defined where {reason}."
