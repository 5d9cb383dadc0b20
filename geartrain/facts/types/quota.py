"""What each seller is assigned to deliver."""

from geartrain.kernel.records import Column, ColumnKind, RecordType

RECORD = RecordType(
    name="quota",
    grain="one row per person, measure and period",
    key=("user_id", "measure", "period_start", "period_end"),
    owner="user_id",
    happened="period_start",
    doc="What each seller is assigned to deliver.",
    columns=(
        Column("user_id", required=True, ref="user"),
        Column("measure", required=True),
        Column("period_start", ColumnKind.day, required=True),
        Column("period_end", ColumnKind.day, required=True, doc="first day after the period"),
        Column("amount", ColumnKind.money, required=True),
        Column("currency"),
    ),
)
