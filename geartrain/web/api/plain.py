"""Values as JSON holds them, and the sizes a request may have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Annotated, Any

from ninja import Query
from pydantic import AfterValidator, StringConstraints

# A line of text and an expression; no control characters, which no store takes.
Line = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
Text = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^[^\x00]*$")]
Limit = Annotated[int, Query(ge=1, le=1_000, description="At most so many.")]
Offset = Annotated[int, Query(ge=0, le=1_000_000_000, description="Leave out so many first.")]


def _within(day: date) -> date:
    if not FIRST <= day <= LAST:
        raise ValueError(f"is not between {FIRST} and {LAST}")
    return day


def _instant(at: datetime) -> datetime:
    _within(at.date())
    return at


# Far enough for any plan, and no calendar's end is within reach of a sum.
FIRST, LAST = date(1900, 1, 1), date(2199, 12, 31)
Day = Annotated[date, AfterValidator(_within)]
Instant = Annotated[datetime, AfterValidator(_instant)]


def utc(at: datetime | None) -> datetime | None:
    """An instant as it is stored, naive UTC; one without a zone is UTC already."""
    return at.astimezone(UTC).replace(tzinfo=None) if at is not None and at.tzinfo else at


def plain(value: Any) -> Any:
    """Exact decimals as text without exponent, days and instants as ISO 8601, instants with Z."""
    if isinstance(value, bool | int) or value is None:
        return value
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        at = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return f"{at.isoformat()}Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in (sorted(value, key=str) if isinstance(value, set | frozenset) else value)]
    return str(value)
