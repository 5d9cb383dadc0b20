"""Quotes and proposals with every revision."""

from geartrain.kernel.records import Column, ColumnKind, RecordType

RECORD = RecordType(
    name="quote",
    grain="one row per revision of a quote",
    key=("quote_id", "revision"),
    happened="created_at",
    doc="Quotes and proposals with every revision.",
    columns=(
        Column("quote_id", required=True),
        Column("opportunity_id", required=True, ref="opportunity"),
        Column("number", required=True),
        Column("revision", ColumnKind.integer, required=True),
        Column("status", required=True),
        Column("created_at", ColumnKind.instant, required=True),
        Column("sent_at", ColumnKind.instant),
        Column("accepted_at", ColumnKind.instant),
        Column("currency"),
        Column("payment_days", ColumnKind.integer),
        Column("term_months", ColumnKind.integer),
    ),
)
