"""Business time laid end to end: how much of it has passed by an instant, and when so much of it has passed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt

from geartrain.kernel.clock.offsets import DAY, stretches

Micros = npt.NDArray[np.int64]
Hours = Sequence[tuple[int, int]]  # microseconds of a day's wall clock, [from, until)
MONDAY_1970 = date(1970, 1, 1).weekday()  # weekday of day 0


@dataclass(frozen=True)
class WorkIndex:
    """The intervals of business time of some years, in order, as stored instants.

    An instant is business time if the wall clock of the zone then shows a time within the hours of that day. So where
    the clock is put back the repeated hour counts twice, and where it is put forward the skipped one does not.

    Args:
        first_year, last_year: The local years covered.
        starts, ends: Interval i is [starts[i], ends[i]).
        before: Business time before interval i.
        days: Days with business time, as days since 1970.
        closes: When the last interval of each of these days ends.
        since, offset: From when each offset of the zone holds, and the offset.
    """

    first_year: int
    last_year: int
    starts: Micros
    ends: Micros
    before: Micros
    days: Micros
    closes: Micros
    since: Micros
    offset: Micros

    @cached_property
    def until(self) -> Micros:
        """Business time up to the end of interval i."""
        return self.before + (self.ends - self.starts)

    @cached_property
    def _lists(self) -> tuple[list[int], list[int], list[int], list[int]]:
        return self.starts.tolist(), self.ends.tolist(), self.before.tolist(), self.until.tolist()

    @cached_property
    def day_list(self) -> list[int]:
        """`days` for single look-ups, which are faster in a list."""
        found: list[int] = self.days.tolist()
        return found

    @property
    def total(self) -> int:
        """Business time of all the years."""
        return int(self.until[-1])

    def passed(self, at: int) -> int:
        """Business time from the beginning up to an instant."""
        starts, ends, before, _ = self._lists
        i = bisect_right(starts, at) - 1
        return 0 if i < 0 else before[i] + min(at, ends[i]) - starts[i]

    def reached(self, work: int, *, last: bool) -> int:
        """The first instant by which so much business time has passed, or the last one; 0 <= work <= `total`."""
        starts, _, before, until = self._lists
        i = bisect_right(until, work) if last else bisect_left(until, work)
        return starts[i] + work - before[i]

    def passed_all(self, at: Micros) -> Micros:
        """`passed` for a column."""
        i = np.searchsorted(self.starts, at, side="right") - 1
        j = np.maximum(i, 0)
        work = self.before[j] + np.minimum(at, self.ends[j]) - self.starts[j]
        return np.where(i < 0, 0, work).astype(np.int64)

    def reached_all(self, work: Micros) -> Micros:
        """`reached` for a column, the first instants."""
        i = np.searchsorted(self.until, work, side="left")
        return (self.starts[i] + work - self.before[i]).astype(np.int64)

    def local_days(self, at: Micros) -> Micros:
        """The local days of a column of instants, as days since 1970."""
        held = np.maximum(np.searchsorted(self.since, at, side="right") - 1, 0)
        return ((at + self.offset[held]) // DAY).astype(np.int64)


def build(
    zone: str, week: Sequence[Hours], special: Mapping[int, Hours], *, first_year: int, last_year: int
) -> WorkIndex:
    """Lay out the business time of some years.

    Args:
        zone: IANA name.
        week: Hours of Monday to Sunday.
        special: Hours of single days (days since 1970) that differ; none for a holiday.
        first_year: First local year.
        last_year: Last local year, included.
    """
    epoch = date(1970, 1, 1).toordinal()
    low, high = date(first_year, 1, 1).toordinal() - epoch, date(last_year, 12, 31).toordinal() - epoch + 1
    days = np.arange(low, high, dtype=np.int64)
    usual = days[~np.isin(days, np.array(list(special), dtype=np.int64))]
    weekday = (usual + MONDAY_1970) % 7
    walls = [(usual[weekday == w], a, b) for w, hours in enumerate(week) for a, b in hours]
    walls += [(np.array([d], np.int64), a, b) for d, hours in special.items() if low <= d < high for a, b in hours]
    day = np.concatenate([d for d, _, _ in walls])
    start = np.concatenate([d * DAY + a for d, a, _ in walls])
    end = np.concatenate([d * DAY + b for d, _, b in walls])
    order = np.argsort(start, kind="stable")
    day, start, end = day[order], start[order], end[order]
    pieces = []
    held = stretches(zone, first_year, last_year)
    for since, until, offset in held:
        i, j = np.searchsorted(end, since + offset, side="right"), np.searchsorted(start, until + offset, side="left")
        opens, closes = np.maximum(start[i:j] - offset, since), np.minimum(end[i:j] - offset, until)
        pieces.append((day[i:j], opens, closes))
    day, start, end = (np.concatenate(column) for column in zip(*pieces, strict=True))
    lengths = end - start
    # A clock put back over midnight shows a few minutes of a day before the end of the day before.
    by_day = np.lexsort((end, day))
    last = by_day[np.append(day[by_day][1:] != day[by_day][:-1], True)]
    changes, offsets = np.array([(since, offset) for since, _, offset in held], np.int64).T
    before = np.cumsum(lengths) - lengths
    return WorkIndex(first_year, last_year, start, end, before, day[last], end[last], changes, offsets)
