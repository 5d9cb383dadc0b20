"""History replayed under two versions of a policy: what would have been decided otherwise. Nothing is written.

A kind of policy that decides has a `Decider`, one file in a folder `backtests/`. It gives its decisions as a table, so
that two versions are compared by one join in the engine however many subjects there are; only those that are listed are
traced one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

import ibis
import pyarrow as pa

from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue
from geartrain.kernel.policy.ground import Ground
from geartrain.kernel.policy.policy import Policy

# What a decider's table holds, one row per subject. `result` is one of few words; `value` says more where there is more
# to say, e.g. what a deal adds to a sum; `amount` is the money the result moves, workspace currency.
DECISIONS = {"subject": "string", "result": "string", "value": "string", "amount": "decimal(38, 4)"}
MOST_LISTED = 10_000


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a decision rests on.

    Args:
        part: Which part of the policy, e.g. `check`.
        rule: Its text.
        holds: What it came to; None for unknown, or where it is no condition.
        text: In words, with the values it saw.
    """

    part: str
    rule: str
    holds: bool | None
    text: str

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        return {"part": self.part, "rule": self.rule, "holds": self.holds, "text": self.text}


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the whole window, or of one period in it, under one version; None where it is not defined."""

    key: str
    label: str
    unit: str
    period: str
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class Counted:
    """How many subjects, and the money they move (None: none of them has any)."""

    subjects: int = 0
    amount: Decimal | None = None


class Decider(Protocol):
    """How one kind of policy decided over the facts.

    Attributes:
        kind: The kind of policy.
        subject: What it decides about, for people, e.g. "record and rule".
        money: What `amount` is, for people.
    """

    @property
    def kind(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def money(self) -> str: ...

    def check(self, policy: Policy, ground: Ground) -> list[Issue]:
        """What keeps the policy from being replayed over these facts, e.g. a column that is not there."""
        ...

    def decide(self, policy: Policy, ground: Ground, *, beside: Policy | None) -> ibis.Table:
        """What it decided: the columns of `DECISIONS`, one row per subject, no subject unknown.

        What the policy `beside` it decides alike without a look at the facts may be left out (see `alike`).
        """
        ...

    def alike(self, policy: Policy, beside: Policy, ground: Ground) -> Counted:
        """What `decide` leaves out."""
        ...

    def trace(self, policy: Policy, ground: Ground, subjects: Sequence[str]) -> Mapping[str, tuple[Step, ...]]:
        """Why these subjects have the result they have, or none."""
        ...

    def figures(self, policy: Policy, ground: Ground) -> Sequence[Figure]:
        """The numbers of the window as a whole, and by month where it has them."""
        ...

    def notes(self, policy: Policy, ground: Ground) -> Sequence[str]:
        """What a reader must know."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one version decided about a subject, and why; `result` None: nothing, the subject is not among its own."""

    result: str | None
    trace: tuple[Step, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        return {"result": self.result, "trace": [s.as_json() for s in self.trace]}


@dataclass(frozen=True, slots=True)
class Change:
    """A subject whose result differs."""

    subject: str
    before: Outcome
    after: Outcome
    amount_before: Decimal | None
    amount_after: Decimal | None


@dataclass(frozen=True, slots=True)
class Turn:
    """One direction of change: how many subjects went from one result to another, with their money."""

    before: str | None
    after: str | None
    subjects: int
    amount_before: Decimal | None
    amount_after: Decimal | None


@dataclass(frozen=True, slots=True)
class Shift:
    """A figure under both versions."""

    key: str
    label: str
    unit: str
    period: str
    before: Decimal | None
    after: Decimal | None


@dataclass(frozen=True)
class Backtest:
    """What differs.

    Args:
        subjects: How many either version decided about.
        changed: How many of them differently; `changes` may be fewer, the totals are over all.
        amount_before: The money of all subjects before; None where none of them has any.
        turns: The changes by direction, most subjects first.
        changes: Those that move most money first, then by subject.
        figures: The numbers of the window.
    """

    subjects: int
    changed: int
    amount_before: Decimal | None
    amount_after: Decimal | None
    turns: tuple[Turn, ...] = ()
    changes: tuple[Change, ...] = ()
    figures: tuple[Shift, ...] = ()
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Side:
    """One of the two versions with the policies that hold beside it; no policy: it did not exist."""

    policy: Policy | None
    ground: Ground


def backtest(decider: Decider, before: Side, after: Side, *, limit: int = 100) -> Backtest:
    """Replay the window under both versions.

    Args:
        limit: List at most so many subjects; totals are always over all.
    Raises:
        Invalid: the window is empty, the limit out of range, or a version cannot be replayed over these facts.
    """
    if not 0 <= limit <= MOST_LISTED:
        raise Invalid(f"At most {MOST_LISTED:,} subjects can be listed.", hint=f"Choose a limit up to {MOST_LISTED}.")
    for side in (before, after):
        side.ground.window  # noqa: B018 - refuses a window that is empty
        _refuse(decider, side)
    both = joined(_decided(decider, before, after), _decided(decider, after, before))
    execute = after.ground.source.execute
    turns = [_turn(row) for row in execute(turned(both)).to_pylist()]
    same = _alike(decider, before, after)
    changed = [t for t, differs in turns if differs]
    rows = execute(listed(both, limit)).to_pylist()
    return Backtest(
        subjects=same.subjects + sum(t.subjects for t, _ in turns),
        changed=sum(t.subjects for t in changed),
        amount_before=_sum([same.amount, *(t.amount_before for t, _ in turns)]),
        amount_after=_sum([same.amount, *(t.amount_after for t, _ in turns)]),
        turns=tuple(sorted(changed, key=lambda t: (-t.subjects, t.before or "", t.after or ""))),
        changes=tuple(_changes(decider, before, after, rows)),
        figures=tuple(_shifts(decider, before, after)),
        notes=tuple(decider.notes(after.policy, after.ground)) if after.policy else (),
    )


def joined(old: ibis.Table, new: ibis.Table) -> ibis.Table:
    """Both results of every subject that either has, and whether they differ; nothing is lost or doubled."""
    left = old.select(**{f"old_{c}": old[c] for c in DECISIONS})
    right = new.select(**{f"new_{c}": new[c] for c in DECISIONS})
    both = left.outer_join(right, left.old_subject == right.new_subject)
    same = both.old_result.identical_to(both.new_result) & both.old_value.identical_to(both.new_value)
    return both.mutate(subject=ibis.coalesce(both.old_subject, both.new_subject), differs=~same)


def turned(both: ibis.Table) -> ibis.Table:
    """Subjects and money by the two results and whether they differ."""
    sums = {side: both[f"{side}_amount"].sum() for side in ("old", "new")}
    return both.group_by("old_result", "new_result", "differs").aggregate(
        n=lambda t: t.count(), old=sums["old"], new=sums["new"]
    )


def listed(both: ibis.Table, limit: int) -> ibis.Table:
    """The subjects that differ, those that move most money first, then by subject."""
    zero = ibis.literal(Decimal(0), DECISIONS["amount"])
    moved = (ibis.coalesce(both.new_amount, zero) - ibis.coalesce(both.old_amount, zero)).abs()
    found = both.mutate(moved=moved).filter(both.differs)
    return found.order_by([ibis.desc("moved"), "subject"]).limit(limit)


def decisions(rows: Sequence[Mapping[str, Any]] = ()) -> ibis.Table:
    """A few decisions that are at hand, as a table; none are those of a policy that is not there."""
    kinds = ibis.schema(DECISIONS).to_pyarrow()
    columns = [pa.array([row[c] for row in rows], kinds.field(c).type) for c in DECISIONS]
    return ibis.memtable(pa.table(columns, schema=kinds))


def _refuse(decider: Decider, side: Side) -> None:
    if side.policy is not None and (wrong := decider.check(side.policy, side.ground)):
        raise Invalid(f"{wrong[0].where}: {wrong[0].message}", hint=wrong[0].hint)


def _decided(decider: Decider, side: Side, other: Side) -> ibis.Table:
    return decisions() if side.policy is None else decider.decide(side.policy, side.ground, beside=other.policy)


def _alike(decider: Decider, before: Side, after: Side) -> Counted:
    if before.policy is None or after.policy is None:
        return Counted()
    return decider.alike(after.policy, before.policy, after.ground)


def _turn(row: Mapping[str, Any]) -> tuple[Turn, bool]:
    turn = Turn(row["old_result"], row["new_result"], int(row["n"]), _exact(row["old"]), _exact(row["new"]))
    return turn, bool(row["differs"])


def _changes(decider: Decider, before: Side, after: Side, rows: Sequence[Mapping[str, Any]]) -> list[Change]:
    subjects = [str(row["subject"]) for row in rows]
    old, new = (_traced(decider, side, subjects) for side in (before, after))
    return [
        Change(
            subject,
            Outcome(_said(row["old_result"], row["old_value"]), old.get(subject, ())),
            Outcome(_said(row["new_result"], row["new_value"]), new.get(subject, ())),
            _exact(row["old_amount"]),
            _exact(row["new_amount"]),
        )
        for subject, row in zip(subjects, rows, strict=True)
    ]


def _traced(decider: Decider, side: Side, subjects: Sequence[str]) -> Mapping[str, tuple[Step, ...]]:
    if side.policy is None:
        return dict.fromkeys(subjects, (Step("policy", "", None, "There was no such policy."),))
    return decider.trace(side.policy, side.ground, subjects) if subjects else {}


def _said(result: str | None, value: str | None) -> str | None:
    """The value where there is one, numbers without idle zeros."""
    if value is None or result is None:
        return result
    head, point, tail = value.partition(".")
    number = bool(point) and head.removeprefix("-").isdigit() and tail.isdigit()
    return (value.rstrip("0").rstrip(".") if number else value) if value else result


def _shifts(decider: Decider, before: Side, after: Side) -> list[Shift]:
    sides = [decider.figures(s.policy, s.ground) if s.policy else () for s in (before, after)]
    old, new = ({(f.key, f.period): f for f in side} for side in sides)
    found = []
    for at in dict.fromkeys([*new, *old]):
        named = new.get(at) or old[at]
        values = [side[at].value if at in side else None for side in (old, new)]
        found.append(Shift(named.key, named.label, named.unit, named.period, values[0], values[1]))
    return found


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    known = [a for a in amounts if a is not None]
    return sum(known, Decimal(0)) if known else None


def _exact(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)
