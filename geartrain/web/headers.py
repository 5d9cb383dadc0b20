"""Headers that every answer carries, and validators for those that can be kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response

from geartrain.web.errors import answer

PERMISSIONS_POLICY = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"


TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]+"')
MOST_BYTES = 1024**3


class SizeMiddleware:
    """Refuses what is too big before any of it is read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        said = request.META.get("CONTENT_LENGTH") or "0"
        if not said.isdigit() or int(said) > MOST_BYTES:
            return answer(request, 413, detail=f"At most {MOST_BYTES // 1024**3} GiB at once.")
        return self.get_response(request)


class HeadersMiddleware:
    """What is not CSP; and a 304 for a page that has not changed since it was last sent."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        # Sales numbers stay out of shared caches; the browser asks again each time.
        response.setdefault("Cache-Control", "private, no-cache")
        response.setdefault("Vary", "Cookie, HX-Request, Authorization")
        if request.method == "GET" and response.status_code == 200 and not response.streaming:
            return self._conditional(request, response)
        return response

    @staticmethod
    def _conditional(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        # Weak, because compression happens outside. Forms carry the same secret masked anew each time: the secret
        # itself counts instead, so that a kept page never holds a token that no longer works.
        same = TOKEN.sub(b"", response.content) + request.COOKIES.get("csrftoken", "").encode()
        etag = f'W/"{sha256(same).hexdigest()[:32]}"'
        response.setdefault("ETag", etag)
        return get_conditional_response(request, etag=response["ETag"], response=response) or response
