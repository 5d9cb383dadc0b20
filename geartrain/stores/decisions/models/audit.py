"""Who did what, when: written with the deed in one transaction, never changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from django.db import models, transaction

from geartrain.kernel.errors import Conflict


class AuditEvent(models.Model):
    """One deed. `hash` covers the row and the hash before it, so that a missing or altered row shows."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=254)
    verb = models.CharField(max_length=60)
    subject = models.CharField(max_length=300)
    detail: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=["subject"]), models.Index(fields=["at"]))

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write it, once. The database refuses changes too, by triggers."""
        if not self._state.adding:
            raise Conflict("An audit event is never changed.")
        super().save(*args, **kwargs)

    def computed_hash(self) -> str:
        """What `hash` must be."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        text = json.dumps(
            [self.prev_hash, at, self.actor, self.verb, self.subject, self.detail], sort_keys=True, ensure_ascii=False
        )
        return sha256(text.encode()).hexdigest()


class AuditHead(models.Model):
    """The hash of the latest event, one row: locking it puts the events into one order."""

    hash = models.CharField(max_length=64, default="", blank=True)


def record_event(actor: str, verb: str, *, at: datetime, subject: str, detail: dict[str, Any]) -> AuditEvent:
    """Add an event to the trail, in the caller's transaction; `at` is naive UTC."""
    # No savepoint: an event that fails takes its deed with it.
    with transaction.atomic(savepoint=False):
        head = AuditHead.objects.select_for_update().get(pk=1)
        event = AuditEvent(
            at=at.replace(tzinfo=UTC), actor=actor, verb=verb, subject=subject, detail=detail, prev_hash=head.hash
        )
        event.hash = event.computed_hash()
        event.save()
        head.hash = event.hash
        head.save(update_fields=["hash"])
    return event
