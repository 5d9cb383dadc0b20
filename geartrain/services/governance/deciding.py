"""Decisions made by policies: recorded once, found again by a replay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from geartrain.kernel.errors import Conflict
from geartrain.kernel.policy import Policy
from geartrain.kernel.policy.decision import Decision, plain, utc
from geartrain.services.access import Actor
from geartrain.services.trail import record, writing
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions
from geartrain.stores.decisions.published import aware

BATCH = 500  # rows looked up or written at a time; SQLite takes at most some 30 000 values in one statement


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many decisions were new, and how many were known from before."""

    new: int
    known: int


def decision_by(policy: Policy, *, rule: str, subject: str, occurred_at: datetime, **what: object) -> Decision:
    """A decision that cites this policy; `what` is inputs, result and trace."""
    return Decision(
        policy.kind,
        policy.key,
        policy.version,
        policy.sha256,
        rule,
        subject,
        utc(occurred_at),
        **what,  # type: ignore[arg-type]
    )


def record_decisions(ws: Workspace, actor: Actor, decisions: Iterable[Decision]) -> Recorded:
    """Keep decisions, all or none, with one event; those of a replay are known already and stay as they are.

    The caller has asked for the permission of whatever it is doing.

    Raises:
        Conflict: a decision with the same inputs came out differently before: the engine is not deterministic.
    """
    new = known = 0
    subjects: set[str] = set()
    with writing(ws, in_turn=True):
        rest = iter(decisions)
        while batch := {d.id: d for d in islice(rest, BATCH)}:
            fresh = _fresh(batch)
            _write(fresh, ws.now())
            new, known = new + len(fresh), known + len(batch) - len(fresh)
            subjects |= {f"policy/{d.kind}/{d.key}@{d.version}" for d in fresh}
        if new:
            record(ws, actor, "record_decisions", "decisions", new=new, known=known, by=sorted(subjects)[:50])
    return Recorded(new, known)


def record_decision(ws: Workspace, actor: Actor, decision: Decision) -> Recorded:
    """Keep one decision."""
    return record_decisions(ws, actor, [decision])


def keep_new(ws: Workspace, actor: Actor, decisions: Sequence[Decision]) -> str:
    """Keep decisions about what was surely not decided before, within the caller's transaction, with one event.

    Returns: the hash of the trail after it.
    """
    from geartrain.stores.decisions.models import record_event

    now = ws.now()
    for n in range(0, len(decisions), BATCH):
        _write(list(decisions[n : n + BATCH]), now)
    by = sorted({f"policy/{d.kind}/{d.key}@{d.version}" for d in decisions})[:50]
    detail = {"new": len(decisions), "known": 0, "by": by}
    return record_event(actor.login, "record_decisions", at=now, subject="decisions", detail=detail).hash


def decisions_about(ws: Workspace, subject: str) -> list[Decision]:
    """What was decided about a subject, first occurred first; the caller has seen to who may know."""
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import Decision as Row

    return [_decision(row) for row in Row.objects.filter(subject=subject)]


def _fresh(batch: dict[str, Decision]) -> list[Decision]:
    from geartrain.stores.decisions.models import Decision as Row

    known = dict(Row.objects.filter(pk__in=list(batch)).values_list("id", "result"))
    for id, result in known.items():
        if plain(batch[id].result) != result:
            message = f"{batch[id].ref} decided about {batch[id].subject} before, with another result."
            raise Conflict(message, hint="The same inputs must give the same result: name every input it depends on.")
    return [d for id, d in batch.items() if id not in known]


def _write(decisions: list[Decision], now: datetime) -> None:
    from geartrain.stores.decisions.models import Decision as Row

    Row.objects.bulk_create(
        Row(
            id=d.id,
            kind=d.kind,
            key=d.key,
            version=d.version,
            sha256=d.sha256,
            rule=d.rule,
            subject=d.subject,
            occurred_at=aware(utc(d.occurred_at)),
            recorded_at=aware(now),
            inputs=plain(d.inputs),
            result=plain(d.result),
            trace=plain(d.trace),
        )
        for d in decisions
    )


def _decision(row) -> Decision:
    return Decision(
        row.kind,
        row.key,
        row.version,
        row.sha256,
        row.rule,
        row.subject,
        utc(row.occurred_at),
        row.inputs,
        row.result,
        row.trace,
    )
