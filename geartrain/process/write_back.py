"""Write-back: which fields may be written into a source, and whether a proposal may be written over what is there.

A value is written once. Before every try, the one after a lost reply included, the record is read: what is there
decides, not what was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from hashlib import sha256
from json import dumps
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from geartrain.kernel.policy import Strict

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,99}$")]
KINDS = ("account", "lead", "opportunity")


class Target(Strict):
    """Where a record type lives in the source, and the fields of it that may be written."""

    object: Name = Field(description="what the source calls the type: Lead, contacts")
    fields: dict[Name, Name] = Field(min_length=1, description="our column to the source's field")


class WriteBackPolicy(Strict):
    """The allow-list. What is not named here is never written.

    Args:
        allowed: Source, then record type, then its fields.
        approval: Columns that wait for somebody's approval.
        tries: How often a write is tried before a person has to look.
    """

    allowed: dict[Name, dict[Name, Target]] = Field(default_factory=dict)
    approval: tuple[Name, ...] = ("owner_id",)
    tries: int = Field(default=5, ge=1, le=20)

    def target(self, system: str, kind: str) -> Target | None:
        """Where records of a type are written, None where none may be."""
        return self.allowed.get(system, {}).get(kind)

    def refused(self, system: str, kind: str, columns: Mapping[str, Any]) -> str:
        """Why these columns may not be written there; empty where they may."""
        target = self.target(system, kind)
        if target is None:
            return f"Nothing of a {kind} may be written into {system}."
        outside = [c for c in columns if c not in target.fields]
        return f"{kind}.{outside[0]} may not be written into {system}." if outside else ""

    def waits(self, columns: Mapping[str, Any]) -> bool:
        """Whether somebody has to approve a change of these columns."""
        return any(c in self.approval for c in columns)


@dataclass(frozen=True)
class Change:
    """What one record is to be: a proposal's content.

    Args:
        changes: Column to `{"to": value}`, with `"from"` where it is known what the source should have now.
        cause: What decided it, e.g. a decision's id: the same cause proposes the same change once.
    """

    system: str
    kind: str
    record: str
    changes: Mapping[str, Mapping[str, Any]]
    cause: str
    reason: str = ""

    @property
    def key(self) -> str:
        """The idempotency key: equal for the same change by the same cause."""
        told = [self.system, self.kind, self.record, {c: dict(v) for c, v in self.changes.items()}, self.cause]
        return sha256(dumps(told, sort_keys=True, default=str, ensure_ascii=False).encode()).hexdigest()

    @property
    def wanted(self) -> dict[str, Any]:
        """Column to the value it is to have."""
        return {c: v.get("to") for c, v in self.changes.items()}

    @property
    def expected(self) -> dict[str, Any]:
        """Column to the value the proposal rests on, where it says one."""
        return {c: v["from"] for c, v in self.changes.items() if "from" in v}


@dataclass(frozen=True)
class Seen:
    """A record as the source has it; `stamp` changes with every write to it."""

    values: Mapping[str, Any]
    stamp: str


class Verdict(StrEnum):
    """What is to be done about a proposal, given what the source has."""

    write = "write"
    found = "found"  # the source has it already: by us, whose reply was lost, or by somebody else
    conflict = "conflict"
    gone = "gone"


@dataclass(frozen=True)
class Judged:
    """A verdict, the columns still to be written, and why."""

    verdict: Verdict
    values: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""


def judge(change: Change, now: Seen | None, *, tried: Seen | None = None) -> Judged:
    """Whether a change may be written over what the source has now.

    Args:
        now: The record as it was just read; None where there is none.
        tried: The record as it was before a write whose outcome is not known: then a record touched since is not
            written again, even where it looks untouched, for it may be our write that somebody took back.
    Example: owner u1 to u2; the source has u1: write; u2: found; u3: conflict.
    """
    if now is None:
        return Judged(Verdict.gone, message=f"{change.system} has no {change.kind} {change.record}.")
    rest = {c: v for c, v in change.wanted.items() if not same(now.values.get(c), v)}
    if not rest:
        return Judged(Verdict.found, message="It is so already.")
    if tried is not None and tried.stamp != now.stamp:
        return Judged(Verdict.conflict, message="It was changed while the reply to our write was lost.")
    for column, expected in change.expected.items():
        if column in rest and not same(now.values.get(column), expected):
            has, should = shown(now.values.get(column)), shown(expected)
            return Judged(Verdict.conflict, message=f"{column} was {should} and is {has} now.")
    return Judged(Verdict.write, rest)


def same(one: Any, other: Any) -> bool:
    """Whether two sources say the same by two values: nothing is "", 5 is "5.00", true is "TRUE"."""
    return plain(one) == plain(other)


def plain(value: Any) -> str:
    """A value as it is compared."""
    if value is None:
        return ""
    text = str(value).strip()
    if isinstance(value, bool) or text.lower() in ("true", "false"):
        return text.lower()
    if not isinstance(value, str) or text[:1].isdigit() or text[:1] in "-+.":
        return _number(text)
    return text


def _number(text: str) -> str:
    """A number without trailing zeros; ids with leading zeros and what is no number stay as they are."""
    if text[:1] == "0" and text[1:2].isdigit():
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number.is_finite() or "e" in text.lower():
        return text
    return format(number.normalize(), "f") if number else "0"


def shown(value: Any) -> str:
    """A value in a sentence."""
    return "nothing" if plain(value) == "" else f"'{str(value)[:100]}'"
