"""Sending what the outbox holds: read, compared, written once, and read again where the reply was lost.

What is about to be written is noted before it is sent. A process killed at any instant leaves a note, and whoever sends
next reads the record before anything else.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from geartrain.kernel.errors import Conflict, GeartrainError, Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.process.write_back import Judged, Seen, Target, Verdict, WriteBackPolicy, judge
from geartrain.services.access import Actor, Permission, require
from geartrain.services.selling.writeback import change_of, close, write_back_policy
from geartrain.services.trail import record, writing
from geartrain.services.workspace import Workspace
from geartrain.stores.crm import Crm, Outcome, Told, Update, connect
from geartrain.stores.crm.client import Later, Refused
from geartrain.stores.decisions import open_decisions
from geartrain.stores.decisions.published import aware

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import WriteBack as Row

SETTLES = 5.0  # seconds after a lost reply until the source is asked whether it wrote
ADVISORY = 7_261_001  # PostgreSQL's lock of the one who sends


@dataclass(frozen=True)
class Sent:
    """What sending did, or would do.

    Args:
        items: One per write-back: outcome is would_write, written, found, conflict, failed, waiting or refused.
        issues: What kept whole sources from being asked.
    """

    applied: bool
    items: tuple[dict[str, Any], ...]
    issues: tuple[Issue, ...]

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        counts = Counter(i["outcome"] for i in self.items)
        told = [i.as_json() for i in self.issues]
        return {
            "applied": self.applied,
            "counts": dict(sorted(counts.items())),
            "items": list(self.items),
            "issues": told,
        }


@dataclass
class Run:
    """One go at the outbox."""

    ws: Workspace
    actor: Actor
    policy: WriteBackPolicy
    apply: bool
    pause: Callable[[float], None]
    items: dict[int, dict[str, Any]] = field(default_factory=dict)

    def say(self, row: Row, outcome: str, message: str = "", **more: Any) -> None:
        """What became of a row; the last word counts."""
        told = {"id": row.pk, "system": row.system, "kind": row.kind, "record": row.record}
        self.items[row.pk] = told | more | {"outcome": outcome, "message": message}

    def open(self, row: Row) -> bool:
        """Whether it is not settled yet."""
        return row.pk not in self.items or self.items[row.pk]["outcome"] == "waiting"


def preview_write_backs(
    ws: Workspace, actor: Actor, *, system: str = "", ids: Sequence[int] = (), limit: int = 500
) -> Sent:
    """What would be written now, of everything that is open, approved or not: the sources are read, nothing is kept."""
    return _go(ws, actor, ("proposed", "ready", "sending", "conflict", "failed"), system, ids, limit, apply=False)


def send_write_backs(
    ws: Workspace,
    actor: Actor,
    *,
    apply: bool = False,
    system: str = "",
    ids: Sequence[int] = (),
    limit: int = 500,
    pause: Callable[[float], None] = time.sleep,
) -> Sent:
    """Write what is ready; without `apply` the sources are read and nothing is written or kept.

    Raises:
        Conflict: somebody else is sending now. Invalid: one of the ids is not ready.
    """
    return _go(ws, actor, ("ready", "sending"), system, ids, limit, apply=apply, pause=pause)


def _go(
    ws: Workspace, actor: Actor, states: Sequence[str], system: str, ids: Sequence[int], limit: int, *, apply: bool,
    pause: Callable[[float], None] = time.sleep,
) -> Sent:  # fmt: skip
    require(actor, Permission.write_back)
    open_decisions(ws.decisions_url)
    run = Run(ws, actor, write_back_policy(ws), apply, pause)
    issues: list[Issue] = []
    with sending(ws) if apply else _nothing():
        rows = _chosen(ws, states, system, ids, limit)
        for name, group in groupby(rows, key=lambda r: r.system):
            mine = _allowed(run, list(group))
            try:
                _system(run, connect(name, os.environ, pause=pause), mine)
            except GeartrainError as error:
                issues.append(Issue(error.code, Level.error, error.message, name, error.hint))
                _hold(run, mine, error)
    return Sent(apply, tuple(run.items[k] for k in sorted(run.items)), tuple(issues))


@contextmanager
def sending(ws: Workspace) -> Iterator[None]:
    """Be the one who sends, of all processes. The kernel, or PostgreSQL, ends it with the process.

    Raises:
        Conflict: another is sending.
    """
    from django.db import connection

    busy = Conflict("Somebody is sending now.", hint="Wait until it has ended.")
    ws.data.mkdir(parents=True, exist_ok=True)
    fd = os.open(ws.data / "outbox.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy from None
        shared = connection.vendor == "postgresql"
        if shared:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [ADVISORY])
                if not cursor.fetchone()[0]:
                    raise busy
        try:
            yield
        finally:
            if shared:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY])
    finally:
        os.close(fd)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _chosen(ws: Workspace, states: Sequence[str], system: str, ids: Sequence[int], limit: int) -> list[Row]:
    from geartrain.stores.decisions.models import WriteBack as Row

    rows = Row.objects.filter(state__in=states)
    rows = rows.filter(system=system) if system else rows
    if ids:
        found = list(rows.filter(pk__in=list(ids)).order_by("system", "kind", "id"))
        if lost := sorted(set(ids) - {r.pk for r in found}):
            raise Invalid(
                f"Write-back {lost[0]} cannot be sent now.", hint=f"It would have to be {' or '.join(states)}."
            )
        return found
    now = aware(ws.now())
    due = [r for r in rows.order_by("system", "kind", "id") if r.not_before is None or r.not_before <= now]
    return due[:limit]


def _allowed(run: Run, rows: list[Row]) -> list[Row]:
    """The allow-list of this moment, asked once more: it may have changed since they were proposed."""
    found = []
    for row in rows:
        said = run.policy.refused(row.system, row.kind, row.changes)
        if said:
            run.say(row, "refused", said)
            continue
        found.append(row)
    return found


def _system(run: Run, crm: Crm, rows: list[Row]) -> None:
    for kind, group in groupby(rows, key=lambda r: r.kind):
        target = run.policy.target(crm.name, kind)
        assert target is not None
        whole = list(group)
        for n in range(0, len(whole), crm.batch):
            _batch(run, crm, target, whole[n : n + crm.batch])


def _batch(run: Run, crm: Crm, target: Target, rows: list[Row]) -> None:
    """All of them at once; one by one where the source refuses them together for the sake of one."""
    try:
        _rounds(run, crm, target, rows)
    except Refused as refused:
        left = [r for r in rows if run.open(r)]
        if len(rows) == 1:
            _fail(run, left, refused.message)
        else:
            for row in left:
                _batch(run, crm, target, [row])


def _rounds(run: Run, crm: Crm, target: Target, rows: list[Row]) -> None:
    """Rounds of read, judge, write until each is settled; a lost reply is settled by the next round's reading."""
    left, first = rows, True
    while left:
        if not first:
            run.pause(SETTLES)
        first = False
        judged = _judged(crm, target, left)
        if not run.apply:
            for row in left:
                _would(run, target, row, *judged[row.pk])
            return
        to_write = _noted(run, left, judged)
        updates = [_update(target, row, *judged[row.pk]) for row in to_write]
        try:
            outcomes = crm.write(target.object, updates) if updates else []
        except GeartrainError:
            _untried(run, to_write)  # nothing was written
            raise
        left = _settled(run, to_write, outcomes)


