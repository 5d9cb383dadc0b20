"""A simulated company: every record type, over years, with stories to find and dirty data in known places.

Same arguments, same bytes. `write_sample` makes the company of the demo; `write_changes` and `write_opportunities` make
plain facts in any number for benchmarks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from geartrain.kernel.errors import Invalid
from geartrain.sample import writer
from geartrain.sample.build import build
from geartrain.sample.company import DOMAIN, NAME, TODAY
from geartrain.sample.dirt import KnownIssue, plant
from geartrain.sample.documents import documents
from geartrain.sample.goals import goals, goals_policy
from geartrain.sample.people import PEOPLE, Person
from geartrain.sample.process import Strayed, plant_process
from geartrain.sample.scale import write_changes, write_opportunities
from geartrain.sample.tables import Progress
from geartrain.sample.world import World

__all__ = [
    "DOMAIN", "NAME", "PEOPLE", "TODAY", "KnownIssue", "Person", "SampleSummary", "documents", "goals", "goals_policy",
    "write_changes", "write_opportunities", "write_sample",
]  # fmt: skip

KNOWN_ISSUES = "KNOWN_ISSUES.json"


@dataclass(frozen=True)
class SampleSummary:
    """What was written.

    Args:
        folder: The canonical folder.
        first, last: The first and the last day of the history.
        rows: Record type to rows in its file, broken and repeated ones included.
        known_issues: The file that lists `issues`; it stands in the folder and is no record type.
        issues: What a check must find.
        strayed: What a check of the sales process must find, of moves.
    """

    folder: Path
    first: date
    last: date
    rows: Mapping[str, int]
    known_issues: Path
    issues: tuple[KnownIssue, ...]
    strayed: tuple[Strayed, ...] = ()


def write_sample(
    folder: Path,
    *,
    sellers: int = 60,
    years: int = 3,
    seed: int = 1,
    today: date | None = None,
    progress: Progress | None = None,
    format: str = "csv",
) -> SampleSummary:
    """Simulate the company and write one file for each record type.

    Args:
        sellers: How many seats of sellers, at least 6; everything else grows with them.
        years: Whole years before the quarter of the last day.
        today: The last day simulated; `TODAY` where it is not given, never the clock's.
        progress: Called with a phase, how much of it is done and how much there is.
        format: "csv", or "parquet" for the types that grow large (the others stay CSV).

    Raises:
        Invalid: fewer sellers or years than that, or another format.
    """
    if format not in ("csv", "parquet"):
        raise Invalid(f"There is no format '{format}'.", hint="One of: csv, parquet.")
    tell = progress or (lambda *_: None)
    world = World(sellers, years, seed, today or TODAY)
    tables, staff = build(world, tell)
    strayed = plant_process(world, tables)
    issues = plant(world, tables, staff)
    folder.mkdir(parents=True, exist_ok=True)
    rows = {}
    for n, (name, table) in enumerate(tables.items()):
        tell("Writing the records", n, len(tables))
        rows[name] = writer.write_table(folder, table, format=format)
    tell("Writing the records", len(tables), len(tables))
    listed = {"seed": seed, "sellers": sellers, "years": years, "last_day": world.last.isoformat()}
    known = folder / KNOWN_ISSUES
    writer.write_json(
        {**listed, "issues": [i.as_json() for i in issues], "process": [s.as_json() for s in strayed]}, known
    )
    return SampleSummary(folder, world.first, world.last, rows, known, issues, strayed)
