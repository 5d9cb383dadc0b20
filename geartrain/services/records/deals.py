"""Opportunities for people to act on: what was won, lost and created, and what is open and why it needs a look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import ibis

from geartrain.kernel.errors import Invalid
from geartrain.kernel.rules import parse
from geartrain.services.access import Actor, Permission, require
from geartrain.services.answers import remembered
from geartrain.services.records.facts import Facts, open_facts
from geartrain.services.view import View
from geartrain.services.workspace import Workspace

WHAT = ("open", "won", "lost", "created")
SORTS = {"amount": "amount", "close_date": "close_date", "age_days": "age_days", "stage": "stage", "owner": "owner"}
MOST = 5_000


@dataclass(frozen=True)
class Deals:
    """Some deals, with how many there are and what they are worth together, by currency: unlike ones are not added."""

    what: str
    rows: list[dict[str, Any]]
    total: int
    amounts: dict[str, Any]
    without_amount: int


@dataclass(frozen=True)
class Wanted:
    """A question about deals; equal questions have equal answers."""

    what: str
    since: date
    until: date
    where: str
    sort: str
    descending: bool
    owner: str
    stage: str
    flag: str
    limit: int


def list_deals(
    ws: Workspace,
    actor: Actor,
    *,
    view: View,
    what: str = "open",
    since: date | None = None,
    until: date | None = None,
    sort: str = "amount",
    descending: bool = True,
    owner: str = "",
    stage: str = "",
    flag: str = "",
    limit: int = 50,
) -> Deals:
    """Deals by what became of them in a stretch of days, or those open at the end of the day that is seen.

    Args:
        what: open (whatever the stretch), won or lost (closed in it), created (in it).
        flag: For open deals: overdue, no_next_step, no_amount, no_close_date or no_account.

    Raises:
        Invalid: not one of those words.
    """
    require(actor, Permission.view_records)
    if what not in WHAT or sort not in SORTS or not 0 < limit <= MOST:
        raise Invalid(f"Deals are {', '.join(WHAT)}, sorted by {', '.join(SORTS)}, at most {MOST:,}.")
    if flag and flag not in FLAGS:
        raise Invalid(f"There is no flag '{flag}'.", hint=f"One of: {', '.join(FLAGS)}.")
    stretch = since or view.period.start, until or view.until
    asked = Wanted(what, *stretch, view.where, sort, descending, owner, stage, flag, limit)
    with open_facts(ws, actor, as_of=view.as_of) as facts:
        return remembered(("deals", asked, facts.scope(pay_read=False)), lambda: _list(facts, asked))


def _list(facts: Facts, asked: Wanted) -> Deals:
    table = _described(facts)
    table = table.filter(_became(facts, table, asked.what, asked.since, asked.until))
    for name, value in (("owner_id", asked.owner), ("stage", asked.stage)):
        if value:
            table = table.filter(table[name] == value)
    if asked.flag:
        table = table.filter(FLAGS[asked.flag](table, facts.as_of))
    if asked.where:
        table = table.filter(parse(asked.where).on(table))
    sums = table.group_by("currency").aggregate(n=table.count(), amount=table.amount.sum(), known=table.amount.count())
    found = facts.execute(sums.order_by(ibis.desc("n"), "currency")).to_pylist()
    by = ibis.desc(SORTS[asked.sort]) if asked.descending else ibis.asc(SORTS[asked.sort])
    ordered = table.order_by([table[SORTS[asked.sort]].isnull(), by, "opportunity_id"]).limit(asked.limit)
    rows = facts.execute(ordered).to_pylist()
    for row in rows:
        row["flags"] = _flags(row, facts.as_of)
    total, known = (sum(int(f[c]) for f in found) for c in ("n", "known"))
    amounts = {str(f["currency"]): f["amount"] for f in found if f["amount"] is not None}
    return Deals(asked.what, rows, total, amounts, total - known)


def _described(facts: Facts) -> ibis.Table:
    """Opportunities with the names of their account and owner, and how long they have been open."""
    deals = facts.table("opportunity")
    users = facts.raw("user").select(owner_key="user_id", owner="name", team="team", region="region")
    accounts = facts.table("account").select(account_key="account_id", account="name", segment="segment")
    table = deals.left_join(users, deals.owner_id == users.owner_key)
    table = table.left_join(accounts, table.account_id == accounts.account_key)
    end = ibis.literal(facts.calendar.instant(facts.as_of + timedelta(days=1)), "timestamp(6)")
    last = ibis.ifelse(table.closed_at.notnull() & (table.closed_at < end), table.closed_at, end)
    age = last.epoch_seconds().cast("float64") - table.created_at.epoch_seconds().cast("float64")
    return table.select(
        "opportunity_id",
        "name",
        "account_id",
        account=ibis.coalesce(table.account, table.account_id),
        owner_id=table.owner_id,
        owner=ibis.coalesce(table.owner, table.owner_id),
        team=table.team,
        region=table.region,
        segment=table.segment,
        type=table.type,
        stage=table.stage,
        amount=table.amount,
        currency=ibis.coalesce(table.currency, facts.currency),
        created_at=table.created_at,
        close_date=table.close_date,
        closed_at=table.closed_at,
        is_closed=table.is_closed,
        is_won=table.is_won,
        next_step=table.next_step,
        age_days=(age / 86_400).floor().cast("int64"),
    )


def _became(facts: Facts, table: ibis.Table, what: str, since: date, until: date) -> ibis.BooleanValue:
    def instant(day: date) -> ibis.Value:
        return ibis.literal(facts.calendar.instant(day), "timestamp(6)")

    seen = instant(facts.as_of + timedelta(days=1))
    known = (table.created_at < seen) | table.created_at.isnull()
    closed = table.is_closed & (table.closed_at.isnull() | (table.closed_at < seen))
    if what == "open":
        return known & ~closed
    low, high = instant(since), instant(min(until, facts.as_of + timedelta(days=1)))
    if what == "created":
        return (table.created_at >= low) & (table.created_at < high)
    inside = table.is_closed & (table.closed_at >= low) & (table.closed_at < high)
    return inside & (table.is_won if what == "won" else ~table.is_won)


FLAGS = {
    "overdue": lambda t, day: t.close_date < ibis.literal(day, "date"),
    "no_next_step": lambda t, day: t.next_step.isnull(),
    "no_amount": lambda t, day: t.amount.isnull(),
    "no_close_date": lambda t, day: t.close_date.isnull(),
    "no_account": lambda t, day: t.account_id.isnull(),
}


def _flags(row: dict[str, Any], day: date) -> Sequence[str]:
    if row["is_closed"] and row["closed_at"] is not None:
        return ()
    late = row["close_date"] is not None and row["close_date"] < day
    missing = [f"no_{k}" for k in ("next_step", "amount", "close_date") if row[k] is None]
    return (["overdue"] if late else []) + missing + ([] if row["account_id"] else ["no_account"])
