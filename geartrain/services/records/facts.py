"""The facts as one person may see them: every page, route, command and export reads through here.

Row scope: people who do not see everyone see their own records, those of everyone below them on the day, and the
records nobody owns. Column scope: pay is for its subject, the chain above and those who may view pay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import ibis
import pyarrow as pa

from geartrain.facts import record_types
from geartrain.kernel.errors import NotFound
from geartrain.kernel.hierarchy import Hierarchy
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import ColumnKind, RecordType
from geartrain.services.access import Actor, Permission
from geartrain.services.answers import remembered
from geartrain.services.courtesy import give_way
from geartrain.services.workspace import Workspace
from geartrain.stores.warehouse.base import Params, Snapshot

PAY_COLUMNS = ("base_salary", "target_incentive")
# Types seen by whoever sees an opportunity they share this column with: what hangs on a deal belongs to its owner,
# and an account is seen by everyone who has a deal with it.
THROUGH = {
    "account": "account_id",
    "opportunity_change": "opportunity_id",
    "opportunity_line": "opportunity_id",
    "split": "opportunity_id",
    "evidence": "opportunity_id",
    "waiver": "opportunity_id",
    "quote": "opportunity_id",
    "contract": "opportunity_id",
    "invoice": "opportunity_id",
}
# Types that only those who may view costs see at all.
COSTS = ("cost",)


@dataclass
class Facts:
    """One pinned state of the facts, cut to what one actor may see.

    Args:
        snapshot: The state itself.
        actor: For whom.
        calendar: The workspace's fiscal calendar.
        currency: The workspace's currency.
        as_of: The last day that is seen.
        known_as_of: What was known at that instant, None for all that is known.
    """

    snapshot: Snapshot
    actor: Actor
    calendar: FiscalCalendar
    currency: str
    as_of: date
    known_as_of: datetime | None = None
    types: Mapping[str, RecordType] = field(default_factory=record_types)

    @property
    def id(self) -> str:
        """Hash of the facts; equal hashes, equal answers (to the same `scope`)."""
        return self.snapshot.id

    def names(self) -> dict[str, str]:
        """What everybody is called, by user id: a name beside a record that the actor sees anyway."""
        rows = self.execute(self.raw("user").select("user_id", "name")).to_pylist()
        return {r["user_id"]: r["name"] or r["user_id"] for r in rows}

    def hierarchy(self) -> Hierarchy:
        """Who reports to whom, as the facts have it, whoever asks."""
        return remembered(("hierarchy", self.id, self.known_as_of), self._reporting)

    def _reporting(self) -> Hierarchy:
        rows = self.snapshot.execute(self.raw("user").select("user_id", "manager_id")).to_pydict()
        return Hierarchy(dict(zip(rows["user_id"], rows["manager_id"], strict=True)))

    def visible(self) -> frozenset[str] | None:
        """Ids of the people whose records the actor sees; None for everyone."""
        if self.actor.sees_everyone:
            return None
        if self.actor.user_id is None:
            return frozenset()
        return frozenset(self.hierarchy().tree(self.actor.user_id))

    def scope(self, *, pay_read: bool = True) -> tuple[object, ...]:
        """What the answers depend on besides the question: goes into every cache key.

        `pay_read` False says that the question reads no column of people's pay, so that everyone who sees the same
        records shares the answer.
        """
        people = self.visible()
        rows = None if people is None else tuple(sorted(people))
        pay = not pay_read or self.actor.may(Permission.view_pay) or (False, self.actor.user_id)
        return self.id, self.as_of, self.known_as_of, rows, self.actor.may(Permission.view_costs), pay

    def raw(self, name: str) -> ibis.Table:
        """Every row of a type, for what must not depend on who asks (reference names); never shown as it is."""
        return self.snapshot.table(name, known_as_of=self.known_as_of)

    def table(self, name: str) -> ibis.Table:
        """One row per record that the actor may see.

        Raises:
            NotFound: there is no such record type.
        """
        if name not in self.types:
            raise NotFound(f"There is no record type '{name}'.", hint=f"One of: {', '.join(self.types)}.")
        return self._columns(name, self._rows(name, self.raw(name)))

    def execute(self, expr: ibis.Expr, params: Params | None = None) -> pa.Table:
        """Run an expression built from these tables, with these values of its parameters."""
        give_way()
        return self.snapshot.execute(expr, params)

    def _rows(self, name: str, table: ibis.Table) -> ibis.Table:
        if name in COSTS and not self.actor.may(Permission.view_costs):
            return table.filter(ibis.literal(False))
        people = self.visible()
        if people is None:
            return table
        if name == "user":
            # Their own line upwards by name, so that a seller can see whom they report to.
            above = self.hierarchy().chain(self.actor.user_id) if self.actor.user_id else []
            return table.filter(_owned(table, "user_id", people | frozenset(above)))
        if name == "quote_line":
            return table.semi_join(self._rows("quote", self.raw("quote")), "quote_id")
        owned = _owned(table, self.types[name].owner, people)
        if owned is None and name not in THROUGH:
            return table
        if name in THROUGH:
            deals = self._rows("opportunity", self.raw("opportunity"))[THROUGH[name]]
            through = table[THROUGH[name]].isin(deals)
            owned = through if owned is None else through | owned
        return table.filter(owned)

    def _columns(self, name: str, table: ibis.Table) -> ibis.Table:
        if name != "user" or self.actor.may(Permission.view_pay):
            return table
        # Pay is for its subject and the chain above. People who see everyone's deals do not see everyone's pay.
        own = frozenset() if self.actor.user_id is None else frozenset(self.hierarchy().tree(self.actor.user_id))
        mine = table.user_id.isin(sorted(own)) if own else ibis.literal(False)
        hidden = {c: ibis.ifelse(mine, table[c], ibis.null(table[c].type())) for c in PAY_COLUMNS}
        return table.mutate(extra=ibis.ifelse(mine, table.extra, ibis.null("string")), **hidden)


def _owned(table: ibis.Table, owner: str | None, people: frozenset[str]) -> ibis.BooleanValue | None:
    """Rows of these people; None where the type has no owner and is everybody's."""
    if owner is None:
        return None
    return table[owner].isin(sorted(people)).fill_null(False) if people else ibis.literal(False)


