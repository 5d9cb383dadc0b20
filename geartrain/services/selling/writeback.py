"""Write-back: what is proposed to be written into the sources, approved, cancelled and taken back.

Nothing here reaches a source: see `writeback_sending.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from geartrain.kernel.errors import Conflict, Invalid, NotFound
from geartrain.kernel.issues import Issue, Level
from geartrain.process.write_back import Change, WriteBackPolicy, same
from geartrain.services.access import Actor, Permission, require
from geartrain.services.policies import current_policy
from geartrain.services.trail import record, writing
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions
from geartrain.stores.decisions.published import aware, naive

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import WriteBack as Row

STATES = ("proposed", "ready", "sending", "conflict", "failed", "sent", "cancelled")
MOVABLE = ("proposed", "ready", "conflict", "failed")  # a person may still call it off
REVERTED = "revert/"


@dataclass(frozen=True, slots=True)
class WriteBack:
    """A proposal as people read it; instants are naive UTC.

    Args:
        changes: Column to `{"from": …, "to": …}`, ours, not the source's names.
        state: proposed (waits for approval), ready, sending (asked for, not confirmed), conflict, failed, sent or
            cancelled.
        before: What the source had before it was written.
    """

    id: int
    key: str
    system: str
    kind: str
    record: str
    changes: dict[str, dict[str, Any]]
    cause: str
    reason: str
    state: str
    proposed_by: str
    proposed_at: datetime
    approved_by: str
    approved_at: datetime | None
    tries: int
    not_before: datetime | None
    message: str
    before: dict[str, Any] | None
    closed_by: str
    closed_at: datetime | None

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        return asdict(self)


@dataclass(frozen=True)
class Proposed:
    """What proposing gave: new ones, those known from before, and those that may not be."""

    new: tuple[WriteBack, ...]
    known: int
    issues: tuple[Issue, ...]

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        return {
            "proposed": [w.as_json() for w in self.new],
            "known": self.known,
            "issues": [i.as_json() for i in self.issues],
        }


def write_back_policy(ws: Workspace) -> WriteBackPolicy:
    """The allow-list in force."""
    spec: WriteBackPolicy = current_policy(ws, "write_back", "default").spec
    return spec


def propose_write_backs(ws: Workspace, actor: Actor, *, changes: Iterable[Change]) -> Proposed:
    """Put changes into the outbox; nothing is sent. The same change by the same cause is there once.

    What the allow-list does not name is an issue and is not kept. A later proposal for a record takes the place of one
    that is not being sent.
    """
    require(actor, Permission.write_back)
    policy, new, known, issues = write_back_policy(ws), [], 0, []
    with writing(ws, in_turn=True):
        for change in changes:
            if said := policy.refused(change.system, change.kind, change.changes) or _doubtful(change):
                issues.append(
                    _issue(change, "write_back_refused", said, "Name it in the write_back policy, or leave it.")
                )
                continue
            row, said = _kept(ws, actor, policy, change)
            if said:
                issues.append(_issue(change, "write_back_waits", said, "Send or cancel that one first."))
            elif row is None:
                known += 1
            else:
                new.append(row)
        if new:
            ids = [w.pk for w in new]
            record(ws, actor, "propose_write_back", "write_backs", ids=ids[:1_000], count=len(ids), cause=new[0].cause)
    return Proposed(tuple(_shown(r) for r in new), known, tuple(issues))


def list_write_backs(
    ws: Workspace, actor: Actor, *, state: str = "", system: str = "", record: str = "", limit: int = 1_000
) -> list[WriteBack]:
    """The outbox, the last proposed first.

    Raises:
        Invalid: there is no such state.
    """
    require(actor, Permission.write_back)
    if state and state not in STATES:
        raise Invalid(f"There is no state '{state}'.", hint=f"One of: {', '.join(STATES)}.")
    asked = {"state": state, "system": system, "record": record}
    rows = _rows(ws).filter(**{k: v for k, v in asked.items() if v}).order_by("-id")
    return [_shown(r) for r in rows[:limit]]


def get_write_back(ws: Workspace, actor: Actor, *, id: int) -> WriteBack:
    """One of them. Raises: NotFound."""
    require(actor, Permission.write_back)
    return _shown(_row(ws, id))


def approve_write_backs(ws: Workspace, actor: Actor, *, ids: Sequence[int]) -> list[WriteBack]:
    """Let these be sent.

    Raises:
        NotFound: one is not there. Conflict: one does not wait for approval.
    """

    def move(row: Row) -> None:
        if row.state != "proposed":
            raise Conflict(f"Write-back {row.pk} does not wait for approval: it is {row.state}.")
        row.state, row.approved_by, row.approved_at = "ready", actor.login, aware(ws.now())

    return _moved(ws, actor, "approve_write_back", ids, move)


def cancel_write_backs(ws: Workspace, actor: Actor, *, ids: Sequence[int], reason: str = "") -> list[WriteBack]:
    """Call these off.

    Raises:
        NotFound: one is not there. Conflict: one is over, or being sent.
    """

    def move(row: Row) -> None:
        if row.state == "sending":
            hint = "Send again: it is read first, and closed if it is there."
            raise Conflict(f"Whether write-back {row.pk} was carried out is not known yet.", hint=hint)
        if row.state not in MOVABLE:
            raise Conflict(
                f"Write-back {row.pk} is {row.state}.", hint="Take a sent one back with: geartrain writeback revert"
            )
        close(row, "cancelled", by=actor.login, at=ws.now(), message=reason or row.message)

    return _moved(ws, actor, "cancel_write_back", ids, move, reason=reason)


def retry_write_backs(ws: Workspace, actor: Actor, *, ids: Sequence[int]) -> list[WriteBack]:
    """Try failed ones again; take what the source has now as the ground of a conflict, which needs approval again.

    Raises:
        NotFound: one is not there. Conflict: one has neither failed nor met a conflict.
    """
    policy = write_back_policy(ws)

    def move(row: Row) -> None:
        if row.state not in ("conflict", "failed"):
            raise Conflict(f"Write-back {row.pk} is {row.state}: there is nothing to try again.")
        if row.state == "conflict":
            row.accepted, row.tried = row.before, None
            row.state = "proposed" if policy.waits(row.changes) else "ready"
        else:
            row.state = "sending" if row.tried else "ready"
        row.tries, row.not_before, row.message = 0, None, ""

    return _moved(ws, actor, "retry_write_back", ids, move)


def revert_write_backs(ws: Workspace, actor: Actor, *, ids: Sequence[int]) -> Proposed:
    """Propose to put back what sent ones replaced.

    Raises:
        NotFound: one is not there. Conflict: one was not sent.
    """
    require(actor, Permission.write_back)
    changes = []
    for row in (_row(ws, i) for i in ids):
        if row.state != "sent" or row.before is None:
            raise Conflict(f"Write-back {row.pk} wrote nothing that could be put back.")
        back = {
            c: {"from": v["to"], "to": row.before["values"].get(c)}
            for c, v in row.changes.items()
            if not same(row.before["values"].get(c), v["to"])
        }
        changes.append(Change(row.system, row.kind, row.record, back, f"{REVERTED}{row.pk}", f"Takes back {row.pk}."))
    return propose_write_backs(ws, actor, changes=changes)


def change_of(row: Row) -> Change:
    """A row's content; where a conflict was accepted, it rests on what the source had then."""
    changes: Mapping[str, Any] = row.changes
    if row.accepted:
        changes = {c: {**v, "from": row.accepted["values"].get(c)} for c, v in row.changes.items()}
    return Change(row.system, row.kind, row.record, changes, row.cause, row.reason)


