"""New customers: the first deal ever won with an account, its parents and its sisters."""

from __future__ import annotations

from datetime import date

import ibis

from geartrain.facts.transforms import Tables, ViewPolicies, as_seen, shaped
from geartrain.facts.types.opportunity import RECORD
from geartrain.facts.views import account_family
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import Column, ColumnKind, RecordType

VIEW = RecordType(
    name="new_logo",
    grain="one row per family of accounts that has become a customer",
    key=("family_id",),
    owner="owner_id",
    happened="closed_at",
    doc="The first won opportunity of each family of accounts, with the function that brought it.",
    columns=(
        Column("family_id", required=True, ref="account", doc="the account at the top of the family"),
        *RECORD.columns,
        Column("first_source", doc="function of the deal, else of its first lead, else of its account's first lead"),
        Column("is_attributed", ColumnKind.flag, required=True, doc="first_source is known"),
    ),
)


def build(tables: Tables, *, as_of: date, calendar: FiscalCalendar, policies: ViewPolicies) -> ibis.Table:
    """Families whose first win is seen by the end of the day.

    The parent decides what is new: a subsidiary of a customer is none. A family whose account says it was won before
    (first_won_at) is no new logo either. A win without an account belongs to no family. Of two wins at one instant
    the one with the smaller id is first.
    """
    seen = as_seen(tables, as_of=as_of, calendar=calendar)
    families = account_family.build(tables, as_of=as_of, calendar=calendar, policies=policies)
    families = families.select(member="account_id", family_id="family_id")
    deals = seen("opportunity")
    won = deals.filter(deals.is_won & deals.closed_at.notnull())
    won = won.inner_join(families, won.account_id == families.member)
    order = ibis.row_number().over(group_by="family_id", order_by=["closed_at", "opportunity_id"])
    first = won.mutate(nth=order).filter(ibis._.nth == 0)
    known = tables("account").select(member="account_id", before="first_won_at").inner_join(families, "member")
    earlier = known.group_by(family=known.family_id).aggregate(won_before=known.before.min())
    first = first.left_join(earlier, first.family_id == earlier.family)
    first = first.filter(first.won_before.isnull() | (first.won_before >= first.closed_at.truncate("D")))
    by_deal = _first_source(seen("lead"), "opportunity_id")
    by_account = _first_source(seen("lead"), "account_id")
    rows = first.left_join(by_deal, first.opportunity_id == by_deal.of_opportunity_id)
    rows = rows.left_join(by_account, first.account_id == by_account.of_account_id)
    source = ibis.coalesce(rows.source_function, rows.source_by_opportunity_id, rows.source_by_account_id)
    return shaped(rows.mutate(first_source=source, is_attributed=source.notnull()), VIEW)


def _first_source(leads: ibis.Table, through: str) -> ibis.Table:
    """Per deal or account, the function behind its first lead that has one; of two at one instant the smaller id."""
    known = leads.filter(leads[through].notnull() & leads.source_function.notnull())
    nth = ibis.row_number().over(group_by=through, order_by=["created_at", "lead_id"])
    first = known.mutate(nth=nth).filter(ibis._.nth == 0)
    return first.select(**{f"of_{through}": first[through], f"source_by_{through}": first.source_function})