@contextmanager
def open_facts(
    ws: Workspace, actor: Actor, *, as_of: date | None = None, known_as_of: datetime | None = None
) -> Iterator[Facts]:
    """Pin the latest committed state and see it with the actor's eyes, until the block is left.

    `as_of` None is today in the workspace's zone.
    """
    snapshot = ws.warehouse.snapshot()
    day = as_of or ws.calendar.day_of(ws.now())
    try:
        yield Facts(snapshot, actor, _clocked(ws.calendar, snapshot), ws.currency, day, known_as_of)
    finally:
        snapshot.close()


def _clocked(calendar: FiscalCalendar, snapshot: Snapshot) -> FiscalCalendar:
    """The calendar with the years that the facts' instants fall into; asked of them once a state."""
    if calendar.zone == "UTC":
        return calendar
    years = remembered(("clock years", snapshot.id), lambda: _years(snapshot))
    return replace(calendar, clock_years=years) if years else calendar


def _years(snapshot: Snapshot) -> tuple[int, int] | None:
    found: list[int] = []
    for record_type in record_types().values():
        columns = [c.name for c in record_type.columns if c.kind is ColumnKind.instant]
        if columns:
            table = snapshot.table(record_type.name)
            ends = {f"{how}{c}": getattr(table[c], how)() for c in columns for how in ("min", "max")}
            row = snapshot.execute(table.aggregate(**ends)).to_pylist()[0]
            found += [at.year for at in row.values() if at is not None]
    # A year more on either side: an instant's wall clock may stand in the next year already.
    return (max(1970, min(found) - 1), min(2099, max(found) + 1)) if found else None
