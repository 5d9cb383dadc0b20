"""Bringing records in: one permission, one writer, one load that is whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from geartrain.facts import record_types
from geartrain.kernel.errors import NotFound
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.records import DELETED, changes_between
from geartrain.services.access import Actor, Permission, require
from geartrain.services.policies import current_policy
from geartrain.services.records.merging import merged_away
from geartrain.services.workspace import Workspace
from geartrain.stores.intake.guess import guess_mapping
from geartrain.stores.intake.mapping import Mapping as FileMapping
from geartrain.stores.intake.mapping import aliases_of, read_mapping
from geartrain.stores.intake.pipeline import REJECT_KEY, Staged, only_known, open_duckdb, stage
from geartrain.stores.intake.readers import Reader
from geartrain.stores.intake.scratch import scratch_folder
from geartrain.stores.intake.sources import Asked, connector
from geartrain.stores.warehouse.base import Counts, LoadEntry, Writer

__all__ = ["LoadResult", "guess_mapping", "load_records"]

Aliases = Mapping[str, Mapping[str, str]]
Removed = Mapping[str, Collection[str]]
GONE = '{"deleted": "true"}'  # what `extra` of the last version of a deleted record says
CHANGED = ("stage", "amount", "close_date", "owner_id", "forecast_category")


@dataclass(frozen=True)
class LoadResult:
    """What a load did. `load_id` is empty where nothing was kept: a dry run, or nothing to load."""

    load_id: str
    source: str
    counts: Mapping[str, Counts]
    issues: tuple[Issue, ...]

    def as_json(self) -> dict[str, Any]:
        """The shape `geartrain load` answers with."""
        types = {
            name: {"read": c.read, "loaded": c.loaded, "quarantined": c.quarantined, "duplicates": c.duplicates}
            for name, c in self.counts.items()
        }
        issues = [i.as_json() for i in self.issues]
        return {"load_id": self.load_id, "source": self.source, "types": types, "issues": issues}


def load_records(
    ws: Workspace,
    actor: Actor,
    *,
    location: str | Path = "",
    source: str = "folder",
    mapping: Path | None = None,
    url: str | None = None,
    known_at: datetime | None = None,
    dry_run: bool = False,
    aliases: Aliases | None = None,
    removed: Removed | None = None,
    meta: Mapping[str, Any] | None = None,
    always: bool = False,
    tracked: Collection[str] | None = None,
    progress: Callable[..., None] | None = None,
) -> LoadResult:
    """Read a source and keep its records as one load; killed at any point, the state before stands.

    Args:
        location: Folder or file; nothing for a database.
        source: A connector's name: folder, salesforce, hubspot or sql.
        mapping: YAML file that maps columns onto record types.
        known_at: When this became known (naive UTC); now where None.
        dry_run: Do everything but keep it.
        aliases: Record type referred to, then wrong id to right id; the data-quality policy's where None.
        removed: Record type to the ids that the source has deleted: they leave with this load.
        meta: What is kept with the load besides.
        always: Keep the load, and what is kept with it, where nothing in it is new.
        tracked: Fields of opportunities whose changes the source tells; the others are compared with the load before.
            None: all where it has a table of changes.
        progress: Called as (phase, done, total).

    Raises:
        Forbidden: the actor may not load. NotFound: no such folder, file or source.
        Invalid: the mapping cannot be used. Conflict: another load is running.
    """
    require(actor, Permission.load_facts)
    tell = progress or (lambda *_: None)
    connect, read = connector(source), _mapping(mapping)
    asked = Asked(_location(location, source), url or "", read, ws.calendar.zone)
    with scratch_folder(ws.data) as scratch:
        with open_duckdb(scratch) as con:
            feeds, issues = connect(Reader(con, scratch), asked)
            staged, more = stage(con, feeds, scratch, aliases=_aliases(ws, read, aliases), progress=tell)
        found = (*issues, *more, *(() if meta else _nothing(staged, asked)))
        more = (removed or {}, meta or {}, always, tracked)
        return _keep(ws, actor, staged, found, source, asked, known_at, scratch, more, dry_run=dry_run, tell=tell)


def _keep(
    ws: Workspace,
    actor: Actor,
    staged: list[Staged],
    issues: tuple[Issue, ...],
    source: str,
    asked: Asked,
    known_at: datetime | None,
    scratch: Path,
    more: tuple[Removed, Mapping[str, Any], bool, Collection[str] | None],
    *,
    dry_run: bool,
    tell: Callable[..., None],
) -> LoadResult:
    recorded_at, (removed, told, always, tracked) = known_at or ws.now(), more
    if not staged and not removed and not always:
        return LoadResult("", source, {}, issues)
    counts: dict[str, Counts] = {}
    with ws.warehouse.snapshot() as snapshot:
        merged = merged_away(snapshot)
    with ws.warehouse.write(recorded_at=recorded_at, source=source) as writer:
        for n, one in enumerate(staged):
            tell("Storing", n, len(staged))
            counts[one.record_type.name] = _append(writer, one, merged, scratch)
        derived = _derive(writer, counts, scratch, tracked)
        gone = {name: n for name, ids in removed.items() if (n := _remove(writer, name, ids, source, scratch))}
        issues = (*issues, *_gone(gone, source))
        tell("Storing", len(staged), len(staged))
        new = always or derived or gone or any(c.loaded for c in counts.values()) or _new_rejects(writer, staged)
        if dry_run or not new:
            said = Issue("nothing_new", Level.info, "Everything in this source is known already; nothing was stored.")
            return LoadResult("", source, counts, issues if new else (*issues, said))
        for one in staged:
            for file in one.rejects:
                writer.reject(file)
        meta = {
            "location": str(asked.location or ""),
            "mapping": asked.mapping.sha256 if asked.mapping else "",
            "actor": actor.login,
            "zone": asked.zone,
            "derived_changes": derived,
            **({"removed": gone} if gone else {}),
            **told,
        }
        entry = LoadEntry(writer.load_id, source, writer.recorded_at, counts, [i.as_json() for i in issues], meta)
        writer.commit(entry)
        return LoadResult(writer.load_id, source, counts, issues)


def _append(writer: Writer, one: Staged, merged: Collection[str], scratch: Path) -> Counts:
    if one.record_type.name == "lead" and merged and one.good:
        _leave_out(one, merged, scratch)
    stored, known = writer.append(one.record_type, one.file) if one.good else (0, 0)
    counts = Counts(one.read, stored, one.quarantined, one.duplicates + known)
    assert counts.read == counts.loaded + counts.quarantined + counts.duplicates, f"{one.record_type.name}: {counts}"
    return counts


def _leave_out(one: Staged, merged: Collection[str], scratch: Path) -> None:
    """Leads that were merged into another are known: they do not come back while the merge stands."""
    rows = pq.read_table(one.file)
    left = rows.filter(pc.invert(pc.is_in(rows["lead_id"], value_set=pa.array(sorted(merged), pa.string()))))
    one.file = scratch / "unmerged-lead.parquet"
    pq.write_table(left, one.file)
    known = len(rows) - len(left)
    one.good, one.duplicates = one.good - known, one.duplicates + known


def _new_rejects(writer: Writer, staged: list[Staged]) -> bool:
    """Whether a row is quarantined that was not before: the same file loaded again is nothing new."""
    if not any(one.rejects for one in staged):
        return False
    before = writer.before()
    return not only_known(staged, before.execute(before.quarantine().select(*REJECT_KEY)))


def _derive(writer: Writer, counts: Mapping[str, Counts], scratch: Path, tracked: Collection[str] | None) -> int:
    """Changes of opportunities against the load before, where the source has no history of its own."""
    known = tracked if tracked is not None else CHANGED if "opportunity_change" in counts else ()
    fields = tuple(f for f in CHANGED if f not in known)
    if not fields or not counts.get("opportunity", Counts(0, 0, 0, 0)).loaded:
        return 0
    types = record_types()
    before, after = writer.revised("opportunity")
    changes = changes_between(before, after, types["opportunity"], fields)
    file = scratch / "derived.parquet"
    if not writer.stage(changes, file):
        return 0
    return writer.append(types["opportunity_change"], file)[0]


def _remove(writer: Writer, name: str, ids: Collection[str], source: str, scratch: Path) -> int:
    """Take out the records of these ids that are there; the last thing known of them stays as a version."""
    record_type, before = record_types()[name], writer.before()
    table, file = before.table(name), scratch / f"removed-{name}.parquet"
    rows = table.filter(table[record_type.key[0]].isin(sorted(ids)))
    gone = rows.mutate(extra=ibis.literal(GONE), load_source=ibis.literal(DELETED + source))
    return writer.remove(record_type, file) if writer.stage(gone, file) else 0


def _gone(removed: Mapping[str, int], source: str) -> tuple[Issue, ...]:
    return tuple(
        Issue("removed", Level.info, f"{n:,} {name} records were deleted in {source} and are not there any more.", name)
        for name, n in removed.items()
    )


def _mapping(path: Path | None) -> FileMapping | None:
    if path is None:
        return None
    try:
        return read_mapping(Path(path).read_text(encoding="utf-8-sig"), where=str(path))
    except FileNotFoundError:
        raise NotFound(f"There is no mapping file {path}.", hint="Write one with: geartrain load --guess") from None
    except (UnicodeDecodeError, IsADirectoryError):
        raise NotFound(f"{path} is no text file.", hint="Name a YAML file.") from None


def _location(location: str | Path, source: str) -> Path | None:
    if source == "sql":
        return None
    path = Path(location or "?").expanduser()
    if not location or not path.exists():
        raise NotFound(f"There is no folder or file '{location}'.", hint="Name the folder your export is in.")
    return path


def _aliases(ws: Workspace, mapping: FileMapping | None, given: Aliases | None) -> dict[str, dict[str, dict[str, str]]]:
    """Type to column to (wrong to right)."""
    policy: Aliases = given if given is not None else current_policy(ws, "data_quality", "default").spec.aliases
    found: dict[str, dict[str, dict[str, str]]] = {}
    for name, record_type in record_types().items():
        found[name] = {c: dict(policy[ref]) for c, ref in record_type.references.items() if ref in policy}
    with ws.warehouse.snapshot() as snapshot:
        masters = merged_away(snapshot)
    for name, record_type in record_types().items() if masters else ():
        for column in (c for c, ref in record_type.references.items() if ref == "lead"):
            found[name][column] = {**masters, **found[name].get(column, {})}
    for entry in mapping.load if mapping else ():
        for column, own in aliases_of(entry, policy).items():
            found[entry.type].setdefault(column, {}).update(own)
    return found


def _nothing(staged: list[Staged], asked: Asked) -> tuple[Issue, ...]:
    if staged:
        return ()
    where = str(asked.location or "the database")
    hint = "Name the files after record types, give --source, or write a mapping: geartrain load --guess."
    return (Issue("nothing_to_load", Level.error, f"Nothing in {where} could be loaded.", where, hint),)
