"""Loading ten million changes: under 30 s from Parquet, under 90 s from CSV, within 2 GiB."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.data import changes
from bench.harness import ROWS, Result, geartrain, run_apart, stated

BARS = {"parquet": 30.0, "csv": 90.0}
MEMORY = 2.0


def run() -> Iterator[Result]:
    """Whole commands in processes of their own; the reference only copies the file with DuckDB, checking nothing."""
    for kind, bar in BARS.items():
        source = changes(kind)
        with tempfile.TemporaryDirectory(dir=source.parent) as made:
            run_apart(geartrain("init", f"{made}/ws"))
            copied, copied_gib = _copied(source / f"opportunity_change.{kind}", Path(made) / "copy.parquet")
            seconds, gib = run_apart(geartrain("load", str(source), "-w", f"{made}/ws", "--format", "json"))
        name, size = f"load opportunity_change from {kind}", f"{ROWS:,} rows"
        yield Result(name, size, seconds, copied, stated(bar), "beside DuckDB copying the file", absolute=True)
        yield Result(f"{name}: peak memory", size, gib, copied_gib, stated(MEMORY), absolute=True, unit="GiB")


def _copied(source: Path, target: Path) -> tuple[float, float]:
    script = f"import duckdb; duckdb.execute(\"copy (from '{source}') to '{target}' (format parquet)\")"
    return run_apart([sys.executable, "-c", script])
