"""Packs that were drafted and frozen, what was decided over them, and which of their numbers somebody disputes."""

from __future__ import annotations

from django.db import models


class Pack(models.Model):
    """One pack. Once it is frozen the database refuses any change to what it says (migration 0007).

    `scope` is the `user` record whose tree it is cut to, null for the company. `narrative` is what the author writes
    while it is a draft: section key to texts, in the order of the template's prompts.
    """

    id = models.CharField(max_length=200, primary_key=True)
    template = models.CharField(max_length=100)
    purpose = models.CharField(max_length=40)
    title = models.CharField(max_length=300)
    as_of = models.DateField()
    known_as_of = models.DateTimeField(null=True)
    scope = models.CharField(max_length=200, null=True)
    owner = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    frozen_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, default="draft")
    narrative: models.JSONField[dict[str, list[str]], dict[str, list[str]]] = models.JSONField(default=dict)
    body = models.TextField(default="", blank=True)
    sha256 = models.CharField(max_length=64, default="", blank=True)
    held_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["template", "scope", "as_of"]),)


class PackDecision(models.Model):
    """Something decided when a pack was discussed: it stays with later packs until it is closed.

    `commitment` is the id of the commitment it opened, empty where none is kept elsewhere.
    """

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="decisions")
    text = models.CharField(max_length=1000)
    owner = models.CharField(max_length=254)
    due = models.DateField()
    state = models.CharField(max_length=10, default="open")
    outcome = models.CharField(max_length=1000, default="", blank=True)
    made_by = models.CharField(max_length=254)
    made_at = models.DateTimeField()
    closed_by = models.CharField(max_length=254, default="", blank=True)
    closed_at = models.DateTimeField(null=True)
    commitment = models.CharField(max_length=100, default="", blank=True)


class PackDispute(models.Model):
    """Somebody says that a number of a pack is wrong. `number` is its address in the pack."""

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="disputes")
    number = models.CharField(max_length=500)
    reason = models.CharField(max_length=1000)
    by = models.CharField(max_length=254)
    at = models.DateTimeField()
    state = models.CharField(max_length=10, default="open")
    resolution = models.CharField(max_length=1000, default="", blank=True)
    settled_by = models.CharField(max_length=254, default="", blank=True)
    settled_at = models.DateTimeField(null=True)
