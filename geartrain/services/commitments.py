"""What people owe by an instant: opened by other use cases, met, waived, cancelled and handed on here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from geartrain.kernel.clock.commitment import Commitment, EscalationStep, State
from geartrain.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from geartrain.services.access import Actor, Permission, Role
from geartrain.services.records.facts import open_facts
from geartrain.services.trail import record, writing
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import Commitment as Row

# Kinds that have a state of their own: it must not say one thing there and another here.
CLOSED_WHERE_MADE = frozenset(
    {
        "pack_decision",
        "pay_dispute",
        "plan_to_sign",
        "quota_letter",
        "forecast_submission",
        "roe_dispute",
        "tool_review",
    }
)


@dataclass(frozen=True, slots=True)
class Owed:
    """A commitment as people read it.

    Args:
        state: Where it stands at the instant asked for: one that is past due is breached.
        outstanding: Whether it is still to be done.
        assignee: A login, or a role: then it is owed by everyone who wears it together.
        source: What opened it, e.g. `policy/comp_plan/ae@2`.
    """

    id: int
    kind: str
    subject: str
    title: str
    link: str
    assignee: str
    opened: datetime
    due: datetime
    state: State | None
    outstanding: bool
    done: datetime | None
    closed: datetime | None
    closed_by: str
    reason: str
    source: str

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        return asdict(self)


def open_commitment(
    ws: Workspace,
    *,
    kind: str,
    subject: str,
    title: str,
    assignee: str,
    due: datetime,
    opened: datetime | None = None,
    link: str = "",
    source: str = "",
    escalation: Sequence[EscalationStep] = (),
    key: str = "",
) -> int:
    """Open a commitment within the caller's transaction, and its audit event; returns its id.

    Args:
        due: The last instant that is in time, naive UTC; `kernel.clock.due` works it out of a term and a calendar.
        opened: When the clock starts; now where None.
        key: What may be open only once; kind and subject where empty. Where it is open already, that one is returned
            and nothing changes.
    """
    from geartrain.stores.decisions.models import Commitment as Row

    open_key = (key or f"{kind}/{subject}")[:400]
    known = Row.objects.filter(open_key=open_key).values_list("pk", flat=True).first()
    if known is not None:
        return int(known)
    pure = Commitment(kind, subject, assignee, opened or ws.now(), due, escalation=tuple(escalation))
    values = _values(pure) | {"title": title[:300], "link": link, "source": source}
    # Once more: somebody else may open it between the two.
    return int(Row.objects.get_or_create(open_key=open_key, defaults=values)[0].pk)


def close_commitment(ws: Workspace, actor: Actor, *, key: str, at: datetime | None = None) -> int | None:
    """Count the open commitment of that key as done, within the caller's transaction; None where none is open."""
    from geartrain.stores.decisions.models import Commitment as Row

    row = Row.objects.select_for_update().filter(open_key=key).first()
    if row is None:
        return None
    _keep(row, _pure(row).fulfil(at or ws.now()), by=actor.login)
    return int(row.pk)


def drop_commitment(ws: Workspace, actor: Actor, *, key: str, reason: str) -> int | None:
    """Let the open commitment of that key be, within the caller's transaction; None where none is open."""
    from geartrain.stores.decisions.models import Commitment as Row

    row = Row.objects.select_for_update().filter(open_key=key).first()
    if row is None:
        return None
    pure = _pure(row)
    now = max(ws.now(), pure.opened)  # one that has not opened yet never does
    end = pure.waive if pure.standing(now) is State.breached else pure.cancel
    _keep(row, end(now, by=actor.login, reason=reason), by=actor.login)
    return int(row.pk)


def list_commitments(
    ws: Workspace,
    actor: Actor,
    *,
    assignee: str | None = None,
    kind: str | None = None,
    subject: str | None = None,
    state: State | str | None = None,
    outstanding: bool | None = None,
    as_of: datetime | None = None,
) -> list[Owed]:
    """The commitments the actor may see, as they stood at an instant, first due first.

    People see their own, those of their roles and those of everyone below them; who manages or audits sees all.

    Raises:
        Invalid: there is no such state.
    """
    wanted = _state(state)
    at = as_of or ws.now()
    rows = _visible(ws, actor)
    chosen = {"assignee": assignee, "kind": kind, "subject": subject}
    rows = rows.filter(opened__lte=_aware(at), **{k: v for k, v in chosen.items() if v is not None})
    found = [_owed(row, at) for row in rows]
    return [o for o in found if wanted in (None, o.state) and outstanding in (None, o.outstanding)]


