"""Versions of records: what was known at an instant, and what changed between two loads. Pure Ibis, any engine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import ibis

from geartrain.kernel.errors import Invalid
from geartrain.kernel.records.types import ColumnKind, RecordType


def latest(versions: ibis.Table, key: Sequence[str], *, known_as_of: datetime | None = None) -> ibis.Table:
    """The latest version of each record, of those known at an instant (naive UTC, inclusive; None for all).

    Grain in:  one row per key and load that changed it. Grain out: one row per key.
    Ties:      two versions recorded at one instant: the later load wins (load ids are ordered).
    """
    known = versions if known_as_of is None else versions.filter(versions.recorded_at <= known_as_of)
    newest_first = [ibis.desc("recorded_at"), ibis.desc("load_id")]
    rank = ibis.row_number().over(ibis.window(group_by=list(key), order_by=newest_first))
    return known.mutate(_rank=rank).filter(ibis._["_rank"] == 0).drop("_rank")


DELETED = "deleted:"
"""What `load_source` of a version begins with that says the record is not there any more."""


def known_at(versions: ibis.Table, key: Sequence[str], at: datetime) -> ibis.Table:
    """The records there were, as known at an instant: without those whose latest version says they were deleted."""
    last = latest(versions, key, known_as_of=at)
    return last.filter(~last.load_source.startswith(DELETED).fill_null(False))


def changes_between(
    before: ibis.Table, after: ibis.Table, record_type: RecordType, fields: Sequence[str]
) -> ibis.Table:
    """What two consecutive loads of a type tell of its history: one row per record and field that differs.

    Grain in:  one row per key in each; `after` may hold only the records that were loaded again.
    Grain out: one row per key, `changed_at` (recorded_at of the later load) and `field`, with `old_value` and
        `new_value` as text and `derived` true: the columns of `opportunity_change`.
    A record that was not there before has not changed; one that is missing now says nothing. From a value to none, and
    back, is a change.

    Raises:
        Invalid: the type has no such column, or it is part of the key.
    """
    for name in fields:
        if name not in record_type or name in record_type.key:
            raise Invalid(
                f"The history of {record_type.name}.{name} cannot be worked out.", hint="Name a plain column."
            )
    if not fields:
        raise Invalid("No field is named whose changes are wanted.")
    keys = list(record_type.key)
    old = before.select(*keys, **{f"old_{f}": before[f] for f in fields})
    new = after.select(*keys, "recorded_at", **{f"new_{f}": after[f] for f in fields})
    pairs = new.inner_join(old, keys)
    return ibis.union(*parts) if len(parts := [_changes_of(pairs, record_type, f) for f in fields]) > 1 else parts[0]


def _changes_of(pairs: ibis.Table, record_type: RecordType, field: str) -> ibis.Table:
    old, new = pairs[f"old_{field}"], pairs[f"new_{field}"]
    changed = pairs.filter(~old.identical_to(new))
    none = ibis.null("string")
    return changed.select(
        *record_type.key,
        changed_at=changed.recorded_at,
        field=ibis.literal(field),
        old_value=_text(changed[f"old_{field}"], record_type[field].kind),
        new_value=_text(changed[f"new_{field}"], record_type[field].kind),
        changed_by=none,
        extra=none,
        derived=ibis.literal(True),
    )


def _text(value: ibis.Value, kind: ColumnKind) -> ibis.StringValue:
    """A value as a file would hold it, the same text on every engine."""
    if kind is ColumnKind.instant:
        return value.strftime("%Y-%m-%dT%H:%M:%S")
    if kind is ColumnKind.flag:
        return ibis.cases((value, "true"), (~value, "false"))
    return value.cast("string")
