"""Where the hours of the team go."""

from geartrain.kernel.records import Column, ColumnKind, RecordType

RECORD = RecordType(
    name="time_entry",
    grain="one row per person, week and category",
    key=("user_id", "week", "category"),
    owner="user_id",
    happened="week",
    doc="Where the hours of the team go.",
    columns=(
        Column("user_id", required=True, ref="user"),
        Column("week", ColumnKind.day, required=True, doc="Monday of the week"),
        Column("category", required=True),
        Column("hours", ColumnKind.number, required=True, low=0, high=168, doc="hours in the week"),
    ),
)
