"""Accounts and sellers of a company's records as territories read them, with revenue and open pipeline beside each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Protocol

import ibis
import pyarrow as pa

from geartrain.facts.types.account import RECORD as ACCOUNT
from geartrain.facts.types.user import RECORD as USER
from geartrain.kernel.records import RecordType
from geartrain.planning.territories.policy import TerritoryPolicy
from geartrain.planning.territories.tables import Table, typed

Texts = dict[str, str]


class Records(Protocol):
    """Records as of a day, cut to what somebody may see."""

    @property
    def as_of(self) -> date: ...
    @property
    def currency(self) -> str: ...
    def table(self, name: str, /) -> ibis.Table: ...
    def execute(self, expr: Any, /) -> pa.Table: ...


def company_tables(
    records: Records,
    policy: TerritoryPolicy,
    *,
    seats: Iterable[Mapping[str, str]] = (),
    factor: Callable[[Mapping[str, Any]], Decimal] = lambda account: Decimal(1),
) -> tuple[Table, Table]:
    """Accounts and sellers.

    Sellers are those who take part by the policy or, where it does not say, own an account; and the seats.

    Args:
        seats: People still to be hired, as columns of a user.
        factor: What an account's potential is multiplied by.
    """
    people, accounts = _rows(records, USER), _rows(records, ACCOUNT, factor)
    money = _revenue(records)
    for row in accounts:
        for name, amount in money.get(row["account_id"], {}).items():
            row.setdefault(name, str(amount))
    owners = {r["owner_id"] for r in accounts if "owner_id" in r}
    if not policy.sellers:
        people = [r for r in people if r["user_id"] in owners]
    return _table(ACCOUNT, accounts), _table(USER, [*people, *(dict(s) for s in seats)])


def _rows(
    records: Records, record: RecordType, factor: Callable[[Mapping[str, Any]], Decimal] | None = None
) -> list[Texts]:
    """Records as text by column, what else a source carried among them."""
    table = records.table(record.name).order_by(list(record.key))
    rows = []
    for row in records.execute(table.select(*(c.name for c in record.columns), "extra")).to_pylist():
        extra = json.loads(row.pop("extra") or "{}")
        if factor is not None and row["potential"] is not None:
            row["potential"] *= factor(row)
        known = {k: str(v) for k, v in row.items() if v is not None}
        rows.append({**{str(k): str(v) for k, v in extra.items() if v is not None}, **known})
    return rows


def _table(record: RecordType, rows: list[Texts]) -> Table:
    columns = list(dict.fromkeys([*(c.name for c in record.columns), *(k for r in rows for k in r)]))
    found, _ = typed(record, record.name, columns, [{c: r.get(c, "") for c in columns} for r in rows], range(len(rows)))
    return Table(record.name, found.columns, found.rows)


def _revenue(records: Records) -> dict[str, dict[str, Decimal]]:
    """current_revenue (won within a year) and open_pipeline by account, of deals in the workspace's currency."""
    table = records.table("opportunity")
    columns = ("account_id", "amount", "currency", "is_closed", "is_won", "closed_at")
    found: dict[str, dict[str, Decimal]] = {}
    since = records.as_of - timedelta(days=365)
    for row in records.execute(table.select(*columns)).to_pylist():
        if row["account_id"] is None or row["amount"] is None or row["currency"] not in (None, records.currency):
            continue
        recent = row["is_won"] and row["closed_at"] is not None and row["closed_at"].date() > since
        name = "open_pipeline" if not row["is_closed"] else "current_revenue" if recent else ""
        if name:
            of = found.setdefault(row["account_id"], {})
            of[name] = of.get(name, Decimal(0)) + row["amount"]
    return found
