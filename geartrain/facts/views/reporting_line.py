"""Who works below whom, at any distance."""

from __future__ import annotations

from datetime import date

import ibis

from geartrain.facts.transforms import Tables, ViewPolicies, acyclic_parents, shaped
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import Column, ColumnKind, RecordType

DEPTH = 16

VIEW = RecordType(
    name="reporting_line",
    grain="one row per person and manager above them, at any distance, themselves included",
    key=("manager_id", "user_id"),
    doc="The hierarchy laid out flat, for roll-ups.",
    columns=(
        Column("manager_id", required=True, ref="user"),
        Column("user_id", required=True, ref="user"),
        Column("distance", ColumnKind.integer, required=True, doc="0 for oneself, 1 for a direct report"),
    ),
)


def build(tables: Tables, *, as_of: date, calendar: FiscalCalendar, policies: ViewPolicies) -> ibis.Table:
    """Lines up to 16 levels; a cycle is cut at its greatest id, as `kernel.hierarchy` does."""
    parents = acyclic_parents(tables("user"), "user_id", "manager_id")
    parents = parents.select(child="id", above="parent")
    level = parents.select(manager_id="child", user_id="child")
    levels = [level.mutate(distance=ibis.literal(0, "int64"))]
    for distance in range(1, DEPTH + 1):
        met = level.inner_join(parents, level.manager_id == parents.child)
        level = met.filter(met.above.notnull()).select(manager_id="above", user_id="user_id")
        levels.append(level.mutate(distance=ibis.literal(distance, "int64")))
    return shaped(ibis.union(*levels, distinct=False), VIEW)
