"""Writing to the decision store: one transaction, one event of the trail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from geartrain.kernel.errors import Conflict
from geartrain.services.access import Actor
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions


@contextmanager
def writing(ws: Workspace, *, in_turn: bool = False) -> Iterator[str]:
    """The open decision store, in one transaction; gives the hash of the trail's last event where it is `in_turn`.

    Args:
        in_turn: Wait for every other writer first, so that what is read in here is still so when it is written.
            (SQLite does so anyway; PostgreSQL by the row that puts the trail into one order.)
    Raises:
        Conflict: the database refused a row that somebody else wrote first.
    """
    open_decisions(ws.decisions_url)
    from django.db import IntegrityError, transaction

    from geartrain.stores.decisions.models import AuditHead

    try:
        with transaction.atomic():
            yield AuditHead.objects.select_for_update().get(pk=1).hash if in_turn else ""
    except IntegrityError as error:
        raise Conflict(
            f"The decision store refused this: {error}.", hint="Read it again: somebody was first."
        ) from None


def record(ws: Workspace, actor: Actor, verb: str, subject: str, **detail: object) -> None:
    """Add the event of this deed, in its transaction."""
    from geartrain.stores.decisions.models import record_event

    record_event(actor.login, verb, at=ws.now(), subject=subject, detail=detail)
