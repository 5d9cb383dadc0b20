"""People: sellers, managers and everybody who owns a record."""

from geartrain.kernel.records import Column, ColumnKind, RecordType

RECORD = RecordType(
    name="user",
    grain="one row per person, seller or not",
    key=("user_id",),
    owner="user_id",
    doc="People: sellers, managers and everybody who owns a record.",
    columns=(
        Column("user_id", required=True),
        Column("name", required=True),
        Column("email"),
        Column("title"),
        Column("role", doc="role charter key"),
        Column("manager_id", ref="user"),
        Column("team"),
        Column("region"),
        Column("segment"),
        Column("time_zone"),
        Column("is_active", ColumnKind.flag, required=True),
        Column("start_date", ColumnKind.day),
        Column("end_date", ColumnKind.day),
        Column("fte", ColumnKind.number, default="1.0", low=0, doc="full-time share, 1 = full time"),
        Column("base_salary", ColumnKind.money, doc="a year, workspace currency"),
        Column("target_incentive", ColumnKind.money, doc="a year at 100 % attainment"),
    ),
)
