"""Who let a deal pass without an attribute."""

from geartrain.kernel.records import Column, ColumnKind, RecordType

RECORD = RecordType(
    name="waiver",
    grain="one row per attribute of an opportunity and time it was waived",
    key=("opportunity_id", "attribute_key", "granted_at"),
    happened="granted_at",
    doc="Waivers turn a miss at a gate into waived, and are counted.",
    columns=(
        Column("opportunity_id", required=True, ref="opportunity"),
        Column("attribute_key", required=True),
        Column("granted_at", ColumnKind.instant, required=True),
        Column("by", required=True),
        Column("reason", required=True),
        Column("expires", ColumnKind.instant, doc="first instant at which it no longer holds"),
    ),
)
