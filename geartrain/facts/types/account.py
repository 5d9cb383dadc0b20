"""Companies that buy, may buy or help to sell."""

from geartrain.kernel.records import Column, ColumnKind, RecordType

RECORD = RecordType(
    name="account",
    grain="one row per customer or prospect",
    key=("account_id",),
    owner="owner_id",
    doc="Companies that buy, may buy or help to sell.",
    columns=(
        Column("account_id", required=True),
        Column("name", required=True),
        Column("parent_account_id", ref="account"),
        Column("type", choices=("customer", "prospect", "partner")),
        Column("industry"),
        Column("segment"),
        Column("region"),
        Column("country"),
        Column("state"),
        Column("postal_code"),
        Column("latitude", ColumnKind.number, low=-90, high=90),
        Column("longitude", ColumnKind.number, low=-180, high=180),
        Column("employees", ColumnKind.integer, low=0),
        Column("annual_revenue", ColumnKind.money),
        Column("potential", ColumnKind.money, doc="what the account could spend in a year"),
        Column("owner_id", ref="user"),
        Column("language"),
        Column("named", ColumnKind.flag, doc="a named account"),
        Column("created_at", ColumnKind.instant),
        Column("first_won_at", ColumnKind.instant),
    ),
)
