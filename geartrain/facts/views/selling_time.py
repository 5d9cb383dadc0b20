"""Where the hours of the team go, by the class their category is mapped to."""

from __future__ import annotations

from datetime import date

import ibis

from geartrain.facts.transforms import Tables, ViewPolicies, as_seen, shaped, small_table
from geartrain.facts.types.time_entry import RECORD
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import Column, ColumnKind, RecordType

UNMAPPED = "unmapped"

VIEW = RecordType(
    name="selling_time",
    grain="one row per person, week and category",
    key=RECORD.key,
    owner="user_id",
    happened="week",
    doc="Hours with their class: core is live contact with a buyer, adjacent prepares it, non_core is all else.",
    columns=(
        *RECORD.columns,
        Column("time_class", required=True, choices=("core", "adjacent", "non_core", UNMAPPED)),
        Column("is_core", ColumnKind.flag, required=True),
    ),
)


def build(tables: Tables, *, as_of: date, calendar: FiscalCalendar, policies: ViewPolicies) -> ibis.Table:
    """Hours of weeks begun by the end of the day. A category no policy names is `unmapped`: counted, never core."""
    entries = as_seen(tables, as_of=as_of, calendar=calendar)("time_entry")
    classes = sorted(policies.time_classes.items())
    text = {"of_category": "string", "mapped": "string"}
    mapped = small_table(text, of_category=[c for c, _ in classes], mapped=[c for _, c in classes])
    rows = entries.left_join(mapped, entries.category.lower().strip() == mapped.of_category)
    time_class = rows.mapped.fill_null(UNMAPPED)
    return shaped(rows.mutate(time_class=time_class, is_core=time_class == "core"), VIEW)
