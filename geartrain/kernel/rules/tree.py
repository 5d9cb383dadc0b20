"""The parts a rule is made of, as immutable values. `at` is the offset in the text of what a person would point at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geartrain.kernel.rules.functions.base import Function

Scalar = Decimal | str | bool | date | datetime | None


@dataclass(frozen=True, slots=True)
class Node:
    """Any part of a rule. Two parts are equal if they say the same, wherever they stand."""

    at: int = field(compare=False, repr=False)

    @property
    def children(self) -> tuple[Node, ...]:
        """The parts it is made of, in the order of the text."""
        return ()

    def walk(self) -> Iterator[Node]:
        """Itself and every part below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A value written out; None is `null`."""

    value: Scalar


@dataclass(frozen=True, slots=True)
class Field(Node):
    """A column by its path: `amount`, `account.segment`, `extra.lead score`."""

    path: str


@dataclass(frozen=True, slots=True)
class Negative(Node):
    """Minus."""

    value: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.value,)


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Two parts with an operator between them."""

    op: str
    left: Node
    right: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, slots=True)
class Arithmetic(Binary):
    """`+`, `-`, `*` or `/`."""


@dataclass(frozen=True, slots=True)
class Compare(Binary):
    """`=`, `<>`, `<`, `<=`, `>` or `>=`."""


@dataclass(frozen=True, slots=True)
class All(Node):
    """`and` of two parts or more."""

    parts: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return self.parts


@dataclass(frozen=True, slots=True)
class AnyOf(Node):
    """`or` of two parts or more."""

    parts: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return self.parts


@dataclass(frozen=True, slots=True)
class Not(Node):
    """The opposite of a flag."""

    value: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.value,)


@dataclass(frozen=True, slots=True)
class Is(Node):
    """`is null`, `is true` or `is false`: never unknown itself."""

    value: Node
    state: bool | None

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.value,)


@dataclass(frozen=True, slots=True)
class In(Node):
    """Equal to one of the items; an item that is unknown makes a miss unknown."""

    value: Node
    items: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.value, *self.items)


@dataclass(frozen=True, slots=True)
class Between(Node):
    """From `low` to `high`, both included."""

    value: Node
    low: Node
    high: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.value, self.low, self.high)


@dataclass(frozen=True, slots=True)
class Like(Node):
    """`%` stands for any characters, `_` for one; the pattern is written out."""

    value: Node
    pattern: str

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.value,)


@dataclass(frozen=True, slots=True)
class Case(Node):
    """The result of the first condition that is true, else the default (null where none is written)."""

    whens: tuple[tuple[Node, Node], ...]
    default: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (*(part for when in self.whens for part in when), self.default)


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A declared function with its arguments."""

    function: Function
    args: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return self.args
