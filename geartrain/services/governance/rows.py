"""The rows of the register: who may see which, the one that is open, and what a version looks like to people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from geartrain.kernel.errors import NotFound
from geartrain.kernel.policy.lifecycle import OPEN, Status, Version
from geartrain.services.access import Actor, Permission
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions
from geartrain.stores.decisions.published import naive

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import PolicyVersion

# Who has one of these sees what is not published yet; to the others it does not exist.
SEES_DRAFTS = (
    Permission.edit_policies,
    Permission.approve_policies,
    Permission.publish_policies,
    Permission.view_audit,
)


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """One version, without its text.

    Args:
        status: Where it stands now: one whose successor is published but not in force yet is still published.
        author: Who began it.
        authors: Everyone who wrote some of it; none of them may approve it.
        effective_from: The instant from which it holds, naive UTC, as all instants here; None: not published.
        effective_to: The instant from which it holds no longer; None: no end is known.
        material: Whether it asks for acknowledgement anew.
        reason: Why it was retired.
    """

    kind: str
    key: str
    version: int
    status: Status
    sha256: str
    author: str
    authors: tuple[str, ...]
    summary: str
    created_at: datetime | None
    saved_at: datetime | None
    proposed_at: datetime | None
    approved_at: datetime | None
    published_at: datetime | None
    published_by: str
    effective_from: datetime | None
    effective_to: datetime | None
    material: bool
    review_by: date | None
    retired_at: datetime | None
    retired_by: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        return asdict(self) | {"authors": list(self.authors)}


def info(row: PolicyVersion, now: datetime) -> VersionInfo:
    """What people see of a row."""
    instants = ("created_at", "saved_at", "proposed_at", "approved_at", "published_at", "retired_at")
    return VersionInfo(
        kind=row.kind,
        key=row.key,
        version=row.version,
        status=pure(row).standing(now),
        sha256=row.sha256,
        author=row.author,
        authors=tuple(row.authors),
        summary=row.summary,
        **{name: naive(getattr(row, name)) for name in instants},
        published_by=row.published_by,
        effective_from=naive(row.effective_from),
        effective_to=naive(row.effective_to),
        material=row.material,
        review_by=row.review_by,
        retired_by=row.retired_by,
        reason=row.reason,
    )


def pure(row: PolicyVersion) -> Version:
    """The version as the rules of the lifecycle know it."""
    start, end = naive(row.effective_from), naive(row.effective_to)
    return Version(row.version, Status(row.status), row.sha256, start, end, row.material)


def pures(rows: Iterable[PolicyVersion]) -> list[Version]:
    """The versions as the rules of the lifecycle know them."""
    return [pure(r) for r in rows]


def every(ws: Workspace):
    """Every row, for use cases that decide themselves what is shown."""
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import PolicyVersion

    return PolicyVersion.objects.all()


def visible(ws: Workspace, actor: Actor):
    """The rows that the actor may know of."""
    rows = every(ws)
    return rows if any(actor.may(p) for p in SEES_DRAFTS) else rows.exclude(published_at=None)


def open_row(ws: Workspace, actor: Actor, kind: str, key: str) -> PolicyVersion:
    """The version of a policy that is being worked on.

    Raises:
        NotFound: none is.
    """
    row = visible(ws, actor).filter(kind=kind, key=key, status__in=[str(s) for s in OPEN]).first()
    if row is None:
        hint = "See what there is with: geartrain policy list"
        raise NotFound(f"No version of {named(kind, key)} is being worked on.", hint=hint)
    return row


def named(kind: str, key: str, version: int | None = None) -> str:
    """A policy in a sentence."""
    return f"{kind.replace('_', ' ')} '{key}'" + (f" version {version}" if version else "")


def ref(row: PolicyVersion) -> str:
    """A version in one word: policy/kind/key@2."""
    return f"{row.subject}@{row.version}"
