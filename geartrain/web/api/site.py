"""The API object, its sign-in and its errors. Each module of this folder with a `router` is part of it."""

from __future__ import annotations

from importlib import import_module
from math import ceil
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError

from geartrain import __version__
from geartrain.kernel.errors import Forbidden, GeartrainError
from geartrain.web.api.limits import PerPerson
from geartrain.web.errors import problem

DESCRIPTION = """The use cases of the site, for programs. Sign in with a session, or send `Authorization: Bearer TOKEN`
(make one on the account page). Errors are problem details (RFC 9457)."""


class Bearer:
    """A session, with the CSRF token for what changes anything; or a Bearer token alone."""

    openapi_security_schema = {"type": "http", "scheme": "bearer"}

    def __call__(self, request: Any) -> Any:
        if request.actor is None:
            return None
        if not request.by_token:
            check = CsrfViewMiddleware(lambda r: HttpResponse())
            check.process_request(request)
            if check.process_view(request, None, (), {}) is not None:
                raise Forbidden(
                    "The X-CSRFToken header is missing or wrong.", hint="Send the csrftoken cookie's value."
                )
        return request.actor


api = NinjaAPI(
    title="Geartrain",
    version=__version__,
    description=DESCRIPTION,
    auth=Bearer(),
    docs_url=None,
    urls_namespace="api",
    throttle=[PerPerson()],
)

for module in sorted(m.name for m in iter_modules([str(Path(__file__).parent)]) if m.name != "site"):
    if hasattr(found := import_module(f"geartrain.web.api.{module}"), "router"):
        api.add_router(found.PREFIX, found.router, tags=[module])


@api.exception_handler(GeartrainError)
def _ours(request: HttpRequest, error: GeartrainError) -> HttpResponse:
    return problem(error.status, detail=error.message, hint=error.hint, code=error.code)


@api.exception_handler(AuthenticationError)
def _stranger(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    response = problem(401, detail="Sign in, or send a token that still works.", code="unauthenticated")
    response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(ValidationError)
def _malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    issues = [{"where": ".".join(str(p) for p in e["loc"]), "message": e["msg"]} for e in error.errors]
    return problem(422, detail="The request is not as the API describes it.", code="invalid", errors=issues)


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error, Throttled):
        response = problem(429, detail="More requests than one person may make in a minute.", code="too_many_requests")
        response["Retry-After"] = str(ceil(error.wait or 1))
        return response
    return problem(error.status_code, detail=str(error), code="invalid")
