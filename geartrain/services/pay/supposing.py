"""Facts as they would be if some deals were won: what is supposed lies over them, and nothing is written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import ibis

from geartrain.kernel.errors import Invalid, NotFound
from geartrain.services.records.facts import Facts

OWN = "supposed"
SHAPE = 'Write {"deal": "O-1", "close": "2026-06-30"}, or {"amount": 50000, "close": "2026-06-30", "type": "new"}.'


@dataclass(frozen=True)
class Supposed:
    """A deal that is supposed to be won.

    Args:
        id: An open deal of the facts; empty: one that is in no system yet, owned by the payee.
        amount: None: as the deal has it.
        columns: More of the deal's columns, for conditions of the plan.
    """

    close: date
    id: str = ""
    amount: Decimal | None = None
    columns: tuple[tuple[str, Any], ...] = ()

    def named(self, number: int) -> str:
        """What it is called in a statement."""
        return self.id or f"{OWN}-{number}"


def read_supposed(rows: Any) -> tuple[Supposed, ...]:
    """Deals as they are written.

    Raises:
        Invalid: not of that shape; the message says which and why.
    """
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not 0 < len(rows) <= 50:
        raise Invalid("Name one to fifty deals.", hint=SHAPE)
    return tuple(_read(n, row) for n, row in enumerate(rows, 1))


def _read(n: int, row: Any) -> Supposed:
    if not isinstance(row, Mapping):
        raise Invalid(f"Deal {n} is not an object.", hint=SHAPE)
    held = {str(k): v for k, v in row.items()}
    key = str(held.pop("deal", None) or held.pop("opportunity_id", None) or "")
    try:
        close = date.fromisoformat(str(held.pop("close", None) or held.pop("closed_at", "")))
    except ValueError:
        raise Invalid(f"Deal {n} does not say when it closes.", hint=SHAPE) from None
    try:
        value = held.pop("amount", None)
        amount = None if value in (None, "") else Decimal(str(value))
    except ArithmeticError:
        raise Invalid(f"The amount of deal {n} is no number.", hint=SHAPE) from None
    if (amount is not None and not amount.is_finite()) or not 1970 <= close.year < 2200:
        raise Invalid(f"Deal {n} is of no ordinary size or day.", hint=SHAPE)
    if not key and amount is None:
        raise Invalid(f"Deal {n} names neither a deal nor an amount.", hint=SHAPE)
    return Supposed(close, key, amount, tuple(sorted((k, str(v)) for k, v in held.items() if v not in (None, ""))))


class SupposedFacts(Facts):
    """The facts with these deals won."""

    deals: tuple[Supposed, ...]
    owner: str

    def raw(self, name: str) -> ibis.Table:
        """Every row of a type; of opportunities with what is supposed."""
        table = super().raw(name)
        return self._won(table) if name == "opportunity" else table

    def _won(self, table: ibis.Table) -> ibis.Table:
        known = {d.id: d for d in self.deals if d.id}
        stage = self._won_stage(table)
        if known:
            mine = table.opportunity_id.isin(sorted(known))
            changes = {}
            for column, value in {"is_won": True, "is_closed": True, "stage": stage}.items():
                changes[column] = ibis.ifelse(mine, ibis.literal(value, table[column].type()), table[column])
            for column in ("closed_at", "close_date", "amount"):
                cases = [(table.opportunity_id == k, ibis.literal(v, table[column].type()))
                         for k, d in known.items() if (v := self._value(d, column)) is not None]  # fmt: skip
                if cases:
                    changes[column] = ibis.cases(*cases, else_=table[column])
            table = table.mutate(**changes)
        for n, d in enumerate(self.deals, 1):
            if not d.id:
                table = table.union(self._new(table, d, d.named(n), stage))
        return table

    def _new(self, table: ibis.Table, d: Supposed, name: str, stage: str) -> ibis.Table:
        """One row of literals: there is always the payee's own line to hang it on."""
        columns = dict(d.columns)
        own = {"opportunity_id": name, "owner_id": self.owner, "stage": stage, "is_won": True, "is_closed": True,
               "currency": self.currency, "type": "new", "name": name,
               **{c: self._value(d, c) for c in ("closed_at", "close_date", "amount", "created_at")}}  # fmt: skip
        own |= {c: v for c, v in columns.items() if c in table.columns}
        rest = {c: v for c, v in columns.items() if c not in table.columns}
        if rest and "extra" in table.columns:
            own["extra"] = json.dumps(rest, ensure_ascii=False, sort_keys=True)
        one = super().raw("user")
        one = one.filter(one.user_id == self.owner)
        values = {c: _literal(own.get(c), table[c].type()) for c in table.columns}
        return one.select(**values)

    def _value(self, d: Supposed, column: str) -> Any:
        noon: datetime = self.calendar.instant(d.close) + timedelta(hours=12)
        return {"closed_at": noon, "created_at": noon, "close_date": d.close, "amount": d.amount}[column]

    def _won_stage(self, table: ibis.Table) -> str:
        found = self.execute(table.filter(table.is_won).aggregate(stage=table.stage.min())).to_pylist()
        return str((found[0]["stage"] if found else None) or "Won")


def _literal(value: Any, type_: Any) -> ibis.Value:
    return ibis.null(type_) if value is None else ibis.literal(value).cast(type_)


def suppose(facts: Facts, deals: Sequence[Supposed], *, owner: str) -> SupposedFacts:
    """The facts with these deals won, the nameless ones by `owner`.

    Raises:
        NotFound: a deal that is named is not in the facts.
    """
    names = sorted({d.id for d in deals if d.id})
    table = facts.table("opportunity")
    there = facts.execute(table.filter(table.opportunity_id.isin(names)).select("opportunity_id")) if names else None
    known = set(there["opportunity_id"].to_pylist()) if there is not None else set()
    if missing := [n for n in names if n not in known]:
        raise NotFound(f"There is no deal '{missing[0]}'.", hint="Name an opportunity_id, or leave it out.")
    made = SupposedFacts(**{f.name: getattr(facts, f.name) for f in fields(facts)})
    made.deals, made.owner = tuple(deals), owner
    return made
