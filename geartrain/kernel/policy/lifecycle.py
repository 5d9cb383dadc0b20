"""The life of a policy's versions: who may move which where, which holds at an instant, and whose word still counts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from geartrain.kernel.errors import Conflict, Forbidden, Invalid


class Status(StrEnum):
    """Where a version stands."""

    draft = "draft"
    in_review = "in_review"
    approved = "approved"
    published = "published"
    superseded = "superseded"
    retired = "retired"


class Move(StrEnum):
    """What can be done with a version."""

    edit = "edit"
    propose = "propose"
    withdraw = "withdraw"
    reject = "reject"
    approve = "approve"
    publish = "publish"
    supersede = "supersede"
    reinstate = "reinstate"  # its successor is retired before it took effect
    retire = "retire"


S = Status
MOVES: dict[Move, tuple[frozenset[Status], Status]] = {
    Move.edit: (frozenset({S.draft}), S.draft),
    Move.propose: (frozenset({S.draft}), S.in_review),
    Move.withdraw: (frozenset({S.in_review, S.approved}), S.draft),
    Move.reject: (frozenset({S.in_review, S.approved}), S.draft),
    Move.approve: (frozenset({S.in_review}), S.approved),
    Move.publish: (frozenset({S.approved}), S.published),
    Move.supersede: (frozenset({S.published}), S.superseded),
    Move.reinstate: (frozenset({S.superseded}), S.published),
    Move.retire: (frozenset({S.published}), S.retired),
}
OPEN = frozenset({S.draft, S.in_review, S.approved})  # of one policy at most one version is open
PAST = {Move.propose: "proposed", Move.withdraw: "withdrawn", Move.retire: "retired", Move.edit: "edited"}
HINTS = {
    S.draft: "Propose it first.",
    S.in_review: "It waits for somebody's approval; its author may withdraw it.",
    S.approved: "It may be published, or withdrawn to change it.",
    S.published: "What is published is never changed: save a new version.",
    S.superseded: "What was published is never changed: save a new version.",
    S.retired: "Save a new version.",
}


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one policy.

    Args:
        number: From 1, without gaps.
        effective_from: The instant from which it holds, naive UTC; None until it is published.
        effective_to: The instant from which it holds no longer; None: no end is known.
        material: Whether it asks people to acknowledge anew.
    """

    number: int
    status: Status
    sha256: str = ""
    effective_from: datetime | None = None
    effective_to: datetime | None = None
    material: bool = True

    @property
    def ever_held(self) -> bool:
        """Whether it holds, held or will hold at any instant; one retired before it took effect never did."""
        return self.effective_from is not None and (
            self.effective_to is None or self.effective_to > self.effective_from
        )

    def holds(self, at: datetime) -> bool:
        """Whether it is in force at an instant, half-open."""
        start, end = self.effective_from, self.effective_to
        return start is not None and start <= at and (end is None or at < end)

    def standing(self, at: datetime) -> Status:
        """Where it stands at an instant: one whose successor is published but not in force yet is still published."""
        ended = self.effective_to is not None and self.effective_to <= at
        return S.published if self.status in (S.superseded, S.retired) and self.ever_held and not ended else self.status


def moved(status: Status, move: Move, *, name: str = "This version") -> Status:
    """The status after a move.

    Raises:
        Conflict: the move is not open from there; the message says what it is instead.
    """
    allowed, after = MOVES[move]
    if status not in allowed:
        done = PAST.get(move, f"{move.removesuffix('e')}ed")
        is_now = str(status).replace("_", " ")
        raise Conflict(f"{name} is {is_now}: it cannot be {done}.", hint=HINTS[status])
    return after


def only_another(authors: Collection[str], who: str) -> None:
    """Let somebody judge a text that they had no part in.

    Raises:
        Forbidden: they wrote it, or some of it.
    """
    if who in authors:
        raise Forbidden("Nobody approves or rejects what they wrote themselves.", hint="Ask somebody else who may.")


def only_author(authors: Collection[str], who: str) -> None:
    """Let an author pass.

    Raises:
        Forbidden: they did not write it.
    """
    if who not in authors:
        raise Forbidden("Only who wrote it may withdraw it.", hint="An approver may reject it, with a reason.")


def in_force(versions: Iterable[Version], at: datetime) -> Version | None:
    """The version that holds at an instant: before the second takes effect the first, from then on the second."""
    return max((v for v in versions if v.holds(at)), key=lambda v: v.number, default=None)


def latest(versions: Iterable[Version]) -> Version | None:
    """The published version with the highest number, in force or about to be: the one that people acknowledge."""
    return max((v for v in versions if v.status is S.published), key=lambda v: v.number, default=None)


def predecessor(versions: Sequence[Version], effective_from: datetime) -> Version | None:
    """The version that a new one supersedes from that instant on.

    Raises:
        Conflict: a published version takes effect at that instant or later.
    """
    last = latest(versions)
    if last is None or last.effective_from is None:
        return None
    if effective_from <= last.effective_from:
        since = f"{last.effective_from:%Y-%m-%d %H:%M:%S} UTC"
        hint = "Name a later instant" + f", or retire version {last.number} first."
        raise Conflict(f"Version {last.number} takes effect at {since}: the next one comes after it.", hint=hint)
    return last


def of_weight(material: bool | None, before: Version | None) -> bool:
    """Whether a version asks people to acknowledge anew: material unless said otherwise, the first always.

    Raises:
        Invalid: there is no text of which it could be an editorial change.
    """
    if before is None and material is False:
        raise Invalid(
            "There is no text in force that this could be an editorial change of.", hint="Publish it as material."
        )
    return material is not False


def counts_since(versions: Sequence[Version]) -> int | None:
    """The lowest version whose acknowledgement holds for the latest: back to the last material change.

    Example: v1, v2 material, v3 editorial: 2. None where nothing is published.
    Source: the process specification, worked case 13.
    """
    found = None
    last = latest(versions)
    for version in sorted((v for v in versions if v.ever_held), key=lambda v: -v.number):
        if last is None or version.number > last.number:
            continue
        found = version.number
        if version.material:
            break
    return found


def acknowledged(versions: Sequence[Version], numbers: Collection[int]) -> bool:
    """Whether somebody who acknowledged these versions has acknowledged the latest."""
    since, last = counts_since(versions), latest(versions)
    return since is not None and last is not None and any(since <= n <= last.number for n in numbers)
