"""What only a server can get wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from geartrain.facts import record_type
from geartrain.kernel.errors import Invalid
from geartrain.stores.warehouse import open_warehouse
from geartrain.stores.warehouse.base import Unavailable
from geartrain.stores.warehouse.postgres_schema import check_server
from tests.engines.rows import FIRST, load, read, stage

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("postgres")]
REPOSITORY = Path(__file__).parents[2]
ANN = {"user_id": "u1", "name": "Ann", "is_active": True}


def again(warehouse):
    """The same database, as another process opens it."""
    return open_warehouse(warehouse.url, folder=Path("unused"))


def test_tables_of_a_newer_version_are_refused(postgres):
    with psycopg.connect(postgres.url) as admin:
        admin.execute("INSERT INTO geartrain._version VALUES (99)")
    for ask in (again(postgres).migrate, again(postgres).snapshot):
        with pytest.raises(Invalid, match=r"newer Geartrain \(version 99, this one knows 1\)"):
            ask()


def test_tables_of_an_older_declaration_get_their_columns_and_keep_their_rows(postgres):
    load(postgres, {"user": [ANN]})
    with psycopg.connect(postgres.url) as admin:
        for table in ("user", "user__versions"):
            admin.execute(f'ALTER TABLE geartrain."{table}" DROP COLUMN fte, DROP COLUMN team')
        admin.execute("DROP TABLE geartrain.tool_use")
    other = again(postgres)
    load(other, {"user": [ANN | {"fte": 1}]}, day=1)
    with other.snapshot() as snapshot:
        assert read(snapshot, snapshot.versions("user"), "load_id", "fte") == [("L000001", None), ("L000002", 1)]
        assert read(snapshot, snapshot.table("tool_use"), "tool") == []
    other.close()


def test_many_processes_may_make_the_tables_at_once(postgres):
    with psycopg.connect(postgres.url) as admin:
        admin.execute("DROP SCHEMA geartrain CASCADE")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: again(postgres).migrate(), range(4)))
    load(again(postgres), {"user": [ANN]})


def test_a_connection_that_died_is_replaced(postgres):
    load(postgres, {"user": [ANN]})
    postgres.snapshot().close()
    with psycopg.connect(postgres.url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'geartrain' AND datname = current_database()"
        )
    with postgres.snapshot() as snapshot:
        assert read(snapshot, snapshot.table("user"), "name") == [("Ann",)]


WRITER = """
    import sys
    from pathlib import Path
    from geartrain.facts import record_type
    from geartrain.stores.warehouse import open_warehouse
    from tests.engines.rows import FIRST
    with open_warehouse(sys.argv[1], folder=Path("unused")).write(recorded_at=FIRST, source="crm") as writer:
        writer.append(record_type("user"), Path(sys.argv[2]))
        print("appended", flush=True)
        sys.stdin.readline()
"""


def test_a_writer_that_is_killed_leaves_the_previous_state_and_no_lock(postgres, tmp_path):
    staged = stage("user", [ANN], tmp_path / "user.parquet")
    command = [sys.executable, "-c", textwrap.dedent(WRITER), postgres.url, str(staged)]
    writer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)
    assert writer.stdout.readline() == "appended\n"
    os.kill(writer.pid, signal.SIGKILL)
    writer.communicate()
    with postgres.snapshot() as snapshot:
        assert read(snapshot, snapshot.table("user"), "name") == []
    load(postgres, {"user": [ANN]})


def test_threads_ask_at_once_while_one_loads(postgres):
    load(postgres, {"user": [ANN]})

    def ask(_: int) -> tuple:
        with postgres.snapshot() as snapshot:
            return tuple(read(snapshot, snapshot.table("user"), "user_id"))

    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(ask, n) for n in range(30)]
        for day in range(1, 4):
            load(postgres, {"user": [ANN | {"name": f"Ann {day}"}]}, day=day)
        assert {a.result() for a in asked} == {(("u1",),)}


def test_a_text_that_the_server_cannot_hold_is_said(postgres, tmp_path):
    staged = stage("user", [ANN | {"name": "A\0nn"}], tmp_path / "user.parquet")
    with (
        postgres.write(recorded_at=FIRST, source="crm") as writer,
        pytest.raises(Invalid, match="NUL character"),
    ):
        writer.append(record_type("user"), staged)


def test_text_sorts_as_it_does_in_the_other_engines(postgres):
    names = ["a", "B", "ä", "Z", "_", "10", "9"]
    load(postgres, {"user": [ANN | {"user_id": n} for n in names]})
    with postgres.snapshot() as snapshot:
        assert [n for (n,) in read(snapshot, snapshot.table("user"), "user_id")] == sorted(names)


def test_a_server_that_is_not_there_is_said_without_the_password():
    url = "postgresql://ann:secret@127.0.0.1:1/sales"
    with pytest.raises(Unavailable, match="cannot be reached") as said:
        open_warehouse(url, folder=Path("unused")).migrate()
    assert "secret" not in said.value.message


@pytest.mark.parametrize(("version", "fine"), [(120022, False), (130000, True), (180004, True)])
def test_a_server_that_is_too_old_is_refused(version, fine):
    con = SimpleNamespace(info=SimpleNamespace(server_version=version))
    if fine:
        check_server(con)
    else:
        with pytest.raises(Unavailable, match="PostgreSQL 12 is too old"):
            check_server(con)