def _judged(crm: Crm, target: Target, rows: list[Row]) -> dict[int, tuple[Seen | None, Judged]]:
    fields = sorted({target.fields[c] for r in rows for c in r.changes})
    read = crm.read(target.object, [r.record for r in rows], fields)
    found = {}
    for row in rows:
        has = read.get(row.record)
        now = None if has is None else Seen({c: has.values.get(target.fields[c]) for c in row.changes}, has.stamp)
        tried = Seen(row.tried["values"], row.tried["stamp"]) if row.tried else None
        found[row.pk] = now, judge(change_of(row), now, tried=tried)
    return found


def _would(run: Run, target: Target, row: Row, now: Seen | None, judged: Judged) -> None:
    outcome = {Verdict.write: "would_write", Verdict.gone: "failed"}.get(judged.verdict, str(judged.verdict))
    values = {target.fields[c]: v for c, v in judged.values.items()}
    run.say(row, outcome, judged.message, state=row.state, fields=values, has=dict(now.values) if now else None)


def _update(target: Target, row: Row, now: Seen | None, judged: Judged) -> Update:
    assert now is not None
    return Update(row.record, {target.fields[c]: v for c, v in judged.values.items()}, now.stamp, row.key)


def _noted(run: Run, rows: list[Row], judged: dict[int, tuple[Seen | None, Judged]]) -> list[Row]:
    """Close what need not be written, and note what is about to be, before it is."""
    to_write = []
    with writing(run.ws, in_turn=True):
        for row in rows:
            row.refresh_from_db()
            if row.state not in ("ready", "sending"):
                run.say(row, "waiting", f"It is {row.state} now.")
                continue
            now, verdict = judged[row.pk]
            kept = None if now is None else {"values": dict(now.values), "stamp": now.stamp}
            match verdict.verdict:
                case Verdict.write if row.tries >= run.policy.tries:
                    row.state, row.message = "failed", f"Tried {row.tries} times. {row.message}".strip()
                    run.say(row, "failed", row.message)
                case Verdict.write:
                    row.was_tried = row.tried is not None
                    row.state, row.tried, row.tries, row.before = "sending", kept, row.tries + 1, kept
                    to_write.append(row)
                case Verdict.found:
                    done = "It was written; the reply was lost." if row.tried else verdict.message
                    close(row, "sent", by=run.actor.login, at=run.ws.now(), message=done)
                    run.say(row, "written" if row.tried else "found", done)
                case Verdict.conflict:
                    row.state, row.message, row.before = "conflict", verdict.message, kept
                    run.say(row, "conflict", verdict.message)
                case Verdict.gone:
                    row.state, row.message = "failed", verdict.message
                    run.say(row, "failed", verdict.message)
            row.save()
        _tell(run, [r for r in rows if r not in to_write])
    return to_write


