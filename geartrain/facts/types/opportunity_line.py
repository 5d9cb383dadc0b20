"""What a deal consists of."""

from geartrain.kernel.records import Column, ColumnKind, RecordType

RECORD = RecordType(
    name="opportunity_line",
    grain="one row per product line of an opportunity",
    key=("line_id",),
    doc="What a deal consists of.",
    columns=(
        Column("line_id", required=True),
        Column("opportunity_id", required=True, ref="opportunity"),
        Column("product_id", required=True, ref="product"),
        Column("quantity", ColumnKind.number, required=True),
        Column("unit_price", ColumnKind.money, required=True),
        Column("discount", ColumnKind.number, low=0, high=1, doc="0 to 1 of the list price"),
        Column("amount", ColumnKind.money, required=True),
    ),
)
