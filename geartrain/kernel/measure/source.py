"""Where the facts of a question come from: an argument, so that the engine opens nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

import ibis
import pyarrow as pa

from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import RecordType


@dataclass(frozen=True, slots=True)
class Cut:
    """How a type looks at the end of an earlier day: what happened later is not seen.

    Args:
        born: Instant or day column; a row born later does not exist. None: every row exists.
        clears: Event column to what it undoes while it has not happened: column to the value it then has (None:
            unknown). The event column itself becomes unknown.

    Example, the opportunity: Cut("created_at", {"closed_at": {"is_closed": False, "is_won": False,
    "loss_reason": None}}): a deal won in May is open, its outcome unknown, in April. The lead: Cut("created_at",
    {"mql_at": {}, "sal_at": {}, …}). A type without a cut stands as it is.
    """

    born: str | None = None
    clears: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


class Source(Protocol):
    """The facts a question is asked of: one state of them, as one person may see it.

    Attributes:
        types: Record types and views by name, all that a metric can be measured from.
        calendar: The fiscal calendar; its zone is the one whose days count.
        currency: ISO code of the workspace; an empty currency column means this one.
        as_of: The last day that is seen where the question names none.
        snapshot: Hash of the facts.
        cuts: By type, how it looks at the end of an earlier day (see `Cut`). A view that is as of a day has none.
    """

    @property
    def types(self) -> Mapping[str, RecordType]: ...
    @property
    def calendar(self) -> FiscalCalendar: ...
    @property
    def currency(self) -> str: ...
    @property
    def as_of(self) -> date: ...
    @property
    def snapshot(self) -> str: ...
    @property
    def cuts(self) -> Mapping[str, Cut]: ...

    def table(self, name: str) -> ibis.Table:
        """One row per record of a type or view, with the columns of its `schema` (a view may leave META out)."""
        ...

    def currencies(self, name: str) -> frozenset[str]:
        """The currencies that stand in the type's `currency` column, over all rows, empty ones left out.

        Asked before every question about money, so remember it by snapshot.
        """
        ...

    def execute(self, expr: ibis.Expr, params: Mapping[ibis.Scalar, date | None] | None = None) -> pa.Table:
        """Run an expression built from these tables (it may hold an `ibis.memtable`).

        One with parameters will be run again with other values: keep what it compiles to.
        """
        ...
