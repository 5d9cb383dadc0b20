"""What people owe by an instant."""

from __future__ import annotations

from typing import Any

from django.db import models


class Commitment(models.Model):
    """One thing somebody owes. The moves are those of kernel/clock; a row is never deleted."""

    kind = models.CharField(max_length=60)
    subject = models.CharField(max_length=300)
    title = models.CharField(max_length=300)
    link = models.CharField(max_length=500, blank=True)
    assignee = models.CharField(max_length=254)  # a login, or a role: then everyone who wears it
    opened = models.DateTimeField()
    due = models.DateTimeField()
    state = models.CharField(max_length=10, default="open")
    done = models.DateTimeField(null=True)
    closed = models.DateTimeField(null=True)
    passed_on = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=254, blank=True)
    reason = models.TextField(blank=True)
    escalation: models.JSONField[list[Any], list[Any]] = models.JSONField(default=list)
    source = models.CharField(max_length=300, blank=True)
    # What it is about while it is still to be done, empty afterwards: the same thing is not opened twice.
    open_key = models.CharField(max_length=400, null=True, unique=True)

    class Meta:
        ordering = ("due", "id")
        constraints = (
            models.CheckConstraint(condition=models.Q(due__gte=models.F("opened")), name="commitment_due_after_opened"),
            models.CheckConstraint(
                condition=models.Q(state__in=["open", "met", "breached", "waived", "cancelled"]),
                name="commitment_state_known",
            ),
        )
        indexes = (
            models.Index(fields=["assignee", "due"], name="commitment_assignee"),
            models.Index(fields=["subject"], name="commitment_subject"),
        )
