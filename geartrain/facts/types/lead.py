"""People and companies that showed interest, on their way to an opportunity."""

from geartrain.kernel.records import Column, ColumnKind, RecordType

RECORD = RecordType(
    name="lead",
    grain="one row per lead",
    key=("lead_id",),
    owner="owner_id",
    happened="created_at",
    doc="People and companies that showed interest, on their way to an opportunity.",
    columns=(
        Column("lead_id", required=True),
        Column("email"),
        Column("company"),
        Column("country"),
        Column("region"),
        Column("source"),
        Column("source_function", choices=("marketing", "sales", "partner", "customer_success")),
        Column("campaign_id", ref="campaign"),
        Column("created_at", ColumnKind.instant, required=True),
        Column("mql_at", ColumnKind.instant),
        Column("sal_at", ColumnKind.instant),
        Column("sql_at", ColumnKind.instant),
        Column("rejected_at", ColumnKind.instant),
        Column("reject_reason"),
        Column("recycled_at", ColumnKind.instant),
        Column("converted_at", ColumnKind.instant),
        Column("account_id", ref="account"),
        Column("opportunity_id", ref="opportunity"),
        Column("owner_id", ref="user"),
        Column("assigned_at", ColumnKind.instant),
        Column("first_touch_at", ColumnKind.instant),
    ),
)