def my_work(ws: Workspace, actor: Actor, as_of: datetime | None = None) -> list[Owed]:
    """What the actor still has to do, in person or in one of their roles, first due first."""
    at = as_of or ws.now()
    rows = _rows(ws).filter(assignee__in=_hats(actor), opened__lte=_aware(at))
    return [o for o in (_owed(row, at) for row in rows) if o.outstanding]


def get_commitment(ws: Workspace, actor: Actor, *, id: int, as_of: datetime | None = None) -> Owed:
    """One commitment.

    Raises:
        NotFound: there is none, or the actor may not see it.
    """
    return _owed(_row(ws, actor, id), as_of or ws.now())


def meet_commitment(ws: Workspace, actor: Actor, *, id: int, at: datetime | None = None) -> Owed:
    """It was done, now or at an earlier instant: met up to the due instant, breached after it.

    Raises:
        NotFound: there is none the actor may see. Conflict: it is not owed any more.
        Invalid: that is before it was opened, or has not come yet.
    """
    done = at or ws.now()
    if done > ws.now():
        raise Invalid(f"{done} UTC has not come yet.", hint="Say when it was done.")
    return _move(ws, actor, id, "meet_commitment", lambda c: c.fulfil(done))


def waive_commitment(ws: Workspace, actor: Actor, *, id: int, reason: str) -> Owed:
    """Let it be, for a reason; a breach too.

    Raises:
        NotFound: there is none the actor may see. Forbidden: it is theirs to do, not to waive.
        Conflict: it is closed. Invalid: no reason.
    """
    now = ws.now()
    return _move(
        ws, actor, id, "waive_commitment", lambda c: c.waive(now, by=actor.login, reason=reason), leads=True, why=reason
    )


def cancel_commitment(ws: Workspace, actor: Actor, *, id: int, reason: str) -> Owed:
    """It does not arise any more. One that is past due is waived instead.

    Raises:
        NotFound: there is none the actor may see. Forbidden: it is theirs to do, not to cancel.
        Conflict: it is closed or past due. Invalid: no reason.
    """
    now = ws.now()
    return _move(
        ws,
        actor,
        id,
        "cancel_commitment",
        lambda c: c.cancel(now, by=actor.login, reason=reason),
        leads=True,
        why=reason,
    )


def reassign_commitment(ws: Workspace, actor: Actor, *, id: int, to: str, due: datetime | None = None) -> Owed:
    """Hand it to somebody else, whose clock is a new one; a breach stays with the first.

    Args:
        to: A login or a role.
        due: When it is due for them; the same instant where None and that has not passed.
    Raises:
        NotFound: there is none the actor may see, or nobody of that name. Forbidden: the actor does not lead.
        Conflict: it is closed, or theirs already. Invalid: it would be due in the past.
    """
    now, to = ws.now(), assignee_of(ws, to, strict=True)
    with writing(ws, in_turn=True):
        row = _row(ws, actor, id)
        _leading(ws, actor, row)
        before, key = _pure(row), row.open_key
        if (due or before.due) < now:
            raise Invalid("It would be past due already.", hint="Name a later due date.")
        old, new = before.reassign(now, to=to, due=due or before.due, by=actor.login)
        _keep(row, old, by=actor.login)
        after = type(row).objects.create(
            open_key=key, title=row.title, link=row.link, source=row.source, **_values(new)
        )
        record(ws, actor, "reassign_commitment", row.subject, id=row.pk, to=to, before=row.assignee, new=after.pk)
    return _owed(after, now)


def assignee_of(ws: Workspace, name: str, *, strict: bool = False) -> str:
    """Whom a name such as a policy's owner stands for: a role, somebody who may sign in, else RevOps.

    Example: head-of-sales is the role head_of_sales, head-of-finance is finance, ann@example.com is Ann.
    Raises:
        NotFound: nobody, where `strict`.
    """
    plain = name.strip().lower()
    word = plain.replace("-", "_").replace(" ", "_")
    for role in (word, word.removeprefix("head_of_")):
        if role in Role.__members__:
            return role
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import User

    if "@" in plain and User.objects.filter(email=plain, is_active=True).exists():
        return plain
    if strict:
        raise NotFound(f"Nobody is called '{name}'.", hint=f"An e-mail address, or a role: {', '.join(Role)}.")
    return str(Role.revops)


