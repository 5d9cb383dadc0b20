"""How many requests one person, with all their programs, may make in a minute."""

from __future__ import annotations

from time import time
from typing import Any

from django.core.cache import cache
from ninja.throttling import BaseThrottle

WINDOW = 60  # seconds


class PerPerson(BaseThrottle):
    """Counts by person and minute of the clock; `web.requests_per_minute` in geartrain.toml, 0 for no limit.

    Args:
        times: How often that much is allowed, counted apart under `what`: a webhook speaks for everybody's leads.
    """

    def __init__(self, *, times: int = 1, what: str = "api") -> None:
        self.times, self.what = times, what

    def allow_request(self, request: Any) -> bool:
        """Count it, and say whether it was one too many."""
        most = request.workspace.settings.web.requests_per_minute * self.times
        if not most or request.actor is None:
            return True
        key = f"{self.what}/{request.actor.login}/{int(time()) // WINDOW}"
        cache.add(key, 0, timeout=2 * WINDOW)
        return cache.incr(key) <= most

    def wait(self) -> float:
        """Seconds until the next window."""
        return WINDOW - time() % WINDOW
