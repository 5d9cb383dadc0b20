"""Forecast calls: what was said, the deals frozen under it and the locks are what the trail tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from geartrain.intelligence.forecast.frozen import hash_of
from geartrain.kernel.issues import Issue, Level
from geartrain.services.forecasting.forecast_import import columns_of, digest
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions

HINT = "Restore the decision store from a backup, and find out who could write to it."


def verify_forecasts(ws: Workspace) -> Iterator[Issue]:
    """Calls, submissions, frozen deals and locks that were altered, added behind our back, or are gone."""
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import AuditEvent, ForecastCall, ForecastFrozen

    events: dict[str, list[Any]] = {}
    for event in AuditEvent.objects.filter(verb__startswith="forecast.").order_by("id"):
        subject = event.subject if event.verb != "forecast.submit" else event.subject.rpartition("/")[0]
        events.setdefault(subject, []).append(event)
    calls = {f"forecast/{c.period}/{c.as_of}": c for c in ForecastCall.objects.select_related("lock")}
    for where, call in calls.items():
        yield from _call(where, call, events.get(where, []))
    for where in sorted({*events} - {*calls}):
        yield _issue("forecast_missing", f"The call {where} was opened, and it is not there.", where)
    for frozen in ForecastFrozen.objects.order_by("id").iterator(chunk_size=50):
        if hash_of(frozen.deals) != frozen.sha256:
            message = f"The deals frozen as {frozen.sha256[:12]} were altered."
            yield _issue("forecast_frozen_altered", message, f"forecast/frozen/{frozen.pk}")


def _call(where: str, call: Any, events: list[Any]) -> Iterator[Issue]:
    opened = next((e for e in events if e.verb in ("forecast.open", "forecast.load")), None)
    if opened is None or opened.detail.get("hierarchy", call.hierarchy_version) != call.hierarchy_version:
        yield _issue("forecast_altered", f"The call {where} is not what was opened.", where)
        return
    rows = list(call.submissions.order_by("id"))
    loaded = int(opened.detail.get("submissions", 0))
    if opened.verb == "forecast.load" and digest(columns_of(rows[:loaded])) != opened.detail["sha256"]:
        yield _issue("forecast_altered", f"What was loaded into the call {where} was altered.", where)
    said = Counter(
        (e.subject.rpartition("/")[2], e.detail["category"], e.detail["kind"], Decimal(e.detail["amount"]),
         e.detail["note"], e.actor)
        for e in events
        if e.verb == "forecast.submit"
    )  # fmt: skip
    kept = Counter((r.user_id, r.category, r.kind, r.amount, r.note, r.made_by) for r in rows[loaded:])
    for user, category, *_ in (said - kept) + (kept - said):
        message = f"What was said of {user}, {category}, in the call {where} is not what the trail tells."
        yield _issue("forecast_altered", message, f"{where}/{user}")
    locked = any(e.verb == "forecast.lock" or e.detail.get("locked") for e in events)
    if locked != (getattr(call, "lock", None) is not None):
        yield _issue("forecast_lock_altered", f"The lock of the call {where} is not what the trail tells.", where)


def _issue(code: str, message: str, where: str) -> Issue:
    return Issue(code, Level.error, message, where, HINT)


VERIFIER = verify_forecasts
