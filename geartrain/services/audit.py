"""The audit trail: who did what and when, and whether it and what it tells of is whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.services.access import Actor, Permission, require
from geartrain.services.verifiers import verifiers
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions
from geartrain.stores.decisions.published import aware, naive

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import AuditEvent

MOST = 1_000


@dataclass(frozen=True, slots=True)
class Event:
    """One deed, as it stands in the trail; `at` is naive UTC."""

    id: int
    at: datetime
    actor: str
    verb: str
    subject: str
    detail: dict[str, Any]
    prev_hash: str
    hash: str

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look at everything gave.

    Args:
        events: How many the trail has.
        head: Hash of the last one. Kept elsewhere, it shows later that nothing up to it was replaced.
        checked: What was looked at.
    """

    events: int
    head: str
    checked: tuple[str, ...]
    issues: tuple[Issue, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing was altered."""
        return not self.issues


def list_events(
    ws: Workspace,
    actor: Actor,
    *,
    by: str = "",
    verb: str = "",
    subject: str = "",
    since: date | None = None,
    until: date | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Event]:
    """The trail, latest first.

    Args:
        subject: The beginning of what it was done to, e.g. `policy/comp_plan`.
        since: The first day, in the company's zone. until: The day after the last.
        before: Only events with a smaller id: for the next page.
        limit: At most so many, up to 1,000.
    """
    require(actor, Permission.view_audit)
    if not 1 <= limit <= MOST:
        raise Invalid(f"A page of the trail holds 1 to {MOST:,} events.", hint="Ask for the next page with `before`.")
    rows = _rows(ws).order_by("-id")
    exact = {"actor__iexact": by, "verb": verb, "subject__startswith": subject, "id__lt": before}
    rows = rows.filter(**{k: v for k, v in exact.items() if v not in ("", None)})
    if since is not None:
        rows = rows.filter(at__gte=aware(ws.calendar.instant(since)))
    if until is not None:
        rows = rows.filter(at__lt=aware(ws.calendar.instant(until)))
    return [_event(row) for row in rows[:limit]]


def list_verbs(ws: Workspace, actor: Actor) -> list[str]:
    """Every deed the trail knows."""
    require(actor, Permission.view_audit)
    return sorted(_rows(ws).order_by("verb").values_list("verb", flat=True).distinct())


def head(ws: Workspace, actor: Actor) -> tuple[int, str]:
    """How many events there are, and the hash of the last one."""
    require(actor, Permission.view_audit)
    last = _rows(ws).order_by("-id").first()
    return _rows(ws).count(), last.hash if last else ""


def verify_audit(
    ws: Workspace, actor: Actor, *, known: str = "", progress: Callable[[str, int, int], None] = lambda *_: None
) -> Verified:
    """Look at the trail and at everything it tells of.

    Args:
        known: The hash of an event that was noted elsewhere earlier: it must still be there.
    """
    require(actor, Permission.view_audit)
    issues: list[Issue] = []
    every = verifiers()
    for n, (name, verifier) in enumerate(every.items()):
        progress(name, n, len(every))
        issues += verifier(ws)
    progress("done", len(every), len(every))
    if known and not _rows(ws).filter(hash=known.strip().lower()).exists():
        message = f"No event has the hash {known[:64]} that was noted earlier: the trail was replaced."
        hint = "Restore the decision store from a backup, and find out who could write to it."
        issues.append(Issue("audit_head_unknown", Level.error, message, "audit", hint))
    events, last = head(ws, actor)
    return Verified(events, last, tuple(every), tuple(issues))


def _rows(ws: Workspace):
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import AuditEvent

    return AuditEvent.objects.all()


def _event(row: AuditEvent) -> Event:
    at = naive(row.at)
    assert at is not None
    return Event(row.pk, at, row.actor, row.verb, row.subject, row.detail, row.prev_hash, row.hash)
