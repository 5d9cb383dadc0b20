"""Exchange rates."""

from geartrain.kernel.records import Column, ColumnKind, RecordType

RECORD = RecordType(
    name="fx_rate",
    grain="one row per day, pair of currencies and kind",
    key=("date", "from_currency", "to_currency", "kind"),
    happened="date",
    doc="Exchange rates.",
    columns=(
        Column("date", ColumnKind.day, required=True),
        Column("from_currency", required=True),
        Column("to_currency", required=True),
        Column("kind", required=True, choices=("plan", "month_end", "spot")),
        Column("rate", ColumnKind.number, required=True, low=0),
    ),
)
