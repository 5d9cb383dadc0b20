"""What people say about pay: disputes, adjustments by hand, plans signed, awards of contests."""

from __future__ import annotations

from django.db import models


class PayDispute(models.Model):
    """A payee says that a statement is wrong: opened, triaged, accepted or rejected, closed.

    Args:
        open_key: What may be in dispute only once at a time; empty once it is decided.
        trace: The arithmetic or the rule that the answer rests on.
    """

    period = models.CharField(max_length=20)
    payee = models.CharField(max_length=254)
    component = models.CharField(max_length=100, blank=True)
    deal = models.CharField(max_length=300, blank=True)
    kind = models.CharField(max_length=20)
    text = models.CharField(max_length=2000)
    state = models.CharField(max_length=10, default="opened")
    verdict = models.CharField(max_length=10, blank=True)
    opened_by = models.CharField(max_length=254)
    opened_at = models.DateTimeField()
    triaged_by = models.CharField(max_length=254, blank=True)
    triaged_at = models.DateTimeField(null=True)
    root_cause = models.CharField(max_length=200, blank=True)
    answer = models.CharField(max_length=2000, blank=True)
    trace: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    decided_by = models.CharField(max_length=254, blank=True)
    decided_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=254, blank=True)
    closed_at = models.DateTimeField(null=True)
    due = models.DateTimeField()
    open_key = models.CharField(max_length=800, null=True, unique=True)

    class Meta:
        indexes = (models.Index(fields=["payee", "period"], name="pay_dispute_payee"),)


class PayAdjustment(models.Model):
    """An amount somebody asks for by hand; paid once another person approves it, as an entry of the ledger."""

    period = models.CharField(max_length=20)
    payee = models.CharField(max_length=254)
    comp_plan = models.CharField(max_length=100, blank=True)
    kind = models.CharField(max_length=20)
    amount = models.DecimalField(max_digits=30, decimal_places=6)
    currency = models.CharField(max_length=3)
    budget = models.CharField(max_length=100)
    reason = models.CharField(max_length=1000)
    dispute = models.ForeignKey(PayDispute, null=True, on_delete=models.PROTECT, related_name="adjustments")
    state = models.CharField(max_length=10, default="requested")
    asked_by = models.CharField(max_length=254)
    asked_at = models.DateTimeField()
    decided_by = models.CharField(max_length=254, blank=True)
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=1000, blank=True)


class PlanLetter(models.Model):
    """A plan's rendering and a quota letter as they were sent to a payee: sent, read, accepted.

    Args:
        plan_sha256, letter_sha256: Hashes of the two texts: what is signed.
    """

    payee = models.CharField(max_length=254)
    comp_plan = models.CharField(max_length=100)
    plan_text = models.TextField()
    plan_sha256 = models.CharField(max_length=64)
    letter_text = models.TextField()
    letter_sha256 = models.CharField(max_length=64)
    sent_by = models.CharField(max_length=254)
    sent_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    accepted_by = models.CharField(max_length=254, blank=True)
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["payee", "comp_plan", "plan_sha256", "letter_sha256"], name="plan_letter_once"
            ),
        )


class ContestAward(models.Model):
    """What somebody won, once, however often the job runs; `entry` is the ledger's where it is paid."""

    contest = models.CharField(max_length=100)
    period = models.CharField(max_length=20)
    person = models.CharField(max_length=254)
    award = models.CharField(max_length=100)
    rank = models.PositiveIntegerField()
    value = models.DecimalField(max_digits=38, decimal_places=6)
    amount = models.DecimalField(max_digits=30, decimal_places=6)
    currency = models.CharField(max_length=3)
    paid_in = models.CharField(max_length=20)
    facts = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["contest", "period", "person", "award"], name="contest_award_once"),
        )
