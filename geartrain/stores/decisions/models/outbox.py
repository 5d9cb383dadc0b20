"""What is proposed to be written into a source, and what became of it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

OPEN = ("proposed", "ready", "sending", "conflict", "failed")
STATES = (*OPEN, "sent", "cancelled")


class WriteBack(models.Model):
    """One change of one record. What it says never changes; the key refuses the same change by the same cause."""

    key = models.CharField(max_length=64, unique=True)
    system = models.CharField(max_length=40)
    kind = models.CharField(max_length=40)
    record = models.CharField(max_length=200)
    # Column to {"to": value} and, where it is known, "from".
    changes: models.JSONField[Any, Any] = models.JSONField()
    cause = models.CharField(max_length=300)
    reason = models.TextField(blank=True)
    state = models.CharField(max_length=10)
    proposed_by = models.CharField(max_length=254)
    proposed_at = models.DateTimeField()
    approved_by = models.CharField(max_length=254, blank=True)
    approved_at = models.DateTimeField(null=True)
    # What the source had when a person accepted a conflict: the proposal rests on it from then on.
    accepted: models.JSONField[Any, Any] = models.JSONField(null=True)
    # What the source had before a write whose outcome is not known, with its stamp.
    tried: models.JSONField[Any, Any] = models.JSONField(null=True)
    # What the source had before it was written: what a reversal puts back.
    before: models.JSONField[Any, Any] = models.JSONField(null=True)
    tries = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    message = models.TextField(blank=True)
    closed_by = models.CharField(max_length=254, blank=True)
    closed_at = models.DateTimeField(null=True)
    # The record while it is still to be written: nothing else is proposed for it meanwhile.
    open_key = models.CharField(max_length=300, null=True, unique=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(condition=Q(state__in=STATES), name="write_back_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=OPEN, open_key__isnull=False)
                | Q(state__in=["sent", "cancelled"], open_key__isnull=True),
                name="write_back_open_key",
            ),
        )
        indexes = (models.Index(fields=["state"], name="write_back_state"),)
