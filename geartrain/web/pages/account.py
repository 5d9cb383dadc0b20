"""One's own account: password and the keys of one's programs."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters

from geartrain.kernel.errors import GeartrainError, Invalid
from geartrain.services import people
from geartrain.services.access import Permission
from geartrain.web.registry import Page, Route


def account(request: Any) -> HttpResponse:
    """Who one is here and what one may do."""
    return _page(request)


@sensitive_post_parameters()
def change_password(request: Any) -> HttpResponse:
    """A new password; this session goes on, the others end."""
    try:
        if request.POST.get("new", "") != request.POST.get("again", ""):
            raise Invalid("The two new passwords are not the same.")
        old, new = request.POST.get("old", ""), request.POST.get("new", "")
        people.change_password(request.workspace, request.actor, old=old, new=new)
    except Invalid as error:
        messages.error(request, error.message)
        return HttpResponseRedirect(reverse("account"))
    request.user.refresh_from_db()
    update_session_auth_hash(request, request.user)
    messages.success(request, "Your password is changed. Other sessions have ended.")
    return HttpResponseRedirect(reverse("account"))


def create_token(request: Any) -> HttpResponse:
    """A new key, shown this once."""
    days = request.POST.get("days", "")
    try:
        key, _ = people.create_token(
            request.workspace,
            request.actor,
            name=request.POST.get("name", ""),
            permissions=request.POST.getlist("permissions"),
            days=int(days) if days.isascii() and days.isdigit() and len(days) < 6 else 0,
        )
    except GeartrainError as error:
        messages.error(request, f"{error.message} {error.hint}")
        return HttpResponseRedirect(reverse("account"))
    response = _page(request, key=key)
    response["Cache-Control"] = "no-store"
    return response


def revoke_token(request: Any, token_id: int) -> HttpResponse:
    """End a key."""
    people.revoke_token(request.workspace, request.actor, token_id=token_id)
    messages.success(request, "The token has ended.")
    return HttpResponseRedirect(reverse("account"))


def _page(request: Any, **more: Any) -> HttpResponse:
    context = {
        "tokens": people.list_tokens(request.workspace, request.actor),
        "permissions": [p for p in Permission if request.actor.may(p)],
    }
    return render(request, "pages/account.html", context | more)


POST = ("POST",)
PAGE = Page(
    key="account",
    title="Your account",
    path="account/",
    icon="person",
    view=account,
    routes=(
        Route("account/password/", change_password, "change-password", methods=POST),
        Route("account/tokens/", create_token, "create-token", methods=POST),
        Route("account/tokens/<int:token_id>/revoke/", revoke_token, "revoke-token", methods=POST),
    ),
)
