"""Live loads: what a source says has changed since the last one, as one load that is whole or not at all.

The watermark of each table is kept with the load itself. The next load begins some minutes before it: a source may show
a change later than its stamp says. What is fetched twice is a duplicate, and nothing new.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from geartrain.kernel.issues import Issue, Level
from geartrain.services.access import Actor, Permission, require
from geartrain.services.records.loading import LoadResult, load_records
from geartrain.services.workspace import Workspace
from geartrain.stores.crm import Crm, connect, systems
from geartrain.stores.crm.client import Refused
from geartrain.stores.intake.spool import Spool, write_table

__all__ = ["load_live", "systems", "watermarks"]

OVERLAP = timedelta(minutes=5)
CHANGE = "opportunity_change"


def load_live(
    ws: Workspace,
    actor: Actor,
    *,
    source: str,
    full: bool = False,
    dry_run: bool = False,
    pause: Callable[[float], None] = time.sleep,
    progress: Callable[..., None] | None = None,
) -> LoadResult:
    """Fetch what changed in a source since its last live load, and load it; deleted records leave.

    A fetch that is killed goes on where it stopped; a load that is killed leaves the state before. Credentials come
    from the environment.

    Args:
        full: Everything, whatever was loaded before.
        dry_run: Fetch and check, keep nothing.
    Raises:
        Forbidden: the actor may not load. NotFound: the source has no API.
        Invalid: a variable of the environment is missing. Unreached, Denied, Later: the source does not answer.
        Conflict: this source is being loaded already.
    """
    require(actor, Permission.load_facts)
    crm = connect(source, os.environ, pause=pause)
    spool = Spool(ws.data / "live" / source)
    tell = progress or (lambda *_: None)
    with spool.held():
        marks = {} if full else watermarks(ws, source)
        spool.begin({"marks": marks, "full": full})
        absent = [t for t in crm.tables() if not _fetch(crm, spool, t, marks.get(t), tell)]
        folder, removed, after = _laid_out(crm, spool, marks)
        tracked = sorted({*_live(ws, source).get("tracked", ()), *_tracked(crm, spool)})
        kept = {"location": "live", "live": {"watermarks": after, "full": full, "tracked": tracked}}
        moved = after != marks
        result = load_records(
            ws, actor, location=folder, source=source, dry_run=dry_run, removed=removed, meta=kept, always=moved,
            tracked=tracked, progress=progress,
        )  # fmt: skip
        if not dry_run:
            spool.clear()
    said = tuple(Issue("source_lacks", Level.info, f"{source} has no {t} that we may read.", source) for t in absent)
    return replace(result, issues=(*result.issues, *said))


def watermarks(ws: Workspace, source: str) -> dict[str, str]:
    """Up to where each table was loaded live: the instant (naive UTC) of the last change that was seen."""
    return dict(_live(ws, source).get("watermarks", {}))


def _live(ws: Workspace, source: str) -> Mapping[str, Any]:
    """What the last live load of a source kept."""
    with ws.warehouse.snapshot() as snapshot:
        last = next((e for e in snapshot.loads() if e.source == source and "live" in e.meta), None)
    return last.meta["live"] if last else {}


def _tracked(crm: Crm, spool: Spool) -> set[str]:
    """The fields of opportunities whose history the source has."""
    histories = [t for t in crm.tables() if crm.record_type(t) == CHANGE]
    return {field for table in histories for row in spool.rows(table) for field in crm.tracked(table, row)}


def _fetch(crm: Crm, spool: Spool, table: str, mark: str | None, tell: Callable[..., None]) -> bool:
    """Fetch what is missing of a table; False where the source has none."""
    position, done = spool.position(table)
    if done:
        return True
    since = datetime.fromisoformat(mark) - OVERLAP if mark else None
    count = 0
    try:
        for page in crm.changed(table, since=since, position=position):
            spool.add(table, page.rows, page.position, done=False)
            position, count = page.position, count + len(page.rows)
            tell(f"Fetching {table}", count, count)
    except Refused as refused:
        if refused.answered != 404 and refused.said != "INVALID_TYPE":
            raise
        return False
    spool.add(table, [], position, done=True)
    return True


def _laid_out(crm: Crm, spool: Spool, marks: Mapping[str, str]) -> tuple[Path, dict[str, list[str]], dict[str, str]]:
    """Files as an export has them, the ids of deleted records, and the new watermarks."""
    folder, removed, after = spool.tables(), dict[str, list[str]](), dict(marks)
    for table in crm.tables():
        seen = [datetime.fromisoformat(marks[table])] if table in marks else []
        gone: list[str] = []
        kept = []
        for row in spool.last_of_each(table, crm.key):
            at, deleted = crm.marked(table, row)
            seen = [max([at, *seen])]
            if deleted:
                gone.append(str(row[crm.key]))
            else:
                kept.append({k: v for k, v in row.items() if k not in crm.stamps})
        write_table(folder / f"{table}.parquet", kept)
        # A history leaves with nobody: what became of a deal that was deleted later stays as it is known.
        if gone and crm.record_type(table) != CHANGE:
            removed.setdefault(crm.record_type(table), []).extend(gone)
        if seen:
            after[table] = seen[0].isoformat()
    for table, rows in crm.fixed():
        write_table(folder / f"{table}.parquet", rows)
    return folder, removed, after
