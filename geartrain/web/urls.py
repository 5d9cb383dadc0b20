"""Addresses: the pages, sign-in, the API."""

from __future__ import annotations

from allauth.account.views import LoginView, LogoutView, ReauthenticateView
from allauth.socialaccount.views import LoginCancelledView, LoginErrorView
from django.urls import URLPattern, include, path

from geartrain.web.access import guarded
from geartrain.web.adapter import closed
from geartrain.web.api import api
from geartrain.web.kept import kept
from geartrain.web.registry import Page, pages
from geartrain.web.theme import set_theme


def _addresses(page: Page) -> list[URLPattern]:
    shown = kept(page.view) if page.from_facts else page.view
    view = guarded(shown, permission=page.permission, methods=page.methods)
    view.page_key = page.key  # type: ignore[attr-defined]
    found = [path(page.path, view, name=page.key)]
    for route in page.routes:
        view = guarded(route.view, permission=route.permission or page.permission, methods=route.methods)
        view.page_key = page.key  # type: ignore[attr-defined]
        found.append(path(route.path, view, name=route.name))
    return found


urlpatterns = [
    path("sign-in/", LoginView.as_view(), name="account_login"),
    path("sign-out/", LogoutView.as_view(http_method_names=["post"]), name="account_logout"),
    path("sign-in/oidc/", include("allauth.socialaccount.providers.openid_connect.urls")),
    path("sign-in/again/", ReauthenticateView.as_view(), name="account_reauthenticate"),
    path("sign-in/cancelled/", LoginCancelledView.as_view(), name="socialaccount_login_cancelled"),
    path("sign-in/failed/", LoginErrorView.as_view(), name="socialaccount_login_error"),
    path("sign-in/unknown/", closed, name="socialaccount_signup"),
    path("account/second-factor/", include("allauth.mfa.urls")),
    path("theme/", set_theme, name="theme"),
    path("api/v1/", api.urls),
    *(address for page in pages().values() for address in _addresses(page)),
]

handler400 = "geartrain.web.errors.bad_request"
handler403 = "geartrain.web.errors.permission_denied"
handler404 = "geartrain.web.errors.not_found"
handler500 = "geartrain.web.errors.server_error"
