"""Pages kept as they were sent, by everything they depend on: whoever asks the same again waits for nothing.

Kept are pages that say (`Page.from_facts`) that they show nothing but the facts and the policies. Equal keys have equal
pages, so nothing is ever invalidated; the oldest are forgotten. Only what a request has of its own, the secret of its
forms, is put in anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any

from django.http import HttpResponse
from django.middleware.csrf import get_token

from geartrain.services.answers import Memory
from geartrain.services.policies import current_policies

SECRET = re.compile(rb'(name="csrfmiddlewaretoken" value=")[^"]+(")')
MOST_BYTES = 1_000_000
pages = Memory(300)


def kept(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The view, run once for each state it depends on; exports, and pages with a message to show, are not kept."""

    @wraps(view)
    def keep(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "GET" or "format" in request.GET or request.session.get("_messages"):
            return view(request, *args, **kwargs)
        passed: list[HttpResponse] = []

        def work() -> bytes | None:
            passed.append(response := view(request, *args, **kwargs))
            plain = response.status_code == 200 and set(response.headers) == {"Content-Type"} and not response.cookies
            small = plain and not response.streaming and len(response.content) < MOST_BYTES
            return response.content if small else None

        body = pages.remembered(_state(request), work)
        if passed:
            return passed[0]
        if body is None:
            return view(request, *args, **kwargs)
        token = get_token(request).encode()
        return HttpResponse(SECRET.sub(lambda found: found[1] + token + found[2], body))

    return keep


def _state(request: Any) -> Hashable:
    """All that a page is made of."""
    ws = request.workspace
    with ws.warehouse.snapshot() as snapshot:
        facts = snapshot.id
    asked = request.get_full_path(), request.headers.get("HX-Request"), request.headers.get("HX-Target")
    seen = request.COOKIES.get("theme"), ws.calendar.day_of(ws.now())
    return str(ws.path), facts, current_policies(ws).sha256, asked, seen, request.actor
