"""The history of stage, amount, close date, owner and forecast category."""

from geartrain.kernel.records import Column, ColumnKind, RecordType

RECORD = RecordType(
    name="opportunity_change",
    grain="one row per change of one field of an opportunity",
    key=("opportunity_id", "changed_at", "field"),
    happened="changed_at",
    doc="The history of stage, amount, close date, owner and forecast category.",
    columns=(
        Column("opportunity_id", required=True, ref="opportunity"),
        Column("changed_at", ColumnKind.instant, required=True),
        Column("field", required=True, choices=("stage", "amount", "close_date", "owner_id", "forecast_category")),
        Column("old_value"),
        Column("new_value"),
        Column("changed_by", ref="user"),
    ),
)
