"""Deals, open and closed, as they stand."""

from geartrain.kernel.records import Column, ColumnKind, RecordType

RECORD = RecordType(
    name="opportunity",
    grain="one row per opportunity",
    key=("opportunity_id",),
    owner="owner_id",
    happened="created_at",
    doc="Deals, open and closed, as they stand.",
    columns=(
        Column("opportunity_id", required=True),
        Column("name"),
        Column("account_id", ref="account"),
        Column("owner_id", ref="user"),
        Column("type", choices=("new", "expansion", "renewal")),
        Column("product_id", ref="product"),
        Column("stage", required=True),
        Column("forecast_category"),
        Column("amount", ColumnKind.money, doc="in the row's currency, workspace currency where that is empty"),
        Column("currency"),
        Column("created_at", ColumnKind.instant, required=True),
        Column("close_date", ColumnKind.day, doc="expected, then actual closing day"),
        Column("closed_at", ColumnKind.instant, doc="instant it was won or lost"),
        Column("is_closed", ColumnKind.flag, required=True),
        Column("is_won", ColumnKind.flag, required=True),
        Column("lead_source"),
        Column("source_function", choices=("marketing", "sales", "partner", "customer_success")),
        Column("campaign_id", ref="campaign"),
        Column("next_step"),
        Column("loss_reason"),
    ),
)
