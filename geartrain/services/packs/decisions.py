"""What is decided over a pack and stays with the next ones until it is closed; numbers that somebody disputes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING

from geartrain.kernel.errors import Conflict, Invalid, NotFound
from geartrain.kernel.measure import pack as packs
from geartrain.kernel.policy.policy import closest
from geartrain.services.access import Actor, Permission, require
from geartrain.services.commitments import assignee_of, close_commitment, drop_commitment, open_commitment
from geartrain.services.packs.store import (
    FROZEN,
    OPEN,
    DecisionInfo,
    DisputeInfo,
    decision_of,
    dispute_of,
    need_frozen,
    pack_rows,
    record,
    scopes_of,
    visible_row,
)
from geartrain.services.trail import writing
from geartrain.services.workspace import Workspace

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import Pack, PackDecision, PackDispute

DONE, DROPPED = "done", "dropped"
COMMITMENT = "pack_decision"
UPHELD, REJECTED = "upheld", "rejected"
LONGEST = 1_000


def add_decision(ws: Workspace, actor: Actor, *, pack: str, text: str, owner: str, due: date) -> DecisionInfo:
    """Note what was decided over a frozen pack, by whom it is done and by when.

    Raises:
        Conflict: the pack is a draft. Invalid: it says nothing, or names nobody.
    """
    require(actor, Permission.manage_packs)
    said, who = _line(text, "A decision"), _line(owner, "The owner of a decision")
    with writing(ws):
        row = visible_row(ws, actor, pack)
        need_frozen(row)
        made = row.decisions.create(
            text=said, owner=who, due=due, made_by=actor.login, made_at=ws.now().replace(tzinfo=UTC)
        )
        made.commitment = _commit(ws, made)
        made.save(update_fields=["commitment"])
        record(ws, actor, "add_decision", row.id, decision=made.pk, text=said, owner=who, due=str(due))
    return decision_of(made, _today(ws))


def close_decision(
    ws: Workspace, actor: Actor, *, decision: int, outcome: str = "", dropped: bool = False
) -> DecisionInfo:
    """Say that a decision is done, or that it is dropped; it is carried no further.

    Raises:
        NotFound: there is none, or its pack is not the actor's to see. Conflict: it is closed already.
    """
    require(actor, Permission.manage_packs)
    with writing(ws):
        row = _decision(ws, actor, decision)
        if row.state != OPEN:
            raise Conflict(
                f"Decision {decision} is {row.state} already.", hint="Make a new one if it has to be redone."
            )
        row.state, row.outcome = DROPPED if dropped else DONE, outcome.strip()[:LONGEST]
        row.closed_by, row.closed_at = actor.login, ws.now().replace(tzinfo=UTC)
        row.save(update_fields=["state", "outcome", "closed_by", "closed_at"])
        if dropped:
            drop_commitment(ws, actor, key=_key(row), reason=row.outcome or "The decision was dropped.")
        else:
            close_commitment(ws, actor, key=_key(row))
        record(ws, actor, "close_decision", row.pack_id, decision=row.pk, state=row.state, outcome=row.outcome)
    return decision_of(row, _today(ws))


def dispute_number(ws: Workspace, actor: Actor, *, pack: str, number: str, reason: str) -> DisputeInfo:
    """Say that a number of a frozen pack is wrong.

    Args:
        number: Its address, as `geartrain pack show` lists them: `results/by_team/East/bookings`.
    Raises:
        NotFound: the pack has no such number; the hint has the closest.
        Conflict: the pack is a draft, or the same person disputes it already.
    """
    require(actor, Permission.view_packs)
    said = _line(reason, "The reason")
    with writing(ws):
        row = visible_row(ws, actor, pack)
        need_frozen(row)
        _need_number(packs.read_pack(row.body), number)
        if row.disputes.filter(number=number, by=actor.login, state=OPEN).exists():
            raise Conflict("You dispute that number already.", hint="Wait until it is settled.")
        made = row.disputes.create(number=number, reason=said, by=actor.login, at=ws.now().replace(tzinfo=UTC))
        record(ws, actor, "dispute_number", row.id, dispute=made.pk, number=number, reason=said)
    return dispute_of(made)


def settle_dispute(ws: Workspace, actor: Actor, *, dispute: int, upheld: bool, resolution: str) -> DisputeInfo:
    """Say who is right about a number and why. The pack stays as it is; the restated view has the number as it is now.

    Raises:
        NotFound: there is none, or its pack is not the actor's to see. Conflict: it is settled already.
    """
    require(actor, Permission.manage_packs)
    said = _line(resolution, "The resolution")
    with writing(ws):
        row = _dispute(ws, actor, dispute)
        if row.state != OPEN:
            raise Conflict(
                f"Dispute {dispute} is {row.state} already.", hint="Dispute the number anew with a new reason."
            )
        row.state, row.resolution = UPHELD if upheld else REJECTED, said
        row.settled_by, row.settled_at = actor.login, ws.now().replace(tzinfo=UTC)
        row.save(update_fields=["state", "resolution", "settled_by", "settled_at"])
        record(ws, actor, "settle_dispute", row.pack_id, dispute=row.pk, state=row.state, resolution=said)
    return dispute_of(row)


def decisions_by_id(ws: Workspace, ids: Sequence[int]) -> tuple[DecisionInfo, ...]:
    """Some decisions as they stand now, in the order they were made."""
    if not ids:
        return ()
    from geartrain.stores.decisions.models import PackDecision

    today = _today(ws)
    return tuple(decision_of(d, today) for d in PackDecision.objects.filter(pk__in=ids).order_by("pk"))


def left_open(ws: Workspace, row: Pack) -> tuple[packs.Sessions, tuple[packs.Carried, ...], tuple[packs.Disputed, ...]]:
    """How the sessions before a pack went, and the decisions and disputes they left open.

    The packs before it are the frozen ones of its template and scope whose last day is not later. A session was due for
    each earlier last day; it was held where somebody said so of one of its packs. A decision counts as due where it is
    done, or open and its day is past; one that was dropped does not count.
    """
    before = list(
        pack_rows(ws)
        .filter(template=row.template, scope=row.scope, state=FROZEN, as_of__lte=row.as_of)
        .prefetch_related("decisions", "disputes")
        .order_by("as_of", "created_at", "id")
    )
    made = [d for p in before for d in p.decisions.all()]
    carried = tuple(
        packs.Carried(id=d.pk, pack=d.pack_id, text=d.text, owner=d.owner, due=d.due)
        for d in sorted(made, key=lambda d: (d.due, d.pk))
        if d.state == OPEN
    )
    disputed = tuple(
        packs.Disputed(id=d.pk, pack=d.pack_id, number=d.number, reason=d.reason, by=d.by)
        for p in before
        for d in sorted(p.disputes.all(), key=lambda d: d.pk)
        if d.state == OPEN
    )
    return _sessions(ws, [p for p in before if p.as_of < row.as_of], made), carried, disputed


def _sessions(ws: Workspace, before: Sequence[Pack], made: Iterable[PackDecision]) -> packs.Sessions:
    kept, today = [decision_of(d, _today(ws)) for d in made], _today(ws)
    due = [d for d in kept if d.state == DONE or (d.state == OPEN and d.due < today)]
    return packs.Sessions(
        due=len({p.as_of for p in before}),
        held=len({p.as_of for p in before if p.held_at is not None}),
        decisions=len(kept),
        due_decisions=len(due),
        closed_on_time=sum(d.state == DONE and not d.late for d in due),
    )


def _commit(ws: Workspace, decision: PackDecision) -> str:
    """The id of the commitment that a decision opens."""
    now = ws.now()
    opened = open_commitment(
        ws,
        kind=COMMITMENT,
        subject=f"pack/{decision.pack_id}",
        title=decision.text,
        link=f"/packs/{decision.pack_id}/",
        assignee=assignee_of(ws, decision.owner),
        due=max(now, ws.calendar.instant(decision.due + timedelta(days=1))),
        opened=now,
        source=f"pack/{decision.pack_id}",
        key=_key(decision),
    )
    return str(opened)


def _key(decision: PackDecision) -> str:
    return f"{COMMITMENT}/{decision.pk}"


def _decision(ws: Workspace, actor: Actor, decision: int) -> PackDecision:
    from geartrain.stores.decisions.models import PackDecision

    row = PackDecision.objects.select_related("pack").filter(pk=decision).first()
    if row is None or not scopes_of(ws, actor)(row.pack.scope):
        raise NotFound(f"There is no decision {decision}.", hint="See them with: geartrain pack show PACK")
    return row


def _dispute(ws: Workspace, actor: Actor, dispute: int) -> PackDispute:
    from geartrain.stores.decisions.models import PackDispute

    row = PackDispute.objects.select_related("pack").filter(pk=dispute).first()
    if row is None or not scopes_of(ws, actor)(row.pack.scope):
        raise NotFound(f"There is no dispute {dispute}.", hint="See them with: geartrain pack show PACK")
    return row


def _need_number(pack: packs.Pack, number: str) -> None:
    known = [at for at, _, _ in pack.numbers()]
    if number not in known:
        near = closest(number, known)
        hint = f"Did you mean '{near}'?" if near else "See them with: geartrain pack show PACK --format json"
        raise NotFound(f"The pack has no number '{number}'.", hint=hint)


def _line(text: str, what: str) -> str:
    said = " ".join(text.replace("\x00", "").split())
    if not said:
        raise Invalid(f"{what} says nothing.", hint="Write it out.")
    if len(said) > LONGEST:
        raise Invalid(f"{what} is longer than {LONGEST:,} characters.", hint="Say it shorter.")
    return said


def _today(ws: Workspace) -> date:
    return ws.calendar.day_of(ws.now())
