"""How allauth behaves here: passwords, the company's provider, the second factor."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from time import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from geartrain.services import people


class AccountAdapter(DefaultAccountAdapter):
    """People are added by an administrator; nobody signs up. Its flash messages are left out."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: Any, **credentials: Any) -> Any:
        """Somebody who is kept out is answered as somebody with a wrong password."""
        if not request.workspace.settings.sign_in.password:
            return None
        user = super().authenticate(request, **credentials)
        return user if user is not None and user.is_active else None

    def is_reauthentication_required(self, *, app: str, **more: Any) -> bool:
        """Whoever signed in a moment ago need not prove again who they are."""
        latest = max((r["at"] for r in get_authentication_records(self.request, self.request.user)), default=0)
        return time() - latest > settings.ACCOUNT_REAUTHENTICATION_TIMEOUT

    def post_login(self, request: Any, user: Any, **how: Any) -> Any:
        """Note the sign-in in the audit trail."""
        people.record_sign_in(request.workspace, people.actor_from(user))
        return super().post_login(request, user, **how)

    def send_mail(self, *args: Any, **kwargs: Any) -> None:
        """Nothing is mailed: what was done is in the trail."""

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        return None

    def get_client_ip(self, request: HttpRequest) -> str:
        """The peer's address; on a socket without one, everybody shares one limit."""
        return request.META.get("REMOTE_ADDR") or "0.0.0.0"


class ProviderAdapter(DefaultSocialAccountAdapter):
    """Who an administrator added, and the provider says is at that address, comes in; nobody else."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Somebody who is kept out is answered as a stranger."""
        if sociallogin.is_existing and not sociallogin.user.is_active:
            raise ImmediateHttpResponse(closed(request))

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        return None


class MFAAdapter(DefaultMFAAdapter):
    """Keeps the secrets of authenticators encrypted with the site's own."""

    def encrypt(self, text: str) -> str:
        """For the store."""
        return self._fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """From the store; with another secret than it was written with, no code is ever right."""
        try:
            return self._fernet().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            return ""

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        return None

    @staticmethod
    def _fernet() -> Fernet:
        return Fernet(urlsafe_b64encode(sha256(b"second factor" + settings.SECRET_KEY.encode()).digest()))


@receiver([authenticator_added, authenticator_removed, authenticator_reset])
def _noted(signal: Any, request: Any, user: Any, authenticator: Any, **more: Any) -> None:
    verbs = {authenticator_added: "add_second_factor", authenticator_removed: "remove_second_factor"}
    verb = verbs.get(signal, "renew_second_factor")
    people.record_second_factor(request.workspace, people.actor_from(user), verb=verb, what=str(authenticator.type))


def closed(request: HttpRequest) -> HttpResponse:
    """Somebody the provider knows and nobody added here."""
    return render(request, "account/signup_closed.html", status=403)
