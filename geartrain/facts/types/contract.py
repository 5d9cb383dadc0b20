"""A mirror of the contract tool: dates, states and values."""

from geartrain.kernel.records import Column, ColumnKind, RecordType

RECORD = RecordType(
    name="contract",
    grain="one row per contract",
    key=("contract_id",),
    doc="A mirror of the contract tool: dates, states and values.",
    columns=(
        Column("contract_id", required=True),
        Column("account_id", required=True, ref="account"),
        Column("opportunity_id", ref="opportunity"),
        Column("type", required=True),
        Column("state", required=True),
        Column("start_date", ColumnKind.day),
        Column("end_date", ColumnKind.day),
        Column("auto_renew", ColumnKind.flag),
        Column("notice_days", ColumnKind.integer),
        Column("value", ColumnKind.money, required=True),
        Column("currency"),
        Column("executed_at", ColumnKind.instant),
    ),
)