def _settled(run: Run, rows: list[Row], outcomes: Sequence[Outcome]) -> list[Row]:
    """Keep what the source said; returns those that are to be read again."""
    again = []
    if not rows:
        return again
    with writing(run.ws, in_turn=True):
        for row, outcome in zip(rows, outcomes, strict=True):
            row.message = outcome.message
            match outcome.told:
                case Told.written:
                    close(row, "sent", by=run.actor.login, at=run.ws.now(), message="")
                    run.say(row, "written")
                case Told.refused:
                    row.state, row.tried = "failed", None
                    run.say(row, "failed", outcome.message)
                case Told.raced:
                    # Surely not written by this try; by an earlier one whose reply was lost, perhaps.
                    row.tried = row.tried if row.was_tried else None
                    again.append(row)
                case Told.lost:
                    again.append(row)
            row.save()
        _tell(run, [r for r in rows if r not in again])
    for row in again:
        run.say(row, "waiting", row.message)
    return again


def _untried(run: Run, rows: list[Row]) -> None:
    with writing(run.ws, in_turn=True):
        for row in rows:
            if not row.was_tried:
                row.state, row.tried, row.tries = "ready", None, row.tries - 1
                row.save()


def _fail(run: Run, rows: list[Row], message: str) -> None:
    for row in rows:
        run.say(row, "failed", message)
    if run.apply:
        with writing(run.ws, in_turn=True):
            for row in rows:
                row.refresh_from_db()
                row.state, row.message = "failed", message
                row.save()
            _tell(run, rows)


def _tell(run: Run, rows: list[Row]) -> None:
    told: dict[str, list[int]] = {}
    for row in rows:
        if (item := run.items.get(row.pk)) is not None:
            told.setdefault(item["outcome"], []).append(row.pk)
    if told:
        record(run.ws, run.actor, "send_write_back", "write_backs", **told)


def _hold(run: Run, rows: list[Row], error: GeartrainError) -> None:
    """The source cannot be asked: what was not settled waits, what was noted as tried stays so."""
    left = [r for r in rows if run.open(r)]
    for row in left:
        run.say(row, "waiting", error.message)
    if not run.apply or not isinstance(error, Later):
        return
    with writing(run.ws, in_turn=True):
        for row in left:
            row.refresh_from_db()
            if row.state in ("ready", "sending"):
                row.not_before = aware(run.ws.now() + timedelta(seconds=error.seconds))
                row.message = error.message
                row.save()
