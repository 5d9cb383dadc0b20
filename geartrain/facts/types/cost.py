"""What marketing, sales, customer success and revenue operations spend."""

from geartrain.kernel.records import Column, ColumnKind, RecordType

RECORD = RecordType(
    name="cost",
    grain="one row per period, function and category of spending",
    key=("period_start", "period_end", "function", "category"),
    happened="period_start",
    doc="What marketing, sales, customer success and revenue operations spend.",
    columns=(
        Column("period_start", ColumnKind.day, required=True),
        Column("period_end", ColumnKind.day, required=True, doc="first day after the period"),
        Column("function", required=True, choices=("sales", "marketing", "customer_success", "revops")),
        Column("category", required=True),
        Column("amount", ColumnKind.money, required=True),
        Column("currency"),
    ),
)
