"""Generated facts in the sizes the specification names; made once and kept."""

from __future__ import annotations

from pathlib import Path

from bench.harness import DATA, ROWS, geartrain, run_apart
from geartrain.sample import write_changes, write_opportunities
from geartrain.services.workspace import Workspace, open_workspace


def changes(kind: str) -> Path:
    """A folder with opportunity_change in one file: ten changes of each of a tenth as many opportunities."""
    folder = DATA / f"changes-{kind}-{ROWS}"
    if not (folder / f"opportunity_change.{kind}").exists():
        write_changes(folder, rows=ROWS, format=kind)
    return folder


def opportunities() -> Path:
    """A folder with opportunity and their 60 sellers."""
    folder = DATA / f"opportunities-{ROWS}"
    if not (folder / "opportunity.parquet").exists():
        write_opportunities(folder, rows=ROWS)
    return _with_sellers(folder)


def history() -> Path:
    """A folder with the changes and the tenth as many opportunities they are of."""
    folder = DATA / f"history-{ROWS}"
    if not (folder / "opportunity.parquet").exists():
        write_changes(folder, rows=ROWS)
        write_opportunities(folder, rows=ROWS // 10)
    return _with_sellers(folder)


def _with_sellers(folder: Path) -> Path:
    rows = [f"U{n:04d},Seller {n},Team {n % 6},{('East', 'West', 'Central')[n % 3]},true" for n in range(60)]
    (folder / "user.csv").write_text("\n".join(["user_id,name,team,region,is_active", *rows]) + "\n")
    return folder


def loaded(name: str, source: Path) -> Workspace:
    """A workspace that holds a folder; loaded once and kept, by the command itself in a process of its own."""
    return loaded_from(f"{name}-{ROWS}", source)


def loaded_from(name: str, source: Path, *, mapping: Path | None = None) -> Workspace:
    """As `loaded`, of facts that are of one size whatever is asked for."""
    folder, unfinished = DATA / name, DATA / f"{name}.part"
    if not folder.exists():
        if not unfinished.exists():
            run_apart(geartrain("init", str(unfinished)))
        mapped = [] if mapping is None else ["--mapping", str(mapping)]
        run_apart(geartrain("load", str(source), *mapped, "-w", str(unfinished), "--format", "json"))
        unfinished.rename(folder)
    return open_workspace(folder)
