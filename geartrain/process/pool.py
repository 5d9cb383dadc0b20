"""Taking turns by weight: whoever is least ahead of their share comes next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from geartrain.process.lead_policy import Member


@dataclass(frozen=True)
class Turns:
    """How far each member is.

    Args:
        levels: Member to the turns they had, calibrated ones included.
        present: Who was there at the last turn; who comes back is calibrated.
    """

    levels: Mapping[str, Fraction] = field(default_factory=dict)
    present: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, object]:
        """As a decision keeps it."""
        return {"levels": {u: str(v) for u, v in sorted(self.levels.items())}, "present": sorted(self.present)}

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Turns:
        """What `as_json` wrote."""
        levels, present = value.get("levels"), value.get("present")
        assert isinstance(levels, Mapping)
        assert isinstance(present, Sequence)
        return cls({str(u): Fraction(str(v)) for u, v in levels.items()}, frozenset(map(str, present)))


def calibrated(members: Iterable[Member], turns: Turns) -> Turns:
    """The turns with those who are there now: who joins or comes back starts level with whoever is least ahead.

    Example: A (weight 2) at 4, B and C at 2: D (weight 1) joins at 2.
    """
    members = sorted(members, key=lambda m: m.user)
    stayed = [m for m in members if m.user in turns.present]
    least = min((turns.levels[m.user] / Fraction(m.weight) for m in stayed), default=Fraction(0))
    levels = dict(turns.levels)
    for m in members:
        if m.user not in turns.present:
            levels[m.user] = max(levels.get(m.user, Fraction(0)), least * Fraction(m.weight))
    return Turns(levels, frozenset(m.user for m in members))


def next_member(eligible: Sequence[Member], turns: Turns) -> Member | None:
    """Whose turn it is: the least (level + 1) / weight, of equals by priority, then id; None where nobody is eligible.

    Example: A weight 2 priority 1, B weight 1 priority 2, C weight 1 priority 3, eight times: A A B C A A B C.
    Source: the process specification, 3.1, worked case 4.
    """

    def order(m: Member) -> tuple[Fraction, int, str]:
        return (turns.levels.get(m.user, Fraction(0)) + 1) / Fraction(m.weight), m.priority, m.user

    return min(eligible, key=order, default=None)


def taken(turns: Turns, user: str) -> Turns:
    """The turns after somebody had theirs."""
    return Turns({**turns.levels, user: turns.levels.get(user, Fraction(0)) + 1}, turns.present)
