"""The trail: in one order, each event bound to the one before, nothing changed or taken out."""

import threading
from datetime import datetime

import pytest
from django.db import DatabaseError

from geartrain.kernel.errors import Conflict
from geartrain.stores.decisions import open_decisions

AT = datetime.fromisoformat("2026-09-30T12:00")


@pytest.fixture
def store(tmp_path):
    open_decisions(f"sqlite:///{tmp_path / 'd.sqlite3'}")
    from geartrain.stores.decisions import models

    return models


def write(models, n, detail=None):
    return models.record_event("ann", "did", at=AT, subject=f"thing/{n}", detail=detail or {"n": n})


def test_every_event_is_bound_to_the_one_before(store):
    found = [write(store, n) for n in range(5)]
    assert found[0].prev_hash == ""
    assert [e.prev_hash for e in found[1:]] == [e.hash for e in found[:-1]]
    for event in store.AuditEvent.objects.all():
        assert event.hash == event.computed_hash(), "read back, it hashes the same"


def test_is_append_only_for_the_code_and_for_the_database(store):
    event = write(store, 1)
    with pytest.raises(Conflict):
        event.save()
    for deed in (
        lambda: store.AuditEvent.objects.update(actor="bob"),
        lambda: store.AuditEvent.objects.all().delete(),
        event.delete,
    ):
        with pytest.raises(DatabaseError, match="append-only"):
            deed()
    assert store.AuditEvent.objects.get().actor == "ann"


def test_writers_at_one_time_make_one_chain(store):
    from django.db import connections

    failures = []

    def work(n):
        try:
            write(store, n)
        except DatabaseError as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(12)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert failures == []
    trail = list(store.AuditEvent.objects.all())
    assert len(trail) == 12
    assert [e.prev_hash for e in trail] == ["", *(e.hash for e in trail[:-1])]


def test_what_is_rolled_back_leaves_no_event(store):
    from django.db import transaction

    write(store, 1)
    with transaction.atomic():
        write(store, 2)
        transaction.set_rollback(True)
    write(store, 3)
    first, second = store.AuditEvent.objects.all()
    assert second.prev_hash == first.hash
