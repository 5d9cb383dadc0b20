"""What is sold."""

from geartrain.kernel.records import Column, ColumnKind, RecordType

RECORD = RecordType(
    name="product",
    grain="one row per product",
    key=("product_id",),
    doc="What is sold.",
    columns=(
        Column("product_id", required=True),
        Column("name", required=True),
        Column("family"),
        Column("list_price", ColumnKind.money),
        Column("currency"),
    ),
)
