"""What a revision of a quote offers, at which price."""

from geartrain.kernel.records import Column, ColumnKind, RecordType

RECORD = RecordType(
    name="quote_line",
    grain="one row per item of a revision of a quote",
    key=("quote_id", "revision", "sku"),
    doc="What a revision of a quote offers, at which price.",
    columns=(
        Column("quote_id", required=True, ref="quote"),
        Column("revision", ColumnKind.integer, required=True),
        Column("sku", required=True),
        Column("quantity", ColumnKind.number, required=True),
        Column("list_price", ColumnKind.money, required=True),
        Column("net_price", ColumnKind.money, required=True),
        Column("unit_cost", ColumnKind.money),
    ),
)
