"""How allauth behaves here."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from geartrain.services import people


class AccountAdapter(DefaultAccountAdapter):
    """People are added by an administrator; nobody signs up. Its flash messages are left out."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: Any, **credentials: Any) -> Any:
        """Somebody who is kept out is answered as somebody with a wrong password."""
        user = super().authenticate(request, **credentials)
        return user if user is not None and user.is_active else None

    def post_login(self, request: Any, user: Any, **how: Any) -> Any:
        """Note the sign-in in the audit trail."""
        people.record_sign_in(request.workspace, people.actor_from(user))
        return super().post_login(request, user, **how)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        return None

    def get_client_ip(self, request: HttpRequest) -> str:
        """The peer's address; on a socket without one, everybody shares one limit."""
        return request.META.get("REMOTE_ADDR") or "0.0.0.0"
