"""Reading the register: which policies there are, what one says, who approved it, which set held at an instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from geartrain.kernel.errors import NotFound
from geartrain.kernel.policy import Policy, PolicySet
from geartrain.kernel.policy.decision import utc
from geartrain.kernel.policy.lifecycle import OPEN, in_force
from geartrain.services.access import Actor, Permission, require
from geartrain.services.governance.acknowledging import Acknowledgements, acknowledgements
from geartrain.services.governance.rows import VersionInfo, info, named, pures, visible
from geartrain.services.policies import current_policies, known_kind, parsed_text
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions.published import naive

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import PolicyVersion

SHIPPED, FILE, PUBLISHED, NOWHERE = "shipped", "file", "published", ""


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One policy in a list.

    Args:
        source: What is in force: `shipped`, a `file` of the workspace, `published`; empty: nothing is.
        version: The published version that holds, else the latest in the register, else what the text says.
        status: Where that stands; `in force` for files and what ships, where the register has none.
        open_version: The version that is being worked on, and where it stands.
    """

    kind: str
    key: str
    name: str
    owner: str
    source: str
    version: int
    status: str
    effective_from: datetime | None
    review_by: date | None
    open_version: int | None
    open_status: str
    sha256: str
    where: str


@dataclass(frozen=True, slots=True)
class ApprovalInfo:
    """What somebody said of a proposed text."""

    version: int
    approver: str
    verdict: str
    comment: str
    at: datetime
    sha256: str


@dataclass(frozen=True, slots=True)
class PolicyDetail:
    """One version of a policy with everything about it.

    Args:
        version: The number, whatever the text says.
        info: The version in the register; None for a file or what ships.
        body: The text, byte for byte.
        in_force: Whether it is what holds now.
        versions: Every version the actor may see, the last first.
        acknowledgements: Of the version that counts; None where nothing is published.
    """

    kind: str
    key: str
    name: str
    version: int
    source: str
    where: str
    body: str
    sha256: str
    in_force: bool
    info: VersionInfo | None
    versions: tuple[VersionInfo, ...]
    approvals: tuple[ApprovalInfo, ...]
    acknowledgements: Acknowledgements | None


def list_policies(
    ws: Workspace, actor: Actor, *, kind: str | None = None, status: str | None = None
) -> list[PolicyRow]:
    """Every policy the actor may see, by kind and key: in force, being worked on, or retired.

    Args:
        status: Only those in force or being worked on in that status; `in force` too.
    """
    require(actor, Permission.view_policies)
    current = current_policies(ws).policies
    history: dict[tuple[str, str], list[PolicyVersion]] = {}
    for row in visible(ws, actor).order_by("kind", "key", "version"):
        history.setdefault((row.kind, row.key), []).append(row)
    names = sorted(n for n in {*current, *history} if kind is None or n[0] == kind)
    rows = [_row(ws, n, current.get(n), history.get(n, [])) for n in names]
    return [r for r in rows if status in (None, r.status, r.open_status)]


def get_policy(ws: Workspace, actor: Actor, *, kind: str, key: str, version: int | None = None) -> PolicyDetail:
    """One version of a policy: the one asked for, else the published one that holds, else the latest.

    Where the register has none it is the file of the workspace, or what ships.

    Raises:
        NotFound: there is none that the actor may see; the message has the closest key.
    """
    require(actor, Permission.view_policies)
    known_kind(kind)
    rows = list(visible(ws, actor).filter(kind=kind, key=key).order_by("-version"))
    if not rows and version is None:
        return _unregistered(current_policies(ws).get(kind, key))
    held = in_force(pures(rows), ws.now())
    wanted = version or (held or pures(rows[:1])[0]).number if rows else version
    row = next((r for r in rows if r.version == wanted), None)
    if row is None:
        numbers = f"There are versions 1 to {rows[0].version}." if len(rows) > 1 else "There is version 1 only."
        hint = numbers if rows else "See what there is with: geartrain policy list"
        raise NotFound(f"There is no {named(kind, key, version)}.", hint=hint)
    return _detail(ws, actor, row, rows, in_force=held is not None and held.number == row.version)


