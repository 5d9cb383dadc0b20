"""Who shares the credit of a deal."""

from geartrain.kernel.records import Column, ColumnKind, RecordType

RECORD = RecordType(
    name="split",
    grain="one row per person and credit type of an opportunity",
    key=("opportunity_id", "user_id", "credit_type"),
    owner="user_id",
    doc="Who shares the credit of a deal.",
    columns=(
        Column("opportunity_id", required=True, ref="opportunity"),
        Column("user_id", required=True, ref="user"),
        Column("share", ColumnKind.number, required=True, low=0, high=1, doc="0 to 1"),
        Column("credit_type", required=True),
    ),
)
