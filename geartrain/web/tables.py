"""Tables: what they hold, sorted and paged by the address.

deals = make_table(
    request, name="deals", rows=rows, sort="-amount",
    columns=(Col("name", "Deal", href=lambda r: f"/deals/{r['id']}/"), Col("amount", "Amount", unit="money")),
)
{% table deals %}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from geartrain.kernel.errors import Invalid
from geartrain.web.numbers import Shown, show

PAGE_SIZE = 50
NUMBERS = int | float | Decimal


@dataclass(frozen=True)
class Col:
    """A column.

    Args:
        unit: As in numbers.show; a unit makes the column a number's, aligned to the right.
        href: Where a cell of a row leads, empty for nowhere.
        badge: Value to one of good, warn, bad, info: shown as a coloured word.
        compact: Short amounts with the exact one on hover; tables of money usually want them.
        help: What the heading means, on hover.
        sortable: Whether its heading sorts.
    """

    key: str
    title: str
    unit: str = ""
    href: Callable[[Mapping[str, Any]], str] | None = None
    badge: Mapping[str, str] | None = None
    compact: bool = False
    help: str = ""
    sortable: bool = True
    wide: bool = False


@dataclass(frozen=True)
class Cell:
    """One cell, ready to be written."""

    shown: Shown
    number: bool
    href: str = ""
    badge: str = ""
    wide: bool = False


@dataclass(frozen=True)
class Heading:
    """One heading: how it is sorted now and what a click would ask for."""

    col: Col
    number: bool
    sorted: str
    sort: str


@dataclass(frozen=True)
class Table:
    """A page of rows, with how many there are in all.

    Args:
        name: Also the prefix of its parameters in the address, so that a page may hold several.
        rows: The rows of this page. `everything` gives all of them for an export.
        page_name: The page's parameter, where it is not `name-page`.
        where: The expression that chose the rows, for a link to all of them.
    """

    name: str
    columns: tuple[Col, ...]
    rows: Sequence[Mapping[str, Any]]
    total: int
    page: int = 1
    size: int = PAGE_SIZE
    sort: str = ""
    currency: str = "USD"
    caption: str = ""
    empty: str = "Nothing here yet."
    export: bool = True
    everything: Callable[[], Sequence[Mapping[str, Any]]] | None = None
    page_name: str = ""
    where: str = ""

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """Number of the first row shown, from 1."""
        return (self.page - 1) * self.size + 1 if self.total else 0

    @property
    def last(self) -> int:
        """Number of the last row shown."""
        return min(self.total, self.first + len(self.rows) - 1) if self.total else 0

    @property
    def sort_parameter(self) -> str:
        return f"{self.name}-sort" if self.name else "sort"

    @property
    def page_parameter(self) -> str:
        return self.page_name or (f"{self.name}-page" if self.name else "page")

    @property
    def previous_page(self) -> int:
        return self.page - 1

    @property
    def next_page(self) -> int:
        return self.page + 1

    def headings(self) -> list[Heading]:
        """The heading row."""
        found = []
        for col in self.columns:
            now = {col.key: "ascending", f"-{col.key}": "descending"}.get(self.sort, "")
            number = self._number(col)
            # Numbers are looked at from the top down first.
            turned = col.key if now == "descending" else f"-{col.key}" if now or number else col.key
            found.append(Heading(col, number, now, turned if col.sortable and self.total > 1 else ""))
        return found

    def cells(self) -> list[list[Cell]]:
        """The body."""
        numbers = {c.key: self._number(c) for c in self.columns}
        return [[self._cell(c, row, numbers[c.key]) for c in self.columns] for row in self.rows]

    def all_rows(self) -> Sequence[Mapping[str, Any]]:
        """Every row, on whichever page."""
        return self.everything() if self.everything else self.rows

    def _number(self, col: Col) -> bool:
        values = [row.get(col.key) for row in self.rows]
        return bool(col.unit) or any(isinstance(v, NUMBERS) and not isinstance(v, bool) for v in values)

    def _cell(self, col: Col, row: Mapping[str, Any], number: bool) -> Cell:
        value = row.get(col.key)
        if value is None and not col.unit:
            shown = Shown("–", "not given", unknown=True)
        else:
            shown = show(value, col.unit, currency=row.get("currency") or self.currency, compact=col.compact)
        badge = (col.badge or {}).get(str(value), "info" if col.badge else "")
        return Cell(shown, number, col.href(row) if col.href else "", badge, col.wide)


def make_table(
    request: Any,
    *,
    columns: Sequence[Col],
    rows: Sequence[Mapping[str, Any]],
    name: str = "",
    sort: str = "",
    size: int = PAGE_SIZE,
    currency: str | None = None,
    caption: str = "",
    empty: str = "Nothing here yet.",
    export: bool = True,
) -> Table:
    """A table of rows that are all at hand; sorts and pages them as the address asks.

    Raises:
        Invalid: the address asks to sort by a column that is not there, or for a page that is no number.
    """
    prefix = f"{name}-" if name else ""
    asked = request.GET.get(f"{prefix}sort") or sort
    if asked and asked.removeprefix("-") not in {c.key for c in columns}:
        raise Invalid(f"There is no column '{asked.removeprefix('-')[:60]}' to sort by.")
    ordered = sorted_rows(rows, asked) if asked else list(rows)
    page = min(page_number(request, f"{prefix}page"), max(1, -(-len(ordered) // size)))
    return Table(
        name,
        tuple(columns),
        ordered[(page - 1) * size : page * size],
        len(ordered),
        page,
        size,
        asked,
        currency or request.workspace.currency,
        caption,
        empty,
        export,
        lambda: ordered,
    )


def sorted_rows(rows: Sequence[Mapping[str, Any]], by: str) -> list[Mapping[str, Any]]:
    """Sorted by a column, `-key` downwards; what is not known comes last either way. Stable."""
    key, down = by.removeprefix("-"), by.startswith("-")
    known = [r for r in rows if r.get(key) is not None]
    known.sort(key=lambda r: _comparable(r[key]), reverse=down)
    return [*known, *(r for r in rows if r.get(key) is None)]


def page_number(request: Any, parameter: str = "page") -> int:
    """The page the address asks for, from 1.

    Raises:
        Invalid: not a number from 1 to a million.
    """
    text = request.GET.get(parameter) or "1"
    if not (text.isascii() and text.isdigit() and len(text) <= 7 and int(text) > 0):
        raise Invalid(f"'{text[:60]}' is no page number.")
    return int(text)


def _comparable(value: Any) -> tuple[int, Any]:
    if isinstance(value, NUMBERS):
        number = Decimal(int(value)) if isinstance(value, bool) else Decimal(str(value))
        return 0, Decimal("-Infinity") if number.is_nan() else number
    return (1, value.isoformat()) if isinstance(value, date) else (2, str(value).casefold())
