"""The frame of a simulation: its days, its random streams, and time in whole numbers.

Days are days since 1970-01-01, instants are seconds since then in UTC, both int64 with MISSING for none: whole numbers
add up alike everywhere.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from geartrain.kernel.errors import Invalid
from geartrain.kernel.periods import FiscalCalendar, Grain, add_months

Array = np.ndarray
MISSING = np.iinfo(np.int64).min
DAY = 86_400
WARM_UP = 300  # days simulated before the history begins, so that it begins with deals under way

# Hours of work in UTC by region, all within one day of the workspace's zone (New York).
OPENS, SHUTS = np.array([13.5, 16.5, 8.0]), np.array([21.5, 23.5, 16.0])


@dataclass(frozen=True, slots=True)
class World:
    """What a simulation is given.

    Args:
        sellers: Seats of sellers, at least 6.
        years: Whole years of history before the quarter of `last`.
        seed: Same seed, same company.
        last: The last day simulated.
    """

    sellers: int
    years: int
    seed: int
    last: date

    def __post_init__(self) -> None:
        if self.sellers < 6 or self.years < 1 or self.seed < 0:
            raise Invalid("A sample needs at least 6 sellers, 1 year and a seed of 0 or more.")

    @property
    def first(self) -> date:
        """The first day of the history: that of the fiscal quarter so many years before the last day's."""
        return add_months(FiscalCalendar().containing(self.last, Grain.quarter).start, -12 * self.years)

    @property
    def start(self) -> int:
        """The first day of the history, as a number."""
        return number(self.first)

    @property
    def today(self) -> int:
        """The last day, as a number."""
        return number(self.last)

    @property
    def now(self) -> int:
        """The last instant of the simulation: the end of work on the last day."""
        return self.today * DAY + int(23.5 * 3600)

    @property
    def opening(self) -> int:
        """The first day that is simulated, before the history begins."""
        return self.start - WARM_UP

    @property
    def span(self) -> float:
        """Years from the opening to the last day."""
        return (self.today - self.opening + 1) / 365.25

    def stream(self, name: str) -> np.random.Generator:
        """Random numbers of one subject; another subject's changes leave them alone."""
        return np.random.default_rng([self.seed, self.sellers, self.years, zlib.crc32(name.encode())])

    def age(self, days: Array) -> Array:
        """Years since the history began."""
        return np.asarray((days - self.start) / 365.25)

    def happened(self, instants: Array) -> Array:
        """Instants, MISSING where they lie after the last one."""
        return np.where(instants <= self.now, instants, MISSING)


def number(day: date) -> int:
    """A date as days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def as_date(day: int) -> date:
    """The date of such a number."""
    return date(1970, 1, 1) + timedelta(days=int(day))


def weekday(days: Array) -> Array:
    """0 for Monday."""
    return np.asarray((days + 3) % 7)


def working(days: Array) -> Array:
    """The same day, or the Monday after a weekend."""
    return np.asarray(days + np.array([0, 0, 0, 0, 0, 2, 1])[weekday(days)])


def month_of(days: Array) -> Array:
    """Months since 1970-01."""
    return np.asarray(days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64))


def first_of_month(months: Array) -> Array:
    """The first day of such a month."""
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def quarter_end(days: Array) -> Array:
    """The last day of the calendar quarter, which is the fiscal quarter here."""
    return np.asarray(first_of_month(month_of(days) // 3 * 3 + 3) - 1)


def in_hours(rng: np.random.Generator, days: Array, region: Array) -> Array:
    """An instant within the working hours of the region on each day."""
    hour = OPENS[region] + rng.random(len(days)) * (SHUTS - OPENS)[region]
    return np.asarray(days * DAY + (hour * 3600).astype(np.int64))


def pick(rng: np.random.Generator, weights: Array, size: int) -> Array:
    """Indices drawn by weight."""
    edges = np.cumsum(weights)
    found = np.searchsorted(edges, rng.random(size) * edges[-1], side="right")
    return np.asarray(np.minimum(found, len(weights) - 1))


def demand(world: World) -> Array:
    """The relative demand of each day from the opening to the last: growth, season, weekends."""
    from geartrain.sample.company import GROWTH, SEASON

    days = np.arange(world.opening, world.today + 1)
    season = np.array(SEASON)[month_of(days) % 12]
    week = np.array([1.1, 1.15, 1.1, 1.05, 0.9, 0.25, 0.25])[weekday(days)]
    return np.asarray(np.exp(GROWTH * world.age(days)) * season * week)
