"""Who uses which part of the sales technology."""

from geartrain.kernel.records import Column, ColumnKind, RecordType

RECORD = RecordType(
    name="tool_use",
    grain="one row per use of a tool by a person at an instant",
    key=("tool", "user_id", "occurred_at"),
    owner="user_id",
    happened="occurred_at",
    doc="Who uses which part of the sales technology.",
    columns=(
        Column("tool", required=True),
        Column("user_id", required=True, ref="user"),
        Column("occurred_at", ColumnKind.instant, required=True),
        Column("feature"),
    ),
)
