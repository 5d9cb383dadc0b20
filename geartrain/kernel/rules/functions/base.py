"""How a function of the language is declared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from geartrain.kernel.rules import tree
from geartrain.kernel.rules.kinds import Kind
from geartrain.kernel.rules.limits import Size


@dataclass(frozen=True, slots=True)
class Param:
    """One argument.

    Args:
        name: As the signature shows it.
        kinds: What it may be; empty for anything, which then must agree with the other such arguments.
        whole: Smallest value of a whole number that has to be written out; None where any expression will do.
        high: Its largest value.
    """

    name: str
    kinds: frozenset[Kind] = frozenset()
    whole: int | None = None
    high: int = 10_000


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the language.

    Args:
        name: Lower case.
        params: In order; with `many`, the last may be repeated.
        returns: Its kind; `Kind.unknown` for the kind its arguments share.
        doc: One sentence: meaning, ties, what makes it unknown.
        example: A pair of expression and result, checked by the tests.
        record: From argument values to the result, in Python.
        column: From ibis values (numbers as decimals, whole params as int) to an ibis value.
        many: At least this many arguments; 0 for exactly the params.
        sees_unknown: False: any unknown argument makes the result unknown, and neither implementation is given one.
        size: Of a number it returns, where that is not the widest of its arguments.
        reads: How often the compiled form mentions an argument.
    """

    name: str
    params: tuple[Param, ...]
    returns: Kind
    doc: str
    example: tuple[str, Any]
    record: Callable[..., Any]
    column: Callable[..., Any]
    many: int = 0
    sees_unknown: bool = False
    size: Size | None = None
    reads: int = 1

    @property
    def signature(self) -> str:
        """E.g. `substr(text, start, length) -> text`."""
        names = [p.name for p in self.params] + (["…"] if self.many else [])
        return f"{self.name}({', '.join(names)})" + ("" if self.returns is Kind.unknown else f" -> {self.returns}")

    def param(self, index: int) -> Param:
        """What the argument at that place has to be."""
        return self.params[min(index, len(self.params) - 1)]

    def misfit(self, args: Sequence[tree.Node]) -> str | None:
        """What is wrong with the arguments as written; None if nothing is."""
        least = self.many or len(self.params)
        if len(args) < least or (not self.many and len(args) > least):
            takes = f"at least {least}" if self.many else str(least)
            return f"{self.name} takes {takes} argument{'s' if least != 1 else ''}, not {len(args)}."
        for index, arg in enumerate(args):
            param = self.param(index)
            if param.whole is not None and whole(arg, param.whole, param.high) is None:
                return (
                    f"{param.name} of {self.name} is a whole number from {param.whole} to {param.high:,}, written out."
                )
        return None


def whole(node: tree.Node, low: int, high: int) -> int | None:
    """The whole number a literal states, None if it is none or outside the range."""
    if not isinstance(node, tree.Literal) or not isinstance(node.value, Decimal):
        return None
    value = int(node.value)
    return value if value == node.value and low <= value <= high else None


TEXT = frozenset({Kind.text})
NUMBER = frozenset({Kind.number})
TIME = frozenset({Kind.day, Kind.instant})
