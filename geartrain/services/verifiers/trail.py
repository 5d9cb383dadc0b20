"""The trail: every event is what its hash says, and follows the one before."""

from __future__ import annotations

from collections.abc import Iterator

from geartrain.kernel.issues import Issue, Level
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions

HINT = "Restore the decision store from a backup, and find out who could write to it."


def verify_trail(ws: Workspace) -> Iterator[Issue]:
    """Events that were altered, are out of their order, or are missing from before, between or after the others."""
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import AuditEvent, AuditHead

    last, before = "", "the beginning"
    for event in AuditEvent.objects.order_by("id").iterator(chunk_size=2000):
        name = f"Event {event.pk} ({event.verb} by {event.actor} on {event.subject})"
        if event.computed_hash() != event.hash:
            yield Issue("audit_altered", Level.error, f"{name} was altered.", f"audit/{event.pk}", HINT)
        if event.prev_hash != last:
            message = f"{name} does not follow {before}: something between them is missing or was replaced."
            yield Issue("audit_broken", Level.error, message, f"audit/{event.pk}", HINT)
        last, before = event.hash, f"event {event.pk}"
    if AuditHead.objects.get(pk=1).hash != last:
        message = f"The trail went on after {before}: later events are missing."
        yield Issue("audit_cut", Level.error, message, "audit", HINT)


VERIFIER = verify_trail
