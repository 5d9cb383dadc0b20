"""The GeartrainError family, told once to programs (RFC 9457) and once to people."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from geartrain.kernel.errors import GeartrainError

log = logging.getLogger(__name__)

TITLES = {
    400: "That request cannot be read",
    401: "Sign in first",
    403: "That is not open to you",
    404: "There is nothing here",
    405: "That cannot be done here",
    409: "Somebody else was faster",
    413: "That is too big",
    422: "That cannot be answered as asked",
    429: "Too many attempts",
    500: "Something went wrong on our side",
}


class ErrorMiddleware:
    """Turns what a view raises into an answer; the last word is the 500 handler's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The answer for an error of the family; None leaves it to Django."""
        if isinstance(error, GeartrainError):
            return answer(request, error.status, detail=error.message, hint=error.hint, code=error.code)
        return None


def answer(request: HttpRequest, status: int, *, detail: str = "", hint: str = "", code: str = "") -> HttpResponse:
    """One error, as the caller can read it."""
    if request.path.startswith("/api/"):
        return problem(status, detail=detail, hint=hint, code=code)
    context = {"status": status, "title": TITLES.get(status, HTTPStatus(status).phrase), "detail": detail, "hint": hint}
    return render(request, "error.html", context, status=status)


def problem(status: int, *, detail: str = "", hint: str = "", code: str = "", **more: Any) -> HttpResponse:
    """Problem details as RFC 9457 has them; `code` is stable, `detail` is for people."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    body |= {k: v for k, v in {"detail": detail, "hint": hint, "code": code, **more}.items() if v}
    response = JsonResponse(body, status=status, json_dumps_params={"ensure_ascii": False})
    response["Content-Type"] = "application/problem+json"
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, and 413 for what is too big."""
    if isinstance(exception, RequestDataTooBig):
        return answer(request, 413, detail="The request is larger than this site takes.")
    assert isinstance(exception, BadRequest | SuspiciousOperation)
    return answer(request, 400, detail="It is malformed, or names a host this site is not served at.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403 from Django or a library."""
    assert isinstance(exception, PermissionDenied)
    return answer(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    assert isinstance(exception, Http404)
    return answer(request, 404, detail="There is no such page, or it is not yours to see.", code="not_found")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form that did not come from this site."""
    log.warning("Form refused: %s", reason)
    return answer(
        request, 403, detail="The form was too old, or did not come from this site.", hint="Go back, reload, try again."
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """500. Django has logged the traceback."""
    return answer(request, 500, detail="It has been noted in the server's log.", hint="Try again in a moment.")
