"""Who must say that they have read a published text, and who has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from geartrain.kernel.errors import NotFound, StaleVersion
from geartrain.kernel.policy import lifecycle
from geartrain.kernel.policy.lifecycle import Version
from geartrain.services.access import Actor, Permission, require
from geartrain.services.governance.rows import SEES_DRAFTS, every, named, pures
from geartrain.services.policies import parsed_text
from geartrain.services.trail import record, writing
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions.published import aware, naive

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import PolicyVersion


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Where one person stands with the text that counts.

    Args:
        version: The version they acknowledged that holds for it: an editorial change carries the one before; None:
            they still have to.
    """

    person: str
    name: str
    version: int | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Acknowledgements:
    """Who must acknowledge the latest published version of a policy, and who has.

    Args:
        version: The version that counts.
        since: The version of the last material change: acknowledgements from there on hold.
        audience: The roles that are asked; empty: everyone active.
        people: By e-mail address. One who may not see the others' finds themselves alone here; the counts are of all.
    """

    kind: str
    key: str
    version: int
    since: int
    sha256: str
    audience: tuple[str, ...]
    asked: int
    done: int
    people: tuple[Acknowledged, ...]

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        people = [{"person": p.person, "name": p.name, "version": p.version, "at": p.at} for p in self.people]
        names = ("kind", "key", "version", "since", "sha256", "asked", "done")
        return {n: getattr(self, n) for n in names} | {"audience": list(self.audience), "people": people}


@dataclass(frozen=True, slots=True)
class ToAcknowledge:
    """A text that waits for somebody's word."""

    kind: str
    key: str
    version: int
    name: str
    sha256: str
    effective_from: datetime


def acknowledge_policy(ws: Workspace, actor: Actor, *, kind: str, key: str, sha256: str) -> int:
    """Say that one has read the text with that hash; returns the version. Said twice, it counts once.

    Raises:
        NotFound: nothing of it is published. StaleVersion: another text has been published since.
    """
    require(actor, Permission.view_policies)
    from geartrain.stores.decisions.models import Acknowledgement

    with writing(ws, in_turn=True):
        row, _ = _latest(ws, kind, key)
        if sha256 != row.sha256:
            message = f"The text of {named(kind, key)} that counts is version {row.version}, not the one you read."
            raise StaleVersion(message, hint="Read it, then acknowledge that.")
        said = {"policy_version": row, "person": actor.login}
        if not Acknowledgement.objects.filter(**said).exists():
            Acknowledgement.objects.create(**said, at=aware(ws.now()), sha256=sha256)
            record(ws, actor, "acknowledge_policy", row.subject, version=row.version, sha256=sha256)
    return int(row.version)


def acknowledgements(ws: Workspace, actor: Actor, *, kind: str, key: str) -> Acknowledgements:
    """Who must acknowledge the latest published version, and who has.

    Raises:
        NotFound: nothing of it is published.
    """
    require(actor, Permission.view_policies)
    row, versions = _latest(ws, kind, key)
    audience = audience_of(row)
    said = _said(ws, kind, key)
    since = lifecycle.counts_since(versions) or row.version
    people = [_standing(u.email, u.name, said.get(u.email, {}), since, row.version) for u in _asked(audience)]
    seen = people if any(actor.may(p) for p in SEES_DRAFTS) else [p for p in people if p.person == actor.login]
    done = sum(p.version is not None for p in people)
    return Acknowledgements(kind, key, row.version, since, row.sha256, audience, len(people), done, tuple(seen))


def to_acknowledge(ws: Workspace, actor: Actor) -> list[ToAcknowledge]:
    """The published texts that wait for the actor's word, by kind and key."""
    require(actor, Permission.view_policies)
    rows: dict[tuple[str, str], list[PolicyVersion]] = defaultdict(list)
    for row in every(ws).exclude(published_at=None).order_by("kind", "key", "version"):
        rows[row.kind, row.key].append(row)
    return [found for history in rows.values() if (found := _waiting(history, actor))]


def audience_of(row: PolicyVersion) -> tuple[str, ...]:
    """The roles that a text asks; none: everyone."""
    policy, _ = parsed_text(row.body, row.subject)
    return tuple(getattr(policy.envelope, "audience", ())) if policy else ()


def _waiting(history: list[PolicyVersion], actor: Actor) -> ToAcknowledge | None:
    versions = pures(history)
    last = lifecycle.latest(versions)
    if last is None:
        return None
    row = next(r for r in history if r.version == last.number)
    audience = audience_of(row)
    if audience and not actor.roles & frozenset(audience):
        return None
    from geartrain.stores.decisions.models import Acknowledgement

    mine = Acknowledgement.objects.filter(policy_version__in=[r.pk for r in history], person=actor.login)
    if lifecycle.acknowledged(versions, set(mine.values_list("policy_version__version", flat=True))):
        return None
    policy, _ = parsed_text(row.body, row.subject)
    start = naive(row.effective_from)
    assert start is not None
    return ToAcknowledge(row.kind, row.key, row.version, policy.name if policy else row.key, row.sha256, start)


def _latest(ws: Workspace, kind: str, key: str) -> tuple[PolicyVersion, list[Version]]:
    rows = list(every(ws).filter(kind=kind, key=key).exclude(published_at=None).order_by("version"))
    last = lifecycle.latest(versions := pures(rows))
    if last is None:
        raise NotFound(f"Nothing of {named(kind, key)} is published.", hint="geartrain policy list shows what is.")
    return next(r for r in rows if r.version == last.number), versions


def _said(ws: Workspace, kind: str, key: str) -> Mapping[str, Mapping[int, datetime]]:
    """Person to the versions they acknowledged, and when."""
    from geartrain.stores.decisions.models import Acknowledgement

    found: dict[str, dict[int, datetime]] = defaultdict(dict)
    rows = Acknowledgement.objects.filter(policy_version__kind=kind, policy_version__key=key)
    for person, version, at in rows.values_list("person", "policy_version__version", "at"):
        found[person][version] = at
    return found


def _asked(audience: Iterable[str]):
    """The people who are asked: active, and in one of the roles where roles are named."""
    from geartrain.stores.decisions.models import User

    roles = frozenset(audience)
    return [u for u in User.objects.filter(is_active=True).order_by("email") if not roles or roles & set(u.roles)]


def _standing(email: str, name: str, said: Mapping[int, datetime], since: int, last: int) -> Acknowledged:
    held = [v for v in said if since <= v <= last]
    version = max(held, default=None)
    return Acknowledged(email, name, version, naive(said[version]) if version is not None else None)
