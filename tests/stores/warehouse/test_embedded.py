"""The embedded warehouse among several processes, and when something is wrong on the disk."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from geartrain.facts import record_type
from geartrain.kernel.errors import Conflict, Invalid
from geartrain.stores.warehouse import open_warehouse
from geartrain.stores.warehouse.base import Damaged
from geartrain.stores.warehouse.embedded import EmbeddedWarehouse
from tests.engines.rows import FIRST, load, read, stage

REPOSITORY = Path(__file__).parents[3]
ANN = {"user_id": "u1", "name": "Ann", "is_active": True}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "warehouse"


@pytest.fixture
def warehouse(folder: Path):
    opened = EmbeddedWarehouse(folder)
    opened.migrate()
    yield opened
    opened.close()


def people(count: int, **columns) -> list[dict]:
    return [{"user_id": f"u{n:05d}", "name": f"Person {n}", "is_active": True, **columns} for n in range(count)]


def python(program: str, *arguments: object, **options) -> subprocess.Popen[str]:
    """Another process that runs a program."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, **options)  # fmt: skip


def parquet_files(folder: Path) -> set[Path]:
    return set((folder / "files").rglob("*.parquet"))


READER = """
    import sys
    from pathlib import Path
    from geartrain.stores.warehouse import open_warehouse
    with open_warehouse("", folder=Path(sys.argv[1])).snapshot() as snapshot:
        for _ in range(2):
            names = snapshot.execute(snapshot.table("user").select("name").order_by("name"))["name"].to_pylist()
            print(snapshot.id, ",".join(names), flush=True)
            sys.stdin.readline()
"""


def test_a_reader_in_another_process_keeps_its_state_and_its_files(warehouse, folder):
    before = load(warehouse, {"user": [ANN]})
    reader = python(READER, folder)
    assert reader.stdout.readline() == f"{before} Ann\n"
    old = parquet_files(folder)
    for day in range(1, 4):
        load(warehouse, {"user": [ANN | {"name": f"Ann {day}"}]}, day=day)
    assert old <= parquet_files(folder)
    reader.stdin.write("\n")
    reader.stdin.flush()
    assert reader.stdout.readline() == f"{before} Ann\n"
    reader.communicate("\n", timeout=20)
    assert reader.returncode == 0
    # What nobody reads any more goes with the next load; the three versions that were superseded stay as versions.
    load(warehouse, {"user": [ANN | {"name": "Anne"}]}, day=5)
    load(warehouse, {}, day=6)
    with warehouse.snapshot() as snapshot:
        needed = {folder / path for path in snapshot.state.manifest.data_files()}
        assert len(read(snapshot, snapshot.versions("user"), "name")) == 5
    assert parquet_files(folder) == needed


def test_a_killed_reader_holds_nothing(warehouse, folder):
    load(warehouse, {"user": people(3)})
    load(warehouse, {"user": [people(1)[0] | {"title": "AE"}]}, day=1)
    reader = python(READER, folder)
    reader.stdout.readline()
    load(warehouse, {"user": [people(1)[0] | {"title": "Boss"}]}, day=2)
    held = len(list((folder / "manifests").iterdir()))
    reader.kill()
    reader.wait()
    load(warehouse, {}, day=3)
    load(warehouse, {}, day=4)
    assert held == 2
    assert len(list((folder / "manifests").iterdir())) == 2  # the one that holds, and the one it replaced
    assert not list((folder / "tmp").glob(f"*-{reader.pid}-*"))


WRITER = """
    import sys
    from pathlib import Path
    from geartrain.facts import record_type
    from geartrain.stores.warehouse import open_warehouse
    from geartrain.stores.warehouse.base import LoadEntry
    from tests.engines.rows import FIRST
    warehouse = open_warehouse("", folder=Path(sys.argv[1]))
    print("ready", flush=True)
    with warehouse.write(recorded_at=FIRST, source="crm") as writer:
        writer.append(record_type("user"), Path(sys.argv[2]))
        print("appended", flush=True)
        sys.stdin.readline()
        print(writer.commit(LoadEntry(writer.load_id, "crm", FIRST, {})), flush=True)
"""


def test_a_writer_in_another_process_is_waited_for_and_not_seen(warehouse, folder, tmp_path):
    other = python(WRITER, folder, stage("user", [ANN], tmp_path / "user.parquet"))
    assert (other.stdout.readline(), other.stdout.readline()) == ("ready\n", "appended\n")
    with warehouse.snapshot() as snapshot:
        assert read(snapshot, snapshot.table("user"), "name") == []
    with pytest.raises(Conflict), warehouse.write(recorded_at=FIRST, source="crm", wait_seconds=0.05):
        raise AssertionError("two writers at once")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(load, warehouse, {"user": [ANN | {"name": "Anne"}]}, day=1)
        time.sleep(0.1)
        assert not waiting.done()
        committed, _ = other.communicate("\n", timeout=20)
        assert waiting.result(timeout=20) != committed.strip()
    with warehouse.snapshot() as snapshot:
        assert [e.load_id for e in snapshot.loads()] == ["L000002", "L000001"]
        assert read(snapshot, snapshot.versions("user"), "name") == [("Ann",), ("Anne",)]


