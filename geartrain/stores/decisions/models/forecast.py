"""Forecast calls and what people submitted to them: rows are added, never changed or taken out."""

from __future__ import annotations

from typing import Any

from django.db import models


class ForecastCall(models.Model):
    """One round of submissions for a period. `hierarchy` is person to manager as it was when the call was opened."""

    period = models.CharField(max_length=20)
    as_of = models.DateField()
    due = models.DateTimeField()
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=254)
    snapshot = models.CharField(max_length=64)
    hierarchy: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    hierarchy_version = models.CharField(max_length=64)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["period", "as_of"], name="forecast_call_once"),)


class ForecastLock(models.Model):
    """The end of a call: a row of its own, so that the call itself never changes."""

    call = models.OneToOneField(ForecastCall, on_delete=models.PROTECT, related_name="lock")
    at = models.DateTimeField()
    by = models.CharField(max_length=254)


class ForecastFrozen(models.Model):
    """Deals as they stood under a submission; equal ones are kept once, under their hash."""

    sha256 = models.CharField(max_length=64, unique=True)
    deals: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list)


class ForecastSubmission(models.Model):
    """What somebody said of one person's line: `kind` is own or manager (an adjustment from above, with its reason)."""

    call = models.ForeignKey(ForecastCall, on_delete=models.PROTECT, related_name="submissions")
    user_id = models.CharField(max_length=200)
    category = models.CharField(max_length=20)
    kind = models.CharField(max_length=10)
    amount = models.DecimalField(max_digits=38, decimal_places=4)
    rollup = models.DecimalField(max_digits=38, decimal_places=4)
    currency = models.CharField(max_length=3)
    note = models.TextField(blank=True, default="")
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=254)
    hierarchy_version = models.CharField(max_length=64)
    snapshot = models.CharField(max_length=64)
    frozen = models.ForeignKey(ForecastFrozen, on_delete=models.PROTECT, related_name="submissions")

    class Meta:
        indexes = (models.Index(fields=["call", "user_id", "category"], name="forecast_submission_line"),)
