"""Pay periods, who approved them, and what was locked: entries and statements are added, never changed."""

from __future__ import annotations

from django.db import models


class PayPeriod(models.Model):
    """One period of pay: open, calculated, in_review, approved, locked. `manifest` is that of the last calculation."""

    key = models.CharField(max_length=20, unique=True)
    start = models.DateField()
    end = models.DateField()
    status = models.CharField(max_length=12, default="open")
    manifest = models.CharField(max_length=64, blank=True)
    changed_at = models.DateTimeField()


class PayApproval(models.Model):
    """Somebody's word for one side, for exactly what the manifest stands for."""

    period = models.ForeignKey(PayPeriod, on_delete=models.PROTECT, related_name="approvals")
    side = models.CharField(max_length=10)
    login = models.CharField(max_length=254)
    at = models.DateTimeField()
    manifest = models.CharField(max_length=64)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["period", "manifest", "side"], name="pay_approval_one_a_side"),
            models.UniqueConstraint(fields=["period", "manifest", "login"], name="pay_approval_two_people"),
        )


class PayStatement(models.Model):
    """A statement as it was locked, byte for byte."""

    period = models.ForeignKey(PayPeriod, on_delete=models.PROTECT, related_name="statements")
    payee = models.CharField(max_length=254)
    body = models.TextField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["period", "payee"], name="pay_statement_once"),)


class PayEntry(models.Model):
    """One movement of money, posted in a period; `origin` is the period it is about, earlier where it adjusts one."""

    period = models.ForeignKey(PayPeriod, on_delete=models.PROTECT, related_name="entries")
    origin = models.CharField(max_length=20)
    payee = models.CharField(max_length=254)
    comp_plan = models.CharField(max_length=100)
    kind = models.CharField(max_length=20)
    component = models.CharField(max_length=100, blank=True)
    deal = models.CharField(max_length=300, blank=True)
    amount = models.DecimalField(max_digits=30, decimal_places=6)
    old = models.DecimalField(max_digits=30, decimal_places=6, null=True)
    new = models.DecimalField(max_digits=30, decimal_places=6, null=True)
    cause = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["period", "payee"], name="pay_entry_payee"),)
