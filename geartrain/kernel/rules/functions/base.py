"""How a function of the language is declared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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


TEXT = frozenset({Kind.text})
NUMBER = frozenset({Kind.number})
TIME = frozenset({Kind.day, Kind.instant})