def published_set(ws: Workspace, as_of: date | datetime | None = None) -> PolicySet:
    """The policies in force at an instant (naive UTC), at the end of a day, or now; for engines that cite versions."""
    return current_policies(ws, as_of=moment(ws, as_of))


def moment(ws: Workspace, when: date | datetime | None) -> datetime:
    """An instant as it is; of a day its last; now for None."""
    if when is None:
        return ws.now()
    if isinstance(when, datetime):
        return utc(when)
    return ws.calendar.instant(when + timedelta(days=1)) - timedelta(microseconds=1)


def approvals_of(row: PolicyVersion) -> tuple[ApprovalInfo, ...]:
    """What was said of a version, first said first."""
    return tuple(
        ApprovalInfo(row.version, a.approver, a.verdict, a.comment, _at(a.at), a.sha256) for a in row.approvals.all()
    )


def _row(ws: Workspace, name: tuple[str, str], now: Policy | None, history: list[PolicyVersion]) -> PolicyRow:
    at = ws.now()
    open_ = next((r for r in history if r.status in [str(s) for s in OPEN]), None)
    held = in_force(pures(history), at)
    row = next((r for r in history if held and r.version == held.number), None) or (history[-1] if history else None)
    said = info(row, at) if row else None
    shown = now if now and (held or not row) else (parsed_text(row.body, row.subject)[0] if row else None) or now
    return PolicyRow(
        kind=name[0],
        key=name[1],
        name=shown.name if shown else name[1],
        owner=str(shown.envelope.owner) if shown else "",
        source=NOWHERE if now is None else PUBLISHED if held else source_of(now),
        version=row.version if row else now.version if now else 0,
        status=str(said.status) if said else "in force",
        effective_from=said.effective_from if said else None,
        review_by=said.review_by if said else getattr(now.envelope, "review_by", None) if now else None,
        open_version=open_.version if open_ else None,
        open_status=open_.status if open_ else "",
        sha256=row.sha256 if row else now.sha256 if now else "",
        where=now.where if now else "",
    )


def source_of(policy: Policy) -> str:
    """Where a policy in force comes from."""
    if policy.where.startswith("policy/"):
        return PUBLISHED
    return SHIPPED if policy.where.startswith("geartrain/") else FILE


def _unregistered(policy: Policy) -> PolicyDetail:
    return PolicyDetail(
        kind=policy.kind,
        key=policy.key,
        name=policy.name,
        version=policy.version,
        source=source_of(policy),
        where=policy.where,
        body=policy.body,
        sha256=policy.sha256,
        in_force=True,
        info=None,
        versions=(),
        approvals=(),
        acknowledgements=None,
    )


def _detail(
    ws: Workspace, actor: Actor, row: PolicyVersion, rows: list[PolicyVersion], *, in_force: bool
) -> PolicyDetail:
    policy, _ = parsed_text(row.body, row.subject)
    published = any(r.status == "published" for r in rows)
    return PolicyDetail(
        kind=row.kind,
        key=row.key,
        name=policy.name if policy else row.key,
        version=row.version,
        source=PUBLISHED if row.published_at else NOWHERE,
        where=f"{row.subject}@{row.version}",
        body=row.body,
        sha256=row.sha256,
        in_force=in_force,
        info=info(row, ws.now()),
        versions=tuple(info(r, ws.now()) for r in rows),
        approvals=approvals_of(row),
        acknowledgements=acknowledgements(ws, actor, kind=row.kind, key=row.key) if published else None,
    )


def _at(value: datetime) -> datetime:
    found = naive(value)
    assert found is not None
    return found


def as_json(detail: PolicyDetail) -> dict[str, Any]:
    """The shape `geartrain policy show` answers with."""
    said = detail.info
    head = {n: getattr(detail, n) for n in ("kind", "key", "name", "version", "source", "where", "sha256", "in_force")}
    return head | {
        "status": str(said.status) if said else "in force",
        "info": said.as_json() if said else None,
        "versions": [v.as_json() for v in detail.versions],
        "approvals": [
            {"version": a.version, "approver": a.approver, "verdict": a.verdict, "comment": a.comment, "at": a.at,
             "sha256": a.sha256}
            for a in detail.approvals
        ],
        "acknowledgements": detail.acknowledgements.as_json() if detail.acknowledgements else None,
        "body": detail.body,
    }  # fmt: skip
