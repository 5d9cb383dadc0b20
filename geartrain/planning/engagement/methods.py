"""Assignment methods by their results: how evenly they hand out, how soon they are answered, how much they convert."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

ORDER = ("named", "territory", "round_robin", "inbound")
Z = 1.959964  # of a 95 % interval


@dataclass(frozen=True)
class Handed:
    """One record that a method handed to somebody. Instants are naive UTC; None where it has not happened."""

    record: str
    method: str
    owner: str | None
    assigned: datetime | None
    touched: datetime | None
    converted: bool
    weight: float = 1.0


def methods(rows: Iterable[Handed], *, within_hours: float) -> list[dict[str, Any]]:
    """One row a method, the four of the field first.

    Balance: coefficient of variation (population) of what each owner got, and the largest share of an even one.
    Response: median hours from assignment to first touch of what was touched, and the share of all that was touched in
    time. Conversion: of all, with its 95 % interval (Wilson). A ratio of nothing is None.

    Example: owners with 1 and 3 records: mean 2, variation 0.5, fullest 1.5.
    """
    groups: dict[str, list[Handed]] = {}
    for row in rows:
        groups.setdefault(row.method, []).append(row)
    names = sorted(groups, key=lambda m: (ORDER.index(m) if m in ORDER else len(ORDER), m))
    return [{"method": name, **_told(groups[name], within_hours)} for name in names]


def _told(rows: list[Handed], within: float) -> dict[str, Any]:
    loads: dict[str, float] = {}
    for row in rows:
        if row.owner:
            loads[row.owner] = loads.get(row.owner, 0.0) + row.weight
    waits = [(r.touched - r.assigned).total_seconds() / 3600 for r in rows if r.touched and r.assigned]
    dated = sum(r.assigned is not None for r in rows)
    converted = sum(r.converted for r in rows)
    low, high = wilson(converted, len(rows))
    return {
        "records": len(rows),
        "owners": len(loads),
        "unowned": sum(not r.owner for r in rows),
        **_balance(list(loads.values())),
        "touched": len(waits),
        "median_hours": None if not waits else round(median(waits), 4),
        "in_time_share": _ratio(sum(w <= within for w in waits), dated),
        "converted": converted,
        "conversion": _ratio(converted, len(rows)),
        "conversion_low": low,
        "conversion_high": high,
    }


def _balance(loads: list[float]) -> dict[str, float | None]:
    mean = sum(loads) / len(loads) if loads else 0.0
    if mean == 0:
        return {"variation": None, "fullest": None}
    spread = (sum((x - mean) ** 2 for x in loads) / len(loads)) ** 0.5
    return {"variation": round(spread / mean, 6), "fullest": round(max(loads) / mean, 6)}


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def wilson(part: int, whole: int) -> tuple[float | None, float | None]:
    """The 95 % interval of a share.

    Example: 8 of 10 → 0.4902 to 0.9433. Source: Wilson, Journal of the American Statistical Association 22 (1927).
    """
    if not whole:
        return None, None
    share, z2 = part / whole, Z * Z
    centre = (share + z2 / (2 * whole)) / (1 + z2 / whole)
    half = Z / (1 + z2 / whole) * (share * (1 - share) / whole + z2 / (4 * whole * whole)) ** 0.5
    return round(max(0.0, centre - half), 6), round(min(1.0, centre + half), 6)


def per_hundred(count: int, opportunities: int) -> float | None:
    """So many per 100 opportunities; None without any."""
    return round(100 * count / opportunities, 4) if opportunities else None


def measured(counts: Mapping[str, int], opportunities: int) -> dict[str, float | None]:
    """Every count per 100 opportunities."""
    return {f"{name}_per_100": per_hundred(count, opportunities) for name, count in counts.items()}
