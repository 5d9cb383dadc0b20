"""Light, dark, or as the device has it: kept in a cookie."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from geartrain.web.context import THEMES


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Remember the theme and go back to where the person was."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = "/"
    response = HttpResponseRedirect(back)
    theme = request.POST.get("theme", "auto")
    response.set_cookie(
        "theme", theme if theme in THEMES else "auto", max_age=60 * 60 * 24 * 365, samesite="Lax", httponly=True
    )
    return response
