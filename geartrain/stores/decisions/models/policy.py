"""Policies: their versions, who approved and who acknowledged them, and what was decided by them.

What may never happen is refused by the database itself: see migration 0003 and its guards.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

OPEN = ("draft", "in_review", "approved")
STATUSES = (*OPEN, "published", "superseded", "retired")


class PolicyVersion(models.Model):
    """One version of one policy. Once it has left draft its text never changes; its number has no gap before it."""

    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=100)
    version = models.PositiveIntegerField()
    status = models.CharField(max_length=12, default="draft")
    sha256 = models.CharField(max_length=64)
    author = models.CharField(max_length=254)
    # Everyone who wrote some of it, the first author included: none of them approves it.
    authors: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    # How often it was proposed: an approval counts for the round it was given in.
    round = models.PositiveIntegerField(default=0)
    summary = models.TextField(blank=True)
    created_at = models.DateTimeField()
    saved_at = models.DateTimeField()
    proposed_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    published_by = models.CharField(max_length=254, blank=True)
    effective_from = models.DateTimeField(null=True)
    effective_to = models.DateTimeField(null=True)
    material = models.BooleanField(default=True)
    review_by = models.DateField(null=True)
    retired_at = models.DateTimeField(null=True)
    retired_by = models.CharField(max_length=254, blank=True)
    reason = models.TextField(blank=True)
    # Last, so that a question about the others never reads it.
    body = models.TextField()

    class Meta:
        ordering = ("kind", "key", "version")
        constraints = (
            models.UniqueConstraint(fields=["kind", "key", "version"], name="policy_version_once"),
            models.UniqueConstraint(fields=["kind", "key"], condition=Q(status__in=OPEN), name="policy_one_open"),
            models.UniqueConstraint(
                fields=["kind", "key", "effective_from"],
                condition=Q(status__in=["published", "superseded"]),
                name="policy_one_per_instant",
            ),
            models.CheckConstraint(condition=Q(status__in=STATUSES), name="policy_status_known"),
            models.CheckConstraint(condition=Q(version__gte=1), name="policy_version_from_1"),
            models.CheckConstraint(
                condition=Q(published_at=None, effective_from=None, status__in=[*OPEN])
                | Q(published_at__isnull=False, effective_from__isnull=False, status__in=STATUSES[3:]),
                name="policy_published_from",
            ),
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_to__gte=models.F("effective_from")), name="policy_interval"
            ),
        )
        indexes = (models.Index(fields=["published_at", "retired_at"], name="policy_state"),)

    @property
    def subject(self) -> str:
        """How the trail names the policy."""
        return f"policy/{self.kind}/{self.key}"


class Approval(models.Model):
    """What somebody who had no part in it said of a proposed text."""

    policy_version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="approvals")
    approver = models.CharField(max_length=254)
    verdict = models.CharField(max_length=8)
    comment = models.TextField(blank=True)
    round = models.PositiveIntegerField()
    at = models.DateTimeField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(condition=Q(verdict__in=["approved", "rejected"]), name="approval_verdict_known"),
            models.UniqueConstraint(
                fields=["policy_version", "round", "approver", "verdict"], name="approval_once_a_round"
            ),
        )


class Acknowledgement(models.Model):
    """Somebody said that they have read and accept a published text, named by its hash."""

    policy_version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="acknowledgements")
    person = models.CharField(max_length=254)
    at = models.DateTimeField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=["policy_version", "person"], name="acknowledged_once"),)


class Decision(models.Model):
    """What a rule of a policy decided about a subject; the id hashes what it rests on, so that a replay adds none."""

    id = models.CharField(max_length=64, primary_key=True)
    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=100)
    version = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    rule = models.CharField(max_length=200)
    subject = models.CharField(max_length=300)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    inputs: models.JSONField[Any, Any] = models.JSONField(default=dict)
    result: models.JSONField[Any, Any] = models.JSONField(null=True)
    trace: models.JSONField[Any, Any] = models.JSONField(null=True)

    class Meta:
        ordering = ("occurred_at", "id")
        indexes = (
            models.Index(fields=["kind", "key", "occurred_at"], name="decision_policy"),
            models.Index(fields=["subject", "occurred_at"], name="decision_subject"),
        )