def test_killed_at_any_instant_the_previous_or_the_next_state_stands(warehouse, folder, tmp_path):
    load(warehouse, {"user": people(20_000, title="T-1")})
    instants, title = random.Random(7), "T-1"
    for attempt in range(6):
        with warehouse.snapshot() as snapshot:
            before, loads = snapshot.id, len(snapshot.loads())
        writer = python(WRITER, folder, stage("user", people(20_000, title=f"T{attempt}"), tmp_path / "user.parquet"))
        writer.stdout.readline()
        writer.stdin.write("\n")
        writer.stdin.flush()
        time.sleep(instants.uniform(0, 0.4))
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate()
        assert warehouse.verify() == []
        with warehouse.snapshot() as snapshot:
            titles = read(snapshot, snapshot.table("user").select("title").distinct(), "title")
            rows = snapshot.execute(snapshot.table("user").select("user_id")).num_rows
            done = snapshot.id != before
            assert len(snapshot.loads()) == loads + done
        title = f"T{attempt}" if done else title
        assert (titles, rows) == ([(title,)], 20_000)
    load(warehouse, {}, day=1)
    with warehouse.snapshot() as snapshot:
        assert parquet_files(folder) == {folder / p for p in snapshot.state.manifest.data_files()}


def test_many_threads_read_while_one_loads(warehouse):
    load(warehouse, {"user": people(500), "account": []})

    def ask(_: int) -> set[tuple]:
        with warehouse.snapshot() as snapshot:
            users = snapshot.table("user")
            return set(read(snapshot, users.aggregate(n=users.count(), kinds=users.title.nunique()), "n", "kinds"))

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, n) for n in range(60)]
        for day in range(1, 6):
            load(warehouse, {"user": people(500, title=f"Title {day}")}, day=day)
        answers = set().union(*(a.result() for a in asked))
    assert answers <= {(500, 0), (500, 1)}
    assert warehouse._latest.readers == 0


def test_one_snapshot_may_be_asked_by_several_threads(warehouse):
    load(warehouse, {"user": people(300)})
    with warehouse.snapshot() as snapshot, ThreadPoolExecutor(8) as pool:
        users = snapshot.table("user")
        answers = pool.map(lambda n: len(read(snapshot, users.filter(users.user_id < f"u{n:05d}"), "name")), range(100))
        assert list(answers) == list(range(100))


def test_only_files_that_hold_a_superseded_key_are_rewritten(warehouse):
    load(warehouse, {"user": people(10)})
    load(warehouse, {"user": [ANN]}, day=1)
    with warehouse.snapshot() as snapshot:
        first, second = snapshot.state.manifest.types["user"].current
    load(warehouse, {"user": [ANN | {"name": "Anne"}]}, day=2)
    with warehouse.snapshot() as snapshot:
        files = snapshot.state.manifest.types["user"]
    assert first in files.current
    assert second not in files.current
    assert {first, second} < set(files.versions)


def test_many_small_loads_come_to_few_files(warehouse, folder):
    for day in range(40):
        load(warehouse, {"user": [ANN | {"user_id": f"v{day}"}, ANN | {"name": f"Ann {day}"}]}, day=day)
    with warehouse.snapshot() as snapshot:
        files = snapshot.state.manifest.types["user"]
        assert len(files.current) <= 17
        assert len(files.versions) <= 17
        assert len(read(snapshot, snapshot.versions("user"), "user_id", "load_id")) == 80
        assert len(read(snapshot, snapshot.table("user"), "user_id")) == 41
        known = snapshot.table("user", known_as_of=FIRST + timedelta(10.5))
        assert ("u1", "Ann 10") in read(snapshot, known, "user_id", "name")
        assert len(snapshot.loads()) == 40


def test_files_of_an_older_declaration_are_read_with_what_they_have(warehouse, monkeypatch):
    declared = record_type("user")
    columns = tuple(c for c in declared.columns if c.name != "fte")
    older = type(declared)(declared.name, declared.grain, declared.key, columns)
    monkeypatch.setattr("tests.engines.rows.record_type", lambda name: older)
    load(warehouse, {"user": people(2)})
    monkeypatch.undo()
    with warehouse.snapshot() as snapshot:
        assert read(snapshot, snapshot.table("user"), "user_id", "fte") == [("u00000", None), ("u00001", None)]
    load(warehouse, {"user": [people(1)[0] | {"fte": 1}]}, day=1)
    with warehouse.snapshot() as snapshot:
        rows = read(snapshot, snapshot.table("user"), "user_id", "fte", "load_id")
    assert [(key, fte and int(fte), load_id) for key, fte, load_id in rows] == [
        ("u00000", 1, "L000002"),
        ("u00001", None, "L000001"),
    ]