def close(row: Row, state: str, *, by: str, at: datetime, message: str) -> None:
    """A row that is over; the caller saves it."""
    row.state, row.message, row.open_key = state, message, None
    row.closed_by, row.closed_at = by, aware(at)


def _doubtful(change: Change) -> str:
    if not change.changes:
        return f"Nothing is to be changed of {change.kind} {change.record}."
    plain = change.record.strip()
    if not plain or len(plain) > 200 or not all(c.isalnum() or c in "-_" for c in plain):
        return f"'{plain[:60]}' is no id of a record in {change.system}."
    odd = [
        c
        for c, v in change.changes.items()
        if "to" not in v or not isinstance(v["to"], str | int | float | bool | None)
    ]
    return f"{odd[0]} has no plain value to write." if odd else ""


def _issue(change: Change, code: str, said: str, hint: str) -> Issue:
    return Issue(code, Level.warning, said, f"{change.system}/{change.kind}/{change.record}", hint)


def _kept(ws: Workspace, actor: Actor, policy: WriteBackPolicy, change: Change) -> tuple[Row | None, str]:
    """The new row; or None, and why not where it is not simply known."""
    from geartrain.stores.decisions.models import WriteBack as Row

    if Row.objects.filter(key=change.key).exists():
        return None, ""
    open_key = f"{change.system}/{change.kind}/{change.record}"
    other = Row.objects.filter(open_key=open_key).first()
    if other is not None:
        wanted = {c: v.get("to") for c, v in other.changes.items()}
        if wanted == change.wanted and other.state != "conflict":
            return None, ""
        if other.state in ("ready", "sending"):
            return None, f"{change.kind} {change.record} has another write-back that is {other.state}: {other.pk}."
        close(other, "cancelled", by=actor.login, at=ws.now(), message="A later proposal took its place.")
        other.save()
    return Row.objects.create(
        key=change.key, system=change.system, kind=change.kind, record=change.record, cause=change.cause[:300],
        changes={c: dict(v) for c, v in change.changes.items()}, reason=change.reason, open_key=open_key,
        state="proposed" if policy.waits(change.changes) else "ready",
        proposed_by=actor.login, proposed_at=aware(ws.now()),
    ), ""  # fmt: skip


def _moved(ws: Workspace, actor: Actor, verb: str, ids: Sequence[int], move: Any, **detail: Any) -> list[WriteBack]:
    require(actor, Permission.write_back)
    if not ids:
        raise Invalid("Which ones?", hint="Name their ids: geartrain writeback list")
    with writing(ws, in_turn=True):
        rows = [_row(ws, i) for i in ids]
        for row in rows:
            move(row)
            row.save()
        record(ws, actor, verb, "write_backs", ids=list(ids), **{k: v for k, v in detail.items() if v})
    return [_shown(row) for row in rows]


def _rows(ws: Workspace) -> Any:
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import WriteBack as Row

    return Row.objects.all()


def _row(ws: Workspace, id: int) -> Row:
    row: Row | None = _rows(ws).filter(pk=id).first() if abs(id) < 2**63 else None
    if row is None:
        raise NotFound(f"There is no write-back {id}.", hint="See them with: geartrain writeback list")
    return row


def _shown(row: Row) -> WriteBack:
    at = naive(row.proposed_at)
    assert at is not None
    return WriteBack(
        row.pk, row.key, row.system, row.kind, row.record, row.changes, row.cause, row.reason, row.state,
        row.proposed_by, at, row.approved_by, naive(row.approved_at), row.tries, naive(row.not_before), row.message,
        row.before["values"] if row.before else None, row.closed_by, naive(row.closed_at),
    )  # fmt: skip
