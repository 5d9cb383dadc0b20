"""Who a request is from, and what guards every address: sign-in, permission, method."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse

from geartrain.services import people
from geartrain.services.access import Actor, Permission, require
from geartrain.services.workspace import Workspace

BEARER = "bearer "


class ActorMiddleware:
    """Puts `workspace` and `actor` (None for strangers) on every request.

    A Bearer token counts under /api/ only, and there it is tried alone: a request that carries one never falls back
    to the session.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        from geartrain.web import workspace

        request.workspace = workspace()
        request.actor = self.actor(request, request.workspace)
        return self.get_response(request)

    @staticmethod
    def actor(request: Any, ws: Workspace) -> Actor | None:
        """Whom the request is from."""
        header = request.headers.get("Authorization", "")
        request.by_token = header.lower().startswith(BEARER) and request.path.startswith("/api/")
        if request.by_token:
            # No cookie decides anything here, so there is nothing to forge.
            request._dont_enforce_csrf_checks = True
            return people.actor_by_token(ws, header[len(BEARER) :].strip())
        user = request.user
        return people.actor_from(user) if user.is_authenticated else None


def guarded(
    view: Callable[..., HttpResponse], *, permission: Permission | None, methods: tuple[str, ...]
) -> Callable[..., HttpResponse]:
    """The view behind sign-in, the permission and the methods it answers to."""

    @wraps(view)
    def guard(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.actor is None:
            return _to_sign_in(request)
        if request.method not in methods:
            return HttpResponseNotAllowed(methods)
        if permission is not None:
            require(request.actor, permission)
        if _needs_second_factor(request):
            return HttpResponseRedirect(reverse("mfa_activate_totp"))
        return view(request, *args, **kwargs)

    return guard


def _needs_second_factor(request: Any) -> bool:
    """Whether the workspace asks this person for a second factor, and they came in with a password alone."""
    asked = request.workspace.settings.sign_in.two_factor
    if request.by_token or not request.actor.roles & frozenset(asked):
        return False
    from allauth.account.authentication import get_authentication_records
    from allauth.mfa.models import Authenticator

    if {m["method"] for m in get_authentication_records(request, request.user)} & {"mfa", "socialaccount"}:
        return False

    return not Authenticator.objects.filter(user_id=request.user.pk, type=Authenticator.Type.TOTP).exists()


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    address = f"{reverse('account_login')}?next={quote(request.get_full_path())}"
    if request.headers.get("HX-Request"):
        # htmx would put the sign-in page into a corner of this one.
        return HttpResponse(status=401, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)
