"""What was billed and paid."""

from geartrain.kernel.records import Column, ColumnKind, RecordType

RECORD = RecordType(
    name="invoice",
    grain="one row per invoice",
    key=("invoice_id",),
    happened="issued_at",
    doc="What was billed and paid.",
    columns=(
        Column("invoice_id", required=True),
        Column("account_id", required=True, ref="account"),
        Column("opportunity_id", ref="opportunity"),
        Column("issued_at", ColumnKind.instant, required=True),
        Column("due_at", ColumnKind.instant),
        Column("paid_at", ColumnKind.instant),
        Column("amount", ColumnKind.money, required=True),
        Column("currency"),
    ),
)
