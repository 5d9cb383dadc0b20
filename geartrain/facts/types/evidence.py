"""What was recorded about an attribute of a deal."""

from geartrain.kernel.records import Column, ColumnKind, RecordType

RECORD = RecordType(
    name="evidence",
    grain="one row per attribute of an opportunity and time it was so",
    key=("opportunity_id", "attribute_key", "occurred_at"),
    happened="occurred_at",
    doc="Attestations, documents and events that a stage's gate rests on; a column `recorded_at` says when it became "
    "known, otherwise it was known when it occurred.",
    columns=(
        Column("opportunity_id", required=True, ref="opportunity"),
        Column("attribute_key", required=True),
        Column("occurred_at", ColumnKind.instant, required=True),
        Column("value", required=True, choices=("true", "false", "unknown")),
        Column("by"),
        Column("source_ref", doc="where the proof is"),
        Column("policy_version", ColumnKind.integer),
    ),
)
