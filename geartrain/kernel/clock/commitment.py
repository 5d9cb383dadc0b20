"""What somebody owes by an instant: from open to met, breached, waived or cancelled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from math import inf

from pydantic import Field

from geartrain.kernel.clock.business import BusinessCalendar, Strict
from geartrain.kernel.clock.term import Term, due
from geartrain.kernel.errors import Conflict, Invalid
from geartrain.kernel.rules.exact import divided


class State(StrEnum):
    """Where a commitment stands. Met and breached count; waived and cancelled do not."""

    open = "open"
    met = "met"
    breached = "breached"
    waived = "waived"
    cancelled = "cancelled"


class EscalationStep(Strict):
    """Who is told once something has been past due for so long."""

    after: Term = Field(description="counted from the due instant, in the assignee's calendar")
    tell: tuple[str, ...] = Field(min_length=1, description="roles or people")


@dataclass(frozen=True, slots=True)
class Escalation:
    """Somebody is told, at an instant, that something is past due."""

    at: datetime
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Commitment:
    """One thing one person owes. A value: each transition gives a new one, and a refused one raises.

    Args:
        kind: What sort of thing, e.g. `sla`, `review`, `acknowledgement`.
        subject: The record or document it is about, e.g. `lead/L1`.
        assignee: Who owes it.
        opened: The instant from which the clock runs.
        due: The last instant that is in time; worked out once, when it is opened.
        state: As recorded. One that is open and past due *is* breached: ask `standing`.
        done: When it was done, also if too late; None while it is not.
        closed: When it was met, waived or cancelled, or its breach was recorded.
        passed_on: When a breached one went to somebody else, who has a commitment of his own.
        by: Who waived or cancelled it.
        reason: Why.
        escalation: Who is told when it is past due.

    Instants are stored ones, naive UTC; aware ones are turned into them.

        open ── fulfil ──> met, or breached and done, by the instant it was done
        open ── record_breach ──> breached ── fulfil ──> breached and done; met, if that was in time and known late
        open, breached ── waive ──> waived
        open ── cancel ──> cancelled
    """

    kind: str
    subject: str
    assignee: str
    opened: datetime
    due: datetime
    state: State = State.open
    done: datetime | None = None
    closed: datetime | None = None
    passed_on: datetime | None = None
    by: str = ""
    reason: str = ""
    escalation: tuple[EscalationStep, ...] = ()

    def __post_init__(self) -> None:
        for name in ("opened", "due", "done", "closed", "passed_on"):
            object.__setattr__(self, name, _stored(getattr(self, name)))
        if self.due < self.opened:
            raise Invalid(f"{self.subject} cannot be due before it is opened.")
        if (self.state is State.open) != (self.closed is None) or (self.state is State.met and self.done is None):
            raise Invalid(f"{self.subject} is {self.state}, and its instants do not say so.")

    def fulfil(self, at: datetime) -> Commitment:
        """Done at an instant: met up to the due instant, breached after it, also where it becomes known only later.

        Raises:
            Conflict: it is not owed any more, or was done before.
            Invalid: that is before it was opened.
        """
        at = self._after_opening(at)
        self._to_be_done()
        if at <= self.due:
            return replace(self, state=State.met, done=at, closed=at)
        return replace(self, state=State.breached, done=at, closed=self.closed or at)

    def record_breach(self, as_of: datetime) -> Commitment:
        """Past due and not done.

        Raises:
            Conflict: it is not open, or still in time.
        """
        as_of = self._after_opening(as_of)
        self._only(State.open)
        if as_of <= self.due:
            raise Conflict(f"{self.subject} is not past due yet.", hint=f"It is due at {self.due} UTC.")
        return replace(self, state=State.breached, closed=as_of)

    def waive(self, at: datetime, *, by: str, reason: str) -> Commitment:
        """Let it be, for a reason; a breach too. Whether `by` may do so is for the caller to know.

        Raises:
            Conflict: it is met, waived or cancelled.
            Invalid: no reason is given, or that is before it was opened.
        """
        at = self._after_opening(at)
        self._only(State.open, State.breached)
        if self.closed is not None and at < self.closed:
            raise Invalid(f"The breach of {self.subject} was only recorded at {self.closed} UTC.")
        return replace(self, state=State.waived, closed=at, by=by, reason=_said(reason))

    def cancel(self, at: datetime, *, by: str, reason: str) -> Commitment:
        """It does not arise any more.

        Raises:
            Conflict: it is not open, or already past due: a breach stays, or is waived.
            Invalid: no reason is given, or that is before it was opened.
        """
        at = self._after_opening(at)
        self._only(State.open)
        if at > self.due:
            raise Conflict(f"{self.subject} is past due: it cannot be cancelled.", hint="Waive it, with the reason.")
        return replace(self, state=State.cancelled, closed=at, by=by, reason=_said(reason))

    def reassign(self, at: datetime, *, to: str, due: datetime, by: str) -> tuple[Commitment, Commitment]:
        """Hand it to somebody else: his clock is a new one, and the breach of the one before him stays.

        Returns:
            The commitment as it ends for the first (cancelled, or breached if past due), and that of the other.
        Raises:
            Conflict: it is not to be done any more, or is his already.
            Invalid: that is before it was opened.
        Source: the process specification, 3.1.
        """
        at = self._after_opening(at)
        self._to_be_done()
        if to == self.assignee:
            raise Conflict(f"{self.subject} is with {to} already.")
        new = Commitment(self.kind, self.subject, to, at, due, escalation=self.escalation)
        if self.state is State.breached or at > self.due:
            return replace(self, state=State.breached, closed=self.closed or at, passed_on=at), new
        return self.cancel(at, by=by, reason=f"reassigned to {to}"), new

    def standing(self, as_of: datetime) -> State | None:
        """Where it stood at an instant, whatever came later; None before it was opened.

        Example: due at 12:00 and done at 14:00: open at 11:00, breached at 13:00 and ever after.
        Source: the process specification, 3.1: breach = (touch or as_of) > due.
        """
        as_of = _instant(as_of)
        if as_of < self.opened:
            return None
        if self.closed is not None and self.closed <= as_of:
            return self.state
        return State.breached if as_of > self.due else State.open

    def outstanding(self, as_of: datetime) -> bool:
        """Whether it was still to be done at an instant, in time or not."""
        as_of = _instant(as_of)
        ends = (self.done, self.passed_on, None if self.state is State.breached else self.closed)
        return self.opened <= as_of and all(end is None or end > as_of for end in ends)

    def escalations(self, calendar: BusinessCalendar, *, as_of: datetime) -> list[Escalation]:
        """Who has been told by an instant, in order: each step whose time came while it was still to be done.

        Args:
            calendar: The assignee's.
            as_of: The instant of the reading.
        """
        as_of = _instant(as_of)
        found = [Escalation(due(calendar, self.due, step.after), step.tell) for step in self.escalation]
        reached = [e for e in found if e.at <= as_of and self.outstanding(e.at)]
        return sorted(reached, key=lambda e: (e.at, e.tell))

    def _to_be_done(self) -> None:
        if self.state is not State.breached or self.done or self.passed_on:
            self._only(State.open)

    def _only(self, *allowed: State) -> None:
        if self.state not in allowed:
            raise Conflict(f"{self.subject} is {self.state} already.", hint="Read it again: somebody was first.")

    def _after_opening(self, at: datetime) -> datetime:
        at = _instant(at)
        if at < self.opened:
            raise Invalid(f"{self.subject} was only opened at {self.opened} UTC.")
        return at


@dataclass(frozen=True, slots=True)
class Attainment:
    """How many of the commitments were met, of those that were decided.

    Args:
        met: In time.
        breached: Past due, done late or not at all.
        untouched: Of these, those not done yet.
        open: Not due yet: in neither.
        waived: In neither.
        cancelled: In neither.
    """

    met: int
    breached: int
    untouched: int
    open: int
    waived: int
    cancelled: int

    @property
    def value(self) -> Decimal | None:
        """Met / (met + breached), rounded half away from zero at 12 decimals; unknown where nothing is decided.

        Example: 6 met, 2 late, 1 untouched past due, 4 open: 6 / 9 = 0.666666666667.
        Source: the process specification, 3.1.
        """
        return divided(Decimal(self.met), Decimal(self.met + self.breached), inf)


def attainment(commitments: Iterable[Commitment], *, as_of: datetime) -> Attainment:
    """Count commitments by where they stood at an instant; those opened later are left out."""
    counts = dict.fromkeys(State, 0)
    untouched = 0
    for one in commitments:
        if (state := one.standing(as_of)) is not None:
            counts[state] += 1
            untouched += state is State.breached and one.outstanding(as_of)
    return Attainment(
        met=counts[State.met],
        breached=counts[State.breached],
        untouched=untouched,
        open=counts[State.open],
        waived=counts[State.waived],
        cancelled=counts[State.cancelled],
    )


def commit(
    kind: str,
    subject: str,
    *,
    assignee: str,
    opened: datetime,
    term: Term,
    calendar: BusinessCalendar,
    escalation: Sequence[EscalationStep] = (),
) -> Commitment:
    """Open a commitment that is due a term from now in the assignee's calendar."""
    return Commitment(kind, subject, assignee, opened, due(calendar, opened, term), escalation=tuple(escalation))


def _instant(value: datetime) -> datetime:
    return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)


def _stored(value: datetime | None) -> datetime | None:
    return None if value is None else _instant(value)


def _said(reason: str) -> str:
    if not reason.strip():
        raise Invalid("A reason is needed.")
    return reason.strip()
