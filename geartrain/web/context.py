"""What every template knows."""

from __future__ import annotations

from typing import Any

from geartrain.web import workspace
from geartrain.web.registry import menu

THEMES = ("auto", "light", "dark")


def site(request: Any) -> dict[str, Any]:
    """The company, the person, the menu and the theme."""
    actor = getattr(request, "actor", None)
    theme = request.COOKIES.get("theme", "auto")
    match = request.resolver_match
    return {
        "company": workspace().name,
        "currency": workspace().currency,
        "sign_in": workspace().settings.sign_in,
        "actor": actor,
        "menu": menu(actor) if actor else [],
        "here": getattr(match.func, "page_key", "") if match else "",
        "theme": theme if theme in THEMES else "auto",
    }
