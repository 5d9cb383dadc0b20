"""People who sign in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class UserManager(BaseUserManager["User"]):
    """Finds people by their e-mail address, without case."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=self.normal(username or ""))

    @staticmethod
    def normal(email: str) -> str:
        """The address as it is stored: one person, one spelling."""
        return email.strip().lower()


class User(AbstractBaseUser):
    """Somebody who may sign in. `user_id` is their record in the facts, empty for people who are not in them."""

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=200, blank=True)
    user_id = models.CharField(max_length=200, null=True, blank=True, unique=True)
    roles: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ()

    # Django's own permissions are not used: access is decided in services/access.py.
    is_staff = False
    is_superuser = False

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = UserManager.normal(self.email)
        super().save(*args, **kwargs)
