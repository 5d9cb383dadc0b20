"""Business time for whole columns, each row in the calendar of whoever it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from geartrain.kernel.clock.business import EPOCH_DAY, FIRST_YEAR, LAST_YEAR, BusinessCalendar, first_instant
from geartrain.kernel.clock.index import Micros, WorkIndex
from geartrain.kernel.clock.offsets import MICROSECOND, instant_of, micros
from geartrain.kernel.clock.term import Term, due
from geartrain.kernel.errors import Invalid

Instants = npt.NDArray[np.datetime64]
Durations = npt.NDArray[np.timedelta64]
NONE = np.iinfo(np.int64).min  # how NumPy stores NaT
LOW, HIGH = micros(datetime(FIRST_YEAR, 1, 1)), micros(datetime(LAST_YEAR + 1, 1, 1))  # noqa: DTZ001


@dataclass(frozen=True)
class Clocks:
    """What became of each clock by an instant; rows as given.

    Args:
        due: When it runs out.
        elapsed: Business time to the touch, or to `as_of` where there is none yet.
        state: `met`, `breached` or `open`; empty where the clock is unknown or had not begun.
        touched: Whether it had been touched; a breached one that was not is untouched past due.
    """

    due: Instants
    elapsed: Durations
    state: npt.NDArray[np.str_]
    touched: npt.NDArray[np.bool_]


def working_times(calendars: Mapping[str, BusinessCalendar], whose: Any, start: Any, end: Any) -> Durations:
    """Business time between two columns of instants, microseconds, negative where the end is the earlier one.

    Args:
        calendars: By key.
        whose: Column of keys: Arrow or a sequence of str and None.
        start: Column of stored instants: Arrow timestamps or datetime64, UTC.
        end: The same.
    Returns:
        NaT where an instant or key is missing, or an instant lies outside 1970 to 2099.
    Raises:
        Invalid: a key has no calendar, or the columns are of different lengths.
    """
    since, until = _instants(start), _instants(end)
    found = np.full(len(since), NONE, np.int64)
    for rows, _, index in _groups(calendars, whose, since, until):
        found[rows] = index.passed_all(until[rows]) - index.passed_all(since[rows])
    return found.view("timedelta64[us]")


def due_times(calendars: Mapping[str, BusinessCalendar], whose: Any, start: Any, term: Term) -> Instants:
    """When a term that begins at each instant ends: `term.due` for a column.

    Args and Raises: as `working_times`; NaT where something is missing or the end lies outside 1970 to 2099.
    """
    since = _instants(start)
    found = np.full(len(since), NONE, np.int64)
    for rows, calendar, _ in _groups(calendars, whose, since):
        found[rows] = _due(calendar, since[rows], term)
    return found.view("datetime64[us]")


def sla_clocks(
    calendars: Mapping[str, BusinessCalendar], whose: Any, opened: Any, touched: Any, *, term: Term, as_of: datetime
) -> Clocks:
    """Run a clock for each row up to an instant: met, breached or still open.

    Args:
        calendars: By key.
        whose: Column of the keys of the owners' calendars.
        opened: Column of instants the clocks start at.
        touched: Column of instants of the first human touch; missing where there was none. One before the clock was
            opened is in time, after a negative time.
        term: What each has.
        as_of: The instant of the reading; what comes after it has not happened.
    Raises:
        Invalid: as `working_times`.
    Source: the process specification, 3.1: breach = (touch or as_of) > due.
    """
    since, hit, now = _instants(opened), _instants(touched), micros(as_of)
    begun = (since != NONE) & (since <= now)
    since = np.where(begun, since, NONE)
    had = (hit != NONE) & (hit <= now) & begun
    until = np.where(had, hit, np.where(begun, now, NONE))
    ends = due_times(calendars, whose, since.view("datetime64[us]"), term)
    limit = ends.view(np.int64)
    known = limit != NONE
    state = np.full(len(since), "", dtype="<U8")
    state[known & had & (until <= limit)] = "met"
    state[known & ~had & (until <= limit)] = "open"
    state[known & (until > limit)] = "breached"
    elapsed = working_times(calendars, whose, since.view("datetime64[us]"), until.view("datetime64[us]"))
    return Clocks(ends, elapsed, state, had)


def _instants(values: Any) -> Micros:
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
        zone = whole.type.tz if pa.types.is_timestamp(whole.type) else None
        found: Micros = (
            whole.cast(pa.timestamp("us", zone)).cast(pa.int64()).fill_null(int(NONE)).to_numpy(zero_copy_only=False)
        )
        return found
    return np.asarray(values, dtype="datetime64[us]").view(np.int64)


def _groups(
    calendars: Mapping[str, BusinessCalendar], whose: Any, *columns: Micros
) -> Iterator[tuple[npt.NDArray[np.intp], BusinessCalendar, WorkIndex]]:
    """The rows of each calendar in which all is known, and the layout that covers them."""
    keys = whose if isinstance(whose, (pa.Array, pa.ChunkedArray)) else pa.array(whose, pa.string())
    keys = keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys
    if any(len(column) != len(keys) for column in columns):
        raise Invalid("The columns are of different lengths.")
    coded = keys if pa.types.is_dictionary(keys.type) else keys.dictionary_encode()
    names = coded.dictionary.to_pylist()
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    for column in columns:
        codes = np.where((column >= LOW) & (column < HIGH), codes, -1)
    used = np.unique(codes)
    if strange := sorted(names[c] for c in used if c >= 0 and names[c] not in calendars):
        known = ", ".join(sorted(calendars))
        raise Invalid(f"There is no business calendar '{strange[0]}'.", hint=f"There are {known}.")
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], [*used, len(names)])
    for code, since, until in zip(used, bounds[:-1], bounds[1:], strict=True):
        if code >= 0:
            rows, calendar = order[since:until], calendars[names[code]]
            low, high = min(c[rows].min() for c in columns), max(c[rows].max() for c in columns)
            yield rows, calendar, calendar.covering(instant_of(int(low)), instant_of(int(high)))


def _due(calendar: BusinessCalendar, since: Micros, term: Term) -> Micros:
    """The ends of a term, in one calendar."""
    try:
        last = due(calendar, instant_of(int(since.max())), term)
    except Invalid:  # the last of them runs out of counted time: so may others
        last = instant_of(HIGH - 1)
    index = calendar.covering(instant_of(int(since.min())), last)
    if term.hours is not None:
        target = index.passed_all(since) + term.work // MICROSECOND
        within = target <= index.total
        return np.where(within, index.reached_all(np.where(within, target, 1)), NONE)
    day = index.local_days(since)
    if term.business_days is not None:
        at = np.searchsorted(index.days, day, side="right") + term.business_days - 1
        within = at < len(index.days)
        return np.where(within, index.closes[np.where(within, at, 0)], NONE)
    days, back = np.unique(day + (term.days or 0) + 1, return_inverse=True)
    first = [first_instant(calendar.tz, date.fromordinal(int(d) + EPOCH_DAY)) for d in days]
    return np.array([micros(at) for at in first], np.int64)[back]
