"""Scenarios, what their runs gave, and numbers kept by what was read for them."""

from __future__ import annotations

from typing import Any

from django.db import models


class Scenario(models.Model):
    """A named set of drafts over the policies in force and one state of the facts. Deleting sets `deleted_at`.

    `drafts` are mappings of kind, key, where, body and sha256.
    """

    key = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    owner = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    since = models.DateField()
    until = models.DateField()
    as_of = models.DateField()
    facts = models.CharField(max_length=64)
    known_as_of = models.DateTimeField()
    drafts: models.JSONField[list[dict[str, str]], list[dict[str, str]]] = models.JSONField(default=list)
    deleted_at = models.DateTimeField(null=True)


class ScenarioRun(models.Model):
    """What a run gave somebody: `scope` is the hash of what they may see, `manifest` of everything that was read."""

    scenario = models.ForeignKey(Scenario, on_delete=models.PROTECT, related_name="runs")
    scope = models.CharField(max_length=64)
    actor = models.CharField(max_length=254)
    at = models.DateTimeField()
    manifest = models.CharField(max_length=64)
    result: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)

    class Meta:
        indexes = (models.Index(fields=["scenario", "scope", "-id"], name="scenario_run_latest"),)


class ScenarioOutput(models.Model):
    """The numbers of one part of an engine, under the hash of everything that was read for them."""

    hash = models.CharField(max_length=64, unique=True)
    numbers: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list)