def test_a_lost_pointer_is_said_and_not_taken_for_an_empty_warehouse(warehouse, folder):
    load(warehouse, {"user": [ANN]})
    (folder / "manifest.json").unlink()
    with pytest.raises(Damaged, match=r"manifest\.json is lost"):
        warehouse.snapshot()
    with pytest.raises(Damaged, match="is lost"):
        load(open_warehouse("", folder=folder), {"user": [ANN]}, day=1)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": "x", "manifest": 1, "sha256": 2}'])
def test_a_pointer_that_cannot_be_read_is_said(warehouse, folder, text):
    (folder / "manifest.json").write_text(text)
    with pytest.raises(Damaged, match=r"manifest\.json cannot be read"):
        warehouse.snapshot()


def test_a_manifest_that_was_changed_or_lost_is_said(warehouse, folder):
    load(warehouse, {"user": [ANN]})
    manifest = folder / "manifests" / "00000001.json"
    text = manifest.read_text()
    manifest.write_text(text.replace('"rows": 1', '"rows": 2'))
    with pytest.raises(Damaged, match="not as it was written"):
        EmbeddedWarehouse(folder).snapshot()
    manifest.unlink()
    with pytest.raises(Damaged, match="is lost"):
        EmbeddedWarehouse(folder).snapshot()
    assert "is lost" in EmbeddedWarehouse(folder).verify()[0]


def test_a_lost_or_shorter_file_is_said_at_once_and_a_changed_byte_by_verify(warehouse, folder):
    load(warehouse, {"user": people(50)})
    (file,) = parquet_files(folder)
    whole = file.read_bytes()
    assert warehouse.verify() == []
    file.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
    assert warehouse.verify() == [f"{file} is not as it was written."]
    file.write_bytes(whole[:-1])
    with pytest.raises(Damaged, match=f"has {len(whole) - 1:,} bytes instead of {len(whole):,}"):
        EmbeddedWarehouse(folder).snapshot()
    file.unlink()
    with pytest.raises(Damaged, match="is lost"):
        EmbeddedWarehouse(folder).snapshot()
    # The warehouse that had it open says so too when it is asked to look.
    assert warehouse.verify() == [f"{file} is lost."]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"counts": 3}'])
def test_a_history_that_cannot_be_read_is_said(warehouse, folder, text):
    load(warehouse, {"user": [ANN]})
    (file,) = (folder / "loads").iterdir()
    file.write_text(text)
    with warehouse.snapshot() as snapshot, pytest.raises(Damaged, match="cannot be read"):
        snapshot.loads()


def test_a_newer_format_is_refused(warehouse, folder):
    pointer = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(pointer | {"format": 99}))
    with pytest.raises(Invalid, match=r"newer Geartrain \(format 99, this one reads 1\)"):
        warehouse.snapshot()


def test_a_folder_that_was_never_made_is_empty_and_the_first_load_makes_it(folder):
    warehouse = EmbeddedWarehouse(folder)
    with warehouse.snapshot() as snapshot:
        assert read(snapshot, snapshot.table("user"), "name") == []
    load(warehouse, {"user": [ANN]})
    with warehouse.snapshot() as snapshot:
        assert read(snapshot, snapshot.table("user"), "name") == [("Ann",)]


def test_a_snapshot_that_nobody_closes_lets_go_when_it_is_forgotten(warehouse, folder):
    load(warehouse, {"user": [ANN]})
    snapshot = warehouse.snapshot()
    assert warehouse._latest.readers == 1
    del snapshot
    assert warehouse._latest.readers == 0


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://user:secret@host/db", "No warehouse has the URL 'host/db'"),
        ("duckdb://?speed=high", "knows no speed"),
        ("duckdb://?threads=many", "'many' is no number"),
        ("local[2]?memory=1", "knows no memory for Spark"),
    ],
)
def test_a_url_that_means_nothing_is_refused_without_its_password(url, message, folder):
    with pytest.raises(Invalid, match=message) as refused:
        open_warehouse(url, folder=folder)
    assert "secret" not in refused.value.message


def test_limits_are_taken_from_the_url(folder):
    warehouse = open_warehouse("duckdb://?memory_limit=300MB&threads=1", folder=folder)
    settings = "SELECT current_setting('threads'), current_setting('memory_limit')"
    assert warehouse.duck.execute(settings).fetchall() == [(1, "286.1 MiB")]
    warehouse.close()
