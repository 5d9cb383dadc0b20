"""Keys for programs."""

from __future__ import annotations

from django.db import models

from geartrain.stores.decisions.models.user import User


class Token(models.Model):
    """A key that acts for one person with some of their permissions until a day. The key itself is never stored."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    # 256 random bits need no slow hash; SHA-256 finds the row in one look-up.
    sha256 = models.CharField(max_length=64, unique=True)
    permissions: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
