"""What became known of a frozen pack's time since it was frozen: its numbers asked again, and the records behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from geartrain.kernel.measure.pack import Moved, Pack, compare_packs
from geartrain.kernel.records import RecordType, latest
from geartrain.kernel.records.restated import Restated, restated, since
from geartrain.services.packs.packing import Progress, ask_again, reader, silent
from geartrain.services.records.facts import PAY_COLUMNS, Facts, open_facts
from geartrain.services.workspace import Workspace

MOST_RECORDS = 10_000  # looked at of each type
HIDDEN = (*PAY_COLUMNS, "extra")


@dataclass(frozen=True)
class RestatedPack:
    """A frozen pack beside what its questions answer now.

    Args:
        numbers: Every number then and now, in reading order.
        records: What was added or changed since that tells of the pack's time, by type and key.
        capped: Types of which only the first 10,000 changed records were looked at.
    """

    pack: Pack
    now: Pack
    numbers: tuple[Moved, ...]
    records: tuple[Restated, ...]
    capped: tuple[str, ...]

    @property
    def moved(self) -> tuple[Moved, ...]:
        """The numbers that are others now."""
        return tuple(m for m in self.numbers if m.changed)


def restate(ws: Workspace, pack: Pack, *, progress: Progress = silent) -> RestatedPack:
    """Ask a frozen pack's questions again of all that is known, and list what came in since."""
    now = ask_again(ws, pack, progress=progress)
    records: list[Restated] = []
    capped: list[str] = []
    with open_facts(ws, reader(pack.scope), as_of=pack.as_of) as facts:
        for record_type in facts.types.values():
            found, more = _records(facts, record_type, pack)
            records += found
            capped += [record_type.name] if more else []
    return RestatedPack(pack, now, compare_packs(pack, now), tuple(records), tuple(capped))


def _records(facts: Facts, record_type: RecordType, pack: Pack) -> tuple[list[Restated], bool]:
    table = facts.table(record_type.name)
    if "recorded_at" not in table.columns:
        return [], False
    news = since(table, known_as_of=pack.known_as_of, last_load=pack.last_load)
    rows = facts.execute(news.order_by(list(record_type.key)).limit(MOST_RECORDS + 1)).to_pylist()
    if not rows:
        return [], False
    kept = rows[:MOST_RECORDS]
    found = restated(
        record_type,
        kept,
        _before(facts, record_type, pack),
        as_of=pack.as_of,
        day_of=facts.calendar.day_of,
        explained=_explained(facts, record_type, pack),
        hidden=HIDDEN,
    )
    return list(found), len(rows) > MOST_RECORDS


def _before(facts: Facts, record_type: RecordType, pack: Pack) -> dict[tuple[str, ...], Mapping[str, Any]]:
    """The records changed since, as they were known when the pack was frozen."""
    versions = facts.snapshot.versions(record_type.name)
    news = since(facts.table(record_type.name), known_as_of=pack.known_as_of, last_load=pack.last_load)
    known = versions.filter((versions.recorded_at <= pack.known_as_of) & (versions.load_id <= pack.last_load))
    was = latest(known.semi_join(news, list(record_type.key)), record_type.key)
    rows = facts.execute(was.order_by(list(record_type.key)).limit(MOST_RECORDS)).to_pylist()
    return {tuple(str(r[k]) for k in record_type.key): r for r in rows}


def _explained(facts: Facts, record_type: RecordType, pack: Pack) -> frozenset[tuple[str, str]]:
    """(opportunity, column) that changed after the pack's last day by the history of changes."""
    if record_type.name != "opportunity":
        return frozenset()
    changes = facts.table("opportunity_change")
    after = facts.calendar.instant(pack.as_of.fromordinal(pack.as_of.toordinal() + 1))
    later = changes.filter(changes.changed_at >= after).select("opportunity_id", "field").distinct()
    rows = facts.execute(later).to_pydict()
    return frozenset(zip(rows["opportunity_id"], rows["field"], strict=True))
