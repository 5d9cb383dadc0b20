"""Files in, staged records out: the whole intake without a warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from geartrain.kernel.issues import Issue
from geartrain.stores.intake.mapping import read_mapping
from geartrain.stores.intake.pipeline import Staged, open_duckdb, stage
from geartrain.stores.intake.readers import Reader
from geartrain.stores.intake.sources import Asked, connector

DATA = Path(__file__).parents[4] / "shared" / "data"


@dataclass
class Taken:
    """What came of a load."""

    staged: Mapping[str, Staged]
    issues: list[Issue]
    records: Mapping[str, list[dict[str, object]]]
    rejects: Mapping[str, list[dict[str, object]]]

    def counts(self, name: str) -> tuple[int, int, int, int]:
        """read, good, quarantined, duplicates"""
        one = self.staged[name]
        return one.read, one.good, one.quarantined, one.duplicates

    def codes(self) -> list[str]:
        return [i.code for i in self.issues]

    def said(self, code: str) -> list[str]:
        return [i.message for i in self.issues if i.code == code]

    def column(self, name: str, column: str) -> list[object]:
        return [r[column] for r in self.records[name]]

    def why(self, name: str) -> list[tuple[object, ...]]:
        """(line, code, column, value) of the quarantined rows, by line"""
        return sorted((r["line"], r["code"], r["column"], r["value"]) for r in self.rejects[name])


def run(location: Path, scratch: Path, *, source="folder", mapping="", url="", zone="UTC", aliases=None) -> Taken:
    """Run a connector and the pipeline, and hold the law of every load."""
    scratch.mkdir(parents=True, exist_ok=True)
    given = read_mapping(mapping, where="mapping.yaml") if mapping else None
    with open_duckdb(scratch) as con:
        feeds, issues = connector(source)(Reader(con, scratch), Asked(location, url, given, zone))
        staged, more = stage(con, feeds, scratch, aliases=aliases or {}, progress=lambda *_: None)
        records, rejects = {}, {}
        for one in staged:
            name = one.record_type.name
            key = ", ".join(one.record_type.key)
            records[name] = _rows(con, f"SELECT * FROM read_parquet('{one.file}') ORDER BY {key}") if one.good else []
            rejects[name] = [r for f in one.rejects for r in _rows(con, f"SELECT * FROM read_parquet('{f}')")]
    for one in staged:
        name = one.record_type.name
        assert one.read == one.good + one.quarantined + one.duplicates
        assert (len(records[name]), len(rejects[name])) == (one.good, one.quarantined)
        for row in rejects[name]:
            assert row["message"]
            assert row["hint"]
            assert row["row"]
    return Taken({s.record_type.name: s for s in staged}, [*issues, *more], records, rejects)


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, object]]:
    return con.sql(sql).to_arrow_table().to_pylist()


@pytest.fixture
def take(tmp_path):
    """Load files given as text or bytes, by name."""
    made = iter(range(1_000))

    def take(files, **ways):
        number = next(made)
        folder = tmp_path / f"in{number}"
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return run(folder, tmp_path / f"scratch{number}", **ways)

    return take


@pytest.fixture
def take_folder(tmp_path):
    """Load a folder that is there."""

    def take_folder(location, **ways):
        return run(location, tmp_path / "scratch", **ways)

    return take_folder
