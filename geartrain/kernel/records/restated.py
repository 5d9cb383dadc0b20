"""Records that tell something new of the past: recorded after an instant, about days before it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import ibis

from geartrain.kernel.records.types import META, ColumnKind, RecordType

DATED = (ColumnKind.day, ColumnKind.instant)


@dataclass(frozen=True, slots=True)
class Restated:
    """One record that was added or changed since.

    Args:
        key: Its key, in the type's order.
        occurred: The day it tells of; None where it does not say.
        before: What the changed columns held; empty for a record that was not there.
        after: What they hold now.
    """

    type: str
    key: tuple[str, ...]
    occurred: date | None
    recorded_at: datetime
    load_id: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @property
    def added(self) -> bool:
        """Whether it was not there before."""
        return not self.before


def since(table: ibis.Table, *, known_as_of: datetime, last_load: str) -> ibis.Table:
    """The records whose latest version was recorded after an instant (naive UTC), or came with a later load.

    Load ids are ordered; a load may be dated earlier than it was made, so that the instant alone does not tell.
    """
    return table.filter((table.recorded_at > known_as_of) | (table.load_id > last_load))


def restated(
    record_type: RecordType,
    now: Collection[Mapping[str, Any]],
    before: Mapping[tuple[str, ...], Mapping[str, Any]],
    *,
    as_of: date,
    day_of: Callable[[datetime], date] = datetime.date,
    explained: Collection[tuple[str, str]] = (),
    hidden: Collection[str] = (),
) -> Iterator[Restated]:
    """Which of some records, as they are now, say something else of the time up to a day than they did.

    What happened after the day is no restatement: a record whose newest changed date lies after it; a column whose
    change is told, for this record, by an event after it.

    Args:
        now: Rows as they are now.
        before: Rows as they were, by key.
        as_of: The last day of the past in question.
        day_of: The day of business that a stored instant falls on.
        explained: (first key value, column) pairs that an event after the day accounts for.
        hidden: Columns that are not to be shown.
    Example: a deal's `closed_at` is now 2026-09-20 where it was empty, as of 2026-09-30: restated. Closed on
        2026-10-02: not.
    """
    columns = [c.name for c in record_type.columns if c.name not in hidden and c.name not in META]
    for row in now:
        key = tuple(str(row[k]) for k in record_type.key)
        was = before.get(key)
        changed = [
            c for c in columns if (was is None or was[c] != row[c]) and (was is None or (key[0], c) not in explained)
        ]
        if not changed:
            continue
        occurred = _occurred(record_type, row, changed if was is not None else (), day_of)
        if occurred is not None and occurred > as_of:
            continue
        shown = [c for c in changed if c not in record_type.key and (was is not None or row[c] is not None)]
        yield Restated(
            record_type.name,
            key,
            occurred,
            row["recorded_at"],
            row["load_id"],
            {} if was is None else {c: was[c] for c in shown},
            {c: row[c] for c in shown},
        )


def _occurred(
    record_type: RecordType, row: Mapping[str, Any], changed: Collection[str], day_of: Callable[[datetime], date]
) -> date | None:
    """The day a record tells of: the newest of the dates that changed, else when it happened."""
    columns = [c for c in changed if record_type[c].kind in DATED and row[c] is not None]
    if not columns and record_type.happened and row[record_type.happened] is not None:
        columns = [record_type.happened]
    days = [day_of(v) if isinstance(v := row[c], datetime) else v for c in columns]
    return max(days, default=None)
