"""Marketing campaigns and their cost."""

from geartrain.kernel.records import Column, ColumnKind, RecordType

RECORD = RecordType(
    name="campaign",
    grain="one row per campaign",
    key=("campaign_id",),
    doc="Marketing campaigns and their cost.",
    columns=(
        Column("campaign_id", required=True),
        Column("name", required=True),
        Column("channel"),
        Column("start_date", ColumnKind.day),
        Column("end_date", ColumnKind.day),
        Column("cost", ColumnKind.money, doc="total"),
        Column("currency"),
    ),
)
