"""The offsets of a time zone as stretches of constant offset."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
DAY = 86_400 * SECOND
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - stored instants are naive UTC


def micros(instant: datetime) -> int:
    """Microseconds since 1970 of an instant: aware, or naive UTC as it is stored."""
    return (
        (instant if instant.tzinfo is None else instant.astimezone(UTC).replace(tzinfo=None)) - EPOCH
    ) // MICROSECOND


def instant_of(value: int) -> datetime:
    """The stored instant (naive UTC) so many microseconds after 1970."""
    return EPOCH + value * MICROSECOND


@lru_cache(maxsize=256)
def stretches(zone: str, first_year: int, last_year: int) -> tuple[tuple[int, int, int], ...]:
    """(from, until, offset) in microseconds: instants from the first year to the end of the last, without gap.

    Both ends lie a day outside, so that every local day of these years is whole.
    """
    tz = ZoneInfo(zone)

    def offset(at: int) -> int:
        return (instant_of(at).replace(tzinfo=UTC).astimezone(tz).utcoffset() or timedelta()) // MICROSECOND

    start = micros(datetime(first_year, 1, 1)) - DAY  # noqa: DTZ001
    end = micros(datetime(last_year + 1, 1, 1)) + DAY  # noqa: DTZ001
    found: list[tuple[int, int, int]] = []
    since, held = start, offset(start)
    for later in range(start + DAY, end + 1, DAY):
        if (now := offset(later)) != held:
            low, high = later - DAY, later
            while high - low > SECOND:
                middle = low + (high - low) // (2 * SECOND) * SECOND
                low, high = (middle, high) if offset(middle) == held else (low, middle)
            found.append((since, high, held))
            since, held = high, now
    return (*found, (since, end, held))
