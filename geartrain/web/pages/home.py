"""The start: the first page of the menu that is open to the person."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from geartrain.web.registry import Page, menu


def home(request: Any) -> HttpResponse:
    """On to the first page."""
    found = [page for _, pages in menu(request.actor) for page in pages]
    return HttpResponseRedirect(reverse(found[0].key if found else "account"))


PAGE = Page(key="home", title="Start", path="", view=home)
