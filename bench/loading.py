"""Loading ten million changes: under 30 s from Parquet, under 90 s from CSV, within 2 GiB."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.data import changes
from bench.harness import ROWS, Result, geartrain, run_apart

BARS = {"parquet": 30.0, "csv": 90.0}


def run() -> Iterator[Result]:
    """Whole commands in processes of their own; the reference only copies the file with DuckDB, checking nothing."""
    for kind, bar in BARS.items():
        folder = changes(kind)
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            run_apart(geartrain("init", f"{made}/ws"))
            seconds, gib = run_apart(geartrain("load", str(folder), "-w", f"{made}/ws", "--format", "json"))
            copied = _copied(folder / f"opportunity_change.{kind}", Path(made) / "copy.parquet")
            shutil.rmtree(f"{made}/ws")
        note = f"peak {gib:.2f} GiB (bar 2); plain DuckDB copy {copied:.1f} s"
        yield Result(f"load opportunity_change from {kind}", f"{ROWS:,} rows", seconds, None, bar * ROWS / 1e7, note)


def _copied(source: Path, target: Path) -> float:
    script = f"import duckdb; duckdb.execute(\"copy (from '{source}') to '{target}' (format parquet)\")"
    seconds, _ = run_apart([sys.executable, "-c", script])
    target.unlink(missing_ok=True)
    return seconds
