"""Which accounts belong together: each account with the top of its line of parents."""

from __future__ import annotations

from datetime import date

import ibis

from geartrain.facts.transforms import Tables, ViewPolicies, acyclic_parents, shaped
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import Column, RecordType

VIEW = RecordType(
    name="account_family",
    grain="one row per account",
    key=("account_id",),
    doc="Accounts with the company at the top of their line of parents.",
    columns=(
        Column("account_id", required=True, ref="account"),
        Column("parent_id", ref="account", doc="empty at the top, and where a cycle is cut"),
        Column("family_id", required=True, ref="account", doc="the account at the top"),
    ),
)


def build(tables: Tables, *, as_of: date, calendar: FiscalCalendar, policies: ViewPolicies) -> ibis.Table:
    """Lines up to 16 levels; a cycle is one family, named after its greatest id."""
    lines = acyclic_parents(tables("account"), "account_id", "parent_account_id")
    return shaped(lines.select(account_id="id", parent_id="parent", family_id="root"), VIEW)
