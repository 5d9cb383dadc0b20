"""The records themselves: a page of one type, one record with everything that was ever known of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import ibis

from geartrain.kernel.errors import Invalid, NotFound
from geartrain.kernel.records import RecordType
from geartrain.kernel.rules import check, parse
from geartrain.services.access import Actor, Permission, require
from geartrain.services.records.facts import Facts, open_facts
from geartrain.services.workspace import Workspace

MOST = 100_000


@dataclass(frozen=True)
class RecordPage:
    """Some records of a type, with how many there are in all under the same filter."""

    record_type: RecordType
    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    total: int
    facts: str


def list_records(
    ws: Workspace,
    actor: Actor,
    *,
    type: str,
    where: str = "",
    search: str = "",
    limit: int = 100,
    offset: int = 0,
    as_of: date | None = None,
    known_as_of: datetime | None = None,
) -> RecordPage:
    """Records of a type that the actor may see, in key order.

    Args:
        where: A rule expression over the type's columns, e.g. `is_won and amount > 10000`.
        search: Text that a key or name holds, without case.
        as_of: Only records that had happened by the end of that day.
        known_as_of: Only what was known at that instant.

    Raises:
        NotFound: no such type. Invalid: the expression cannot be read or names a column that is not there.
    """
    require(actor, Permission.view_records)
    if not 0 < limit <= MOST or offset < 0:
        raise Invalid(f"A page has 1 to {MOST:,} records and starts at 0 or later.")
    with open_facts(ws, actor, as_of=as_of, known_as_of=known_as_of) as facts:
        table = _filtered(facts, type, where=where, search=search, cut=as_of is not None)
        record_type = facts.types[type]
        total = int(facts.execute(table.count().name("n").as_table())["n"][0].as_py())
        page = table.order_by(list(record_type.key)).limit(limit, offset=offset)
        columns = tuple(record_type.schema)
        rows = facts.execute(page.select(*columns)).to_pylist()
        return RecordPage(record_type, columns, rows, total, facts.id)


def get_record(ws: Workspace, actor: Actor, *, type: str, key: tuple[str, ...]) -> list[dict[str, Any]]:
    """Every version of one record, latest first.

    Raises:
        NotFound: there is no such record, or it is not the actor's to see.
    """
    require(actor, Permission.view_records)
    with open_facts(ws, actor) as facts:
        table = facts.table(type)
        names = facts.types[type].key
        missing = NotFound(f"There is no {type} '{'/'.join(key)}'.")
        if len(key) != len(names):
            raise missing

        def same(t: ibis.Table) -> ibis.Table:
            return t.filter([t[n].cast("string") == k for n, k in zip(names, key, strict=True)])

        if not facts.execute(same(table)).num_rows:
            raise missing
        versions = facts.execute(same(facts.snapshot.versions(type)).order_by(ibis.desc("recorded_at")))
        visible = facts.execute(same(table)).to_pylist()[0]
        hidden = [c for c in versions.column_names if visible.get(c) is None]
        # A column masked in what the actor sees now is masked in every older version too.
        masked = [c for c in hidden if c in _masked(facts, type)]
        return [{k: None if k in masked else v for k, v in row.items()} for row in versions.to_pylist()]


def _masked(facts: Facts, type: str) -> frozenset[str]:
    from geartrain.services.records.facts import PAY_COLUMNS

    return (
        frozenset({*PAY_COLUMNS, "extra"})
        if type == "user" and not facts.actor.may(Permission.view_pay)
        else frozenset()
    )


def _filtered(facts: Facts, type: str, *, where: str, search: str, cut: bool) -> ibis.Table:
    table, record_type = facts.table(type), _type(facts, type)
    if where:
        rule = parse(where, where="where")
        columns = {c.name: c.kind for c in record_type.columns}
        if issues := check(rule, columns):
            raise Invalid(issues[0].message, hint=issues[0].hint)
        table = table.filter(rule.on(table))
    if search:
        texts = [c for c in (*record_type.key, "name", "email", "company") if c in record_type]
        matches = [table[c].cast("string").lower().contains(search.lower()) for c in dict.fromkeys(texts)]
        table = table.filter(ibis.or_(*matches))
    if cut and record_type.happened:
        at = record_type.happened
        day = record_type[at].ibis_type == "date"
        end = facts.as_of if day else facts.calendar.instant(date.fromordinal(facts.as_of.toordinal() + 1))
        table = table.filter(table[at] <= end if day else table[at] < end)
    return table


def _type(facts: Facts, name: str) -> RecordType:
    return facts.types[name]
