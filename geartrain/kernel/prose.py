"""A policy's spec told to people: passages of text and small tables instead of its YAML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Passage:
    """One part of a document.

    Args:
        title: Its heading.
        text: A sentence or a few; empty where the table says it all.
        columns, rows: A small table, cells as they are read.
    """

    title: str
    text: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The shape a route answers with."""
        rows = [list(row) for row in self.rows]
        return {"title": self.title, "text": self.text, "columns": list(self.columns), "rows": rows}


@runtime_checkable
class Told(Protocol):
    """A spec that can be told."""

    def tell(self) -> Sequence[Passage]: ...


def passages(title: str, text: str) -> list[Passage]:
    """A passage of text, or none where there is no text."""
    return [Passage(title, " ".join(text.split()))] if text.strip() else []


def number(value: Decimal | int) -> str:
    """A number for people, e.g. 186,000 or 0.5."""
    text = f"{Decimal(value):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: Decimal) -> str:
    """A share for people: 0.35 is 35%."""
    return f"{number(share * 100)}%"


def listed(items: Sequence[str], none: str = "") -> str:
    """Names as a sentence has them: `a`, `a and b`, `a, b and c`."""
    named = [i.replace("_", " ") for i in items]
    return " and ".join([", ".join(named[:-1]), named[-1]]) if len(named) > 1 else named[0] if named else none