def _move(ws: Workspace, actor: Actor, id: int, verb: str, move: Any, *, leads: bool = False, why: str = "") -> Owed:
    with writing(ws, in_turn=True):
        row = _row(ws, actor, id)
        if row.kind in CLOSED_WHERE_MADE:
            raise Conflict("It ends with what it is about.", hint=f"Close it in {row.subject}: {row.link}")
        if leads or row.assignee not in _hats(actor):
            _leading(ws, actor, row)
        _keep(row, move(_pure(row)), by=actor.login)
        more = {"reason": why.strip()} if why else {}
        record(ws, actor, verb, row.subject, id=row.pk, kind=row.kind, assignee=row.assignee, state=row.state, **more)
    return _owed(row, ws.now())


def _leading(ws: Workspace, actor: Actor, row: Row) -> None:
    if actor.may(Permission.manage_commitments):
        return
    if row.assignee in _hats(actor) or row.assignee not in _below(ws, actor):
        raise Forbidden("That is for whoever leads to decide.", hint="Ask a manager of the one who owes it.")


def _rows(ws: Workspace):
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import Commitment as Row

    return Row.objects.all()


def _visible(ws: Workspace, actor: Actor):
    rows = _rows(ws)
    if actor.may(Permission.manage_commitments) or actor.may(Permission.view_audit):
        return rows
    return rows.filter(assignee__in=[*_hats(actor), *_below(ws, actor)])


def _row(ws: Workspace, actor: Actor, id: int) -> Row:
    row = _visible(ws, actor).filter(pk=id).first() if abs(id) < 2**63 else None
    if row is None:
        raise NotFound(f"There is no commitment {id}.")
    return row


def _hats(actor: Actor) -> list[str]:
    return [actor.login, *sorted(actor.roles)]


def _below(ws: Workspace, actor: Actor) -> frozenset[str]:
    """Logins of the people below somebody in the facts."""
    if actor.user_id is None:
        return frozenset()
    from geartrain.stores.decisions.models import User

    with open_facts(ws, actor) as facts:
        people = facts.hierarchy().tree(actor.user_id)[1:]
    return frozenset(User.objects.filter(user_id__in=people).values_list("email", flat=True)) if people else frozenset()


def _state(state: State | str | None) -> State | None:
    if state is not None and state not in State.__members__:
        raise Invalid(f"There is no state '{state}'.", hint=f"One of: {', '.join(State)}.")
    return None if state is None else State(state)


def _pure(row: Row) -> Commitment:
    steps: Iterable[Any] = row.escalation
    return Commitment(
        row.kind,
        row.subject,
        row.assignee,
        row.opened,
        row.due,
        State(row.state),
        row.done,
        row.closed,
        row.passed_on,
        row.closed_by,
        row.reason,
        tuple(EscalationStep.model_validate(s) for s in steps),
    )


def _values(c: Commitment) -> dict[str, Any]:
    return {
        "kind": c.kind,
        "subject": c.subject,
        "assignee": c.assignee,
        "opened": _aware(c.opened),
        "due": _aware(c.due),
        "escalation": [s.model_dump(mode="json", exclude_none=True) for s in c.escalation],
    }


def _keep(row: Row, after: Commitment, *, by: str) -> None:
    row.state, row.reason = str(after.state), after.reason
    row.done, row.closed, row.passed_on = (_aware(i) for i in (after.done, after.closed, after.passed_on))
    over = after.closed is not None and (after.state is not State.breached or after.done or after.passed_on)
    if over:
        row.closed_by, row.open_key = after.by or by, None
    row.save()


def _owed(row: Row, at: datetime) -> Owed:
    pure = _pure(row)
    return Owed(
        id=int(row.pk),
        kind=row.kind,
        subject=row.subject,
        title=row.title,
        link=row.link,
        assignee=row.assignee,
        opened=pure.opened,
        due=pure.due,
        state=pure.standing(at),
        outstanding=pure.outstanding(at),
        done=pure.done,
        closed=pure.closed,
        closed_by=row.closed_by,
        reason=row.reason,
        source=row.source,
    )


def _aware(value: datetime | None) -> Any:
    return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)
