"""One HTTP client for the sources' REST APIs: tokens, limits, lost replies. No secret leaves it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from geartrain.kernel.errors import GeartrainError, Invalid

LOOPBACK = ("127.0.0.1", "localhost", "::1")
TRIES = 5
LONGEST_WAIT = 60.0  # seconds that one request waits for a limit to pass, all its tries together
LONGEST_SAID = 300  # characters of what a source says that go into a message


class Unreached(GeartrainError):
    """The source cannot be reached, or does not answer as it should."""

    code = "source_unreached"
    status = 502


class Denied(GeartrainError):
    """The source does not accept our credentials."""

    code = "source_denied"
    status = 502


class Lost(Unreached):
    """A request was sent and the reply was lost: whether it was carried out is not known."""

    code = "reply_lost"


class Later(GeartrainError):
    """The source asks us to come back later; nothing was carried out."""

    code = "source_limit"
    status = 503

    def __init__(self, message: str, *, seconds: float) -> None:
        super().__init__(message, hint=f"Try again in {seconds:.0f} seconds.")
        self.seconds = seconds


class Refused(GeartrainError):
    """The source understood the request and refused it."""

    code = "source_refused"
    status = 502

    def __init__(self, message: str, *, answered: int, said: str = "") -> None:
        super().__init__(message)
        self.answered, self.said = answered, said


@dataclass(frozen=True)
class Reply:
    """What a source answered: its status, its JSON (None for no body) and its headers."""

    status: int
    body: Any
    headers: Mapping[str, str]


class Bearer(AuthBase):
    """The token, put on at the last moment: no netrc, no address and no message has it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@dataclass
class Client:
    """Requests to one source.

    Args:
        name: How messages call the source.
        token: Gives a token; called with True for a new one, after the one before was refused.
        explain: Status and body of a refusal to (code, message).
        limited: Whether a refusal means that a limit is reached.
        pause: Waits so many seconds.
        timeout: Seconds for connecting, and between two bytes of the reply.
    """

    name: str
    base: str
    token: Callable[[bool], str]
    explain: Callable[[Any], tuple[str, str]]
    limited: Callable[[int, str], bool] = lambda status, code: status == 429
    pause: Callable[[float], None] = time.sleep
    timeout: tuple[float, float] = (5.0, 30.0)
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.base = safe_base(self.base, self.name)

    def read(self, method: str, path: str, **what: Any) -> Reply:
        """Ask something that changes nothing: tried again until it is answered, or the patience ends.

        Raises:
            Unreached, Denied, Later, Refused.
        """
        for n in range(TRIES):
            try:
                return self._ask(method, path, **what)
            except Lost as lost:
                if n == TRIES - 1:
                    raise Unreached(lost.message, hint="Try again later.") from None
            self.pause(_backoff(n))
        raise AssertionError("unreachable")

    def write(self, method: str, path: str, **what: Any) -> Reply:
        """Ask for a change, once: only what was surely not carried out (a limit, an expired token) is asked again.

        Raises:
            Lost: it may have been carried out. Unreached, Denied, Later, Refused: it was not.
        """
        return self._ask(method, path, **what)

    def _ask(self, method: str, path: str, **what: Any) -> Reply:
        """One answer; waits for limits, and renews the token once."""
        waited, renewed = 0.0, False
        while True:
            reply = self._send(method, path, **what)
            code, said = ("", "") if reply.status < 400 else self.explain(reply.body)
            if reply.status == 401 and not renewed:
                renewed = True
                self.token(True)
                continue
            if reply.status in (401, 403) and not self.limited(reply.status, code):
                hint = "See that the credentials in the environment are those of a user who may do this."
                raise Denied(f"{self.name} refused our credentials: {code or reply.status}.", hint=hint)
            if self.limited(reply.status, code):
                seconds = retry_after(reply.headers)
                if waited + seconds > LONGEST_WAIT:
                    raise Later(f"{self.name} takes no more requests for now.", seconds=seconds)
                self.pause(seconds)
                waited += seconds
                continue
            if reply.status >= 500:
                raise Lost(f"{self.name} answered {reply.status}.")
            if reply.status >= 300 and reply.status != 412:
                message = f"{self.name} refused: {said or reply.status}"
                raise Refused(message[:LONGEST_SAID], answered=reply.status, said=code)
            return reply

    def _send(self, method: str, path: str, *, json: Any = None, params: Mapping[str, Any] | None = None) -> Reply:
        url = path if path.startswith(self.base) else f"{self.base}/{path.lstrip('/')}"
        auth = Bearer(self.token(False))
        try:
            answer = self.session.request(
                method, url, json=json, params=params, auth=auth, timeout=self.timeout, allow_redirects=False
            )
            body = answer.json() if answer.content else None
        except requests.exceptions.ConnectTimeout:
            raise Unreached(f"{self.name} cannot be reached.", hint="See that the address is right.") from None
        except requests.exceptions.JSONDecodeError:
            if answer.status_code < 400:
                raise Lost(f"{self.name} answered with something that is no JSON.") from None
            body = None
        except requests.exceptions.RequestException as error:
            raise Lost(f"{self.name} did not answer ({type(error).__name__}).") from None
        return Reply(answer.status_code, body, answer.headers)


def safe_base(url: str, name: str) -> str:
    """The address of a source: https, or plain http on this machine; no user, password or query in it.

    Raises:
        Invalid: it is none of these. The address is not repeated: it may hold a secret.
    """
    parts = urlsplit(url.strip())
    local = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not parts.hostname or not (parts.scheme == "https" or local) or parts.username or parts.password or parts.query:
        raise Invalid(f"The address of {name} is not a plain https address.", hint="Write https://host, nothing else.")
    return url.strip().rstrip("/")


def retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> float:
    """Seconds that a source asks us to wait, as a number or a date; one second where it says nothing."""
    said = headers.get("Retry-After", "")
    try:
        return min(max(float(said), 0.0), 86_400.0)
    except ValueError:
        pass
    try:
        return min(max((parsedate_to_datetime(said) - (now or datetime.now(UTC))).total_seconds(), 0.0), 86_400.0)
    except (ValueError, TypeError):
        return 1.0


def _backoff(n: int) -> float:
    return float(min(0.5 * 2**n, 8.0)) * (0.5 + random.random() / 2)
