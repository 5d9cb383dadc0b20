"""Users: who may sign in, with which roles."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters

from geartrain.kernel.errors import Conflict, GeartrainError, Invalid
from geartrain.services import people
from geartrain.services.access import GRANTS, Permission, Role
from geartrain.web.registry import Group, Page, Route


def users(request: Any) -> HttpResponse:
    """Everyone, and a form to add somebody."""
    grants = [(role, sorted(GRANTS[role])) for role in Role]
    everyone = people.list_users(request.workspace, request.actor)
    return render(request, "pages/users.html", {"users": everyone, "grants": grants, "roles": list(Role)})


@sensitive_post_parameters()
def add_user(request: Any) -> HttpResponse:
    """Let somebody sign in."""
    asked = request.POST

    def add() -> str:
        person = people.create_user(
            request.workspace,
            request.actor,
            email=asked.get("email", ""),
            name=asked.get("name", ""),
            password=asked.get("password", ""),
            roles=asked.getlist("roles"),
            user_id=asked.get("user_id", "").strip()[:200] or None,
        )
        return f"{person.email} can sign in now."

    return _told(request, add)


def change_roles(request: Any) -> HttpResponse:
    """Give somebody other roles."""
    email, roles = request.POST.get("email", ""), request.POST.getlist("roles")

    def change() -> str:
        people.set_roles(request.workspace, request.actor, email=email, roles=roles)
        return f"The roles of {email} are changed."

    return _told(request, change)


def change_active(request: Any) -> HttpResponse:
    """Keep somebody out, or let them in again."""
    email, active = request.POST.get("email", ""), request.POST.get("active") == "true"

    def change() -> str:
        people.set_active(request.workspace, request.actor, email=email, active=active)
        return f"{email} {'can sign in again' if active else 'can no longer sign in'}."

    return _told(request, change)


@sensitive_post_parameters()
def change_password(request: Any) -> HttpResponse:
    """Give somebody a new password."""
    email, password = request.POST.get("email", ""), request.POST.get("password", "")

    def change() -> str:
        people.set_password(request.workspace, request.actor, email=email, password=password)
        return f"{email} has a new password."

    return _told(request, change)


def _told(request: Any, work: Any) -> HttpResponse:
    """Do it and say so, or say why not, on the page it was asked for."""
    try:
        messages.success(request, work())
    except (Conflict, Invalid) as error:
        messages.error(request, _words(error))
    return HttpResponseRedirect(reverse("users"))


def _words(error: GeartrainError) -> str:
    return f"{error.message} {error.hint}".strip()


def reset_second_factor(request: Any) -> HttpResponse:
    """Take away what somebody lost."""
    email = request.POST.get("email", "")

    def reset() -> str:
        people.reset_second_factor(request.workspace, request.actor, email=email)
        return f"{email} signs in with the password alone until they set up another."

    return _told(request, reset)


POST = ("POST",)
PAGE = Page(
    key="users",
    title="Users",
    path="users/",
    group=Group.administration,
    icon="people",
    order=10,
    permission=Permission.manage_users,
    view=users,
    routes=(
        Route("users/add/", add_user, "add-user", methods=POST),
        Route("users/roles/", change_roles, "change-roles", methods=POST),
        Route("users/active/", change_active, "change-active", methods=POST),
        Route("users/second-factor/", reset_second_factor, "reset-second-factor", methods=POST),
        Route("users/password/", change_password, "set-password", methods=POST),
    ),
)
