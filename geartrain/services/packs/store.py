"""The rows of packs in the decision store, and who may see which: shared by the use cases of packs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from geartrain.kernel.errors import Conflict, NotFound
from geartrain.services import trail
from geartrain.services.access import Actor
from geartrain.services.records.facts import open_facts
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions
from geartrain.stores.decisions.published import naive

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import Pack, PackDecision, PackDispute

DRAFT, FROZEN, OPEN = "draft", "frozen", "open"


@dataclass(frozen=True)
class PackInfo:
    """A pack as a list shows it; instants are naive UTC."""

    id: str
    title: str
    template: str
    purpose: str
    state: str
    as_of: date
    known_as_of: datetime | None
    scope: str | None
    owner: str
    created_at: datetime
    frozen_at: datetime | None
    held_at: datetime | None
    sha256: str
    open_decisions: int = 0
    open_disputes: int = 0


@dataclass(frozen=True)
class DecisionInfo:
    """A decision as it stands; `late` where it was due before the day it is looked at, or closed after it was due."""

    id: int
    pack: str
    text: str
    owner: str
    due: date
    state: str
    outcome: str
    made_by: str
    made_at: datetime
    closed_by: str
    closed_at: datetime | None
    commitment: str
    late: bool


@dataclass(frozen=True)
class DisputeInfo:
    """A dispute as it stands."""

    id: int
    pack: str
    number: str
    reason: str
    by: str
    at: datetime
    state: str
    resolution: str
    settled_by: str
    settled_at: datetime | None


def pack_rows(ws: Workspace) -> Any:
    """Every pack, whoever asks."""
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import Pack

    return Pack.objects.all()


def visible_row(ws: Workspace, actor: Actor, pack: str) -> Pack:
    """A pack the actor may see.

    Raises:
        NotFound: there is none by that id, or it is cut to people the actor does not see.
    """
    row = pack_rows(ws).filter(id=pack).first()
    if row is None or not scopes_of(ws, actor)(row.scope):
        raise NotFound(f"There is no pack '{pack}'.", hint="See them with: geartrain pack list")
    found: Pack = row
    return found


def scopes_of(ws: Workspace, actor: Actor) -> Callable[[str | None], bool]:
    """Whether the actor may see what is cut to a scope: the company who sees everyone, a tree who sees all of it."""
    with open_facts(ws, actor) as facts:
        visible = facts.visible()
    return lambda scope: visible is None or (scope is not None and scope in visible)


def need_draft(row: Pack) -> None:
    """Raise Conflict where a pack is frozen."""
    if row.state != DRAFT:
        raise Conflict(f"{row.id} is frozen.", hint="Freeze a new one; what is frozen is never changed.")


def need_frozen(row: Pack) -> None:
    """Raise Conflict where a pack is a draft."""
    if row.state != FROZEN:
        raise Conflict(f"{row.id} is a draft.", hint=f"Freeze it first: geartrain pack freeze --draft {row.id}")


def record(ws: Workspace, actor: Actor, verb: str, pack: str, **detail: object) -> None:
    """Note a deed in the trail."""
    trail.record(ws, actor, verb, f"pack/{pack}", **detail)


def info_of(row: Pack) -> PackInfo:
    """A pack's row for people."""
    stored = row.pk is not None and not row._state.adding
    counts = (
        sum(d.state == OPEN for d in row.decisions.all()) if stored else 0,
        sum(d.state == OPEN for d in row.disputes.all()) if stored else 0,
    )
    return PackInfo(
        row.id,
        row.title,
        row.template,
        row.purpose,
        row.state,
        row.as_of,
        naive(row.known_as_of),
        row.scope,
        row.owner,
        stamp(row.created_at),
        naive(row.frozen_at),
        naive(row.held_at),
        row.sha256,
        *counts,
    )


def decision_of(row: PackDecision, today: date) -> DecisionInfo:
    """A decision's row for people."""
    closed = naive(row.closed_at)
    return DecisionInfo(
        row.pk,
        row.pack_id,
        row.text,
        row.owner,
        row.due,
        row.state,
        row.outcome,
        row.made_by,
        stamp(row.made_at),
        row.closed_by,
        closed,
        row.commitment,
        (closed.date() if closed else today) > row.due,
    )


def dispute_of(row: PackDispute) -> DisputeInfo:
    """A dispute's row for people."""
    at, settled = stamp(row.at), naive(row.settled_at)
    said = (row.number, row.reason, row.by, at, row.state, row.resolution, row.settled_by, settled)
    return DisputeInfo(row.pk, row.pack_id, *said)


def stamp(at: datetime) -> datetime:
    """An instant of the store as naive UTC."""
    return at.astimezone(UTC).replace(tzinfo=None)
