"""Calls, meetings, mails, web visits and campaign responses."""

from geartrain.kernel.records import Column, ColumnKind, RecordType

RECORD = RecordType(
    name="touch",
    grain="one row per contact between us and a buyer",
    key=("touch_id",),
    owner="user_id",
    happened="occurred_at",
    doc="Calls, meetings, mails, web visits and campaign responses.",
    columns=(
        Column("touch_id", required=True),
        Column("occurred_at", ColumnKind.instant, required=True),
        Column("kind", required=True, choices=("campaign response", "web", "email", "call", "meeting", "event")),
        Column("function", required=True, choices=("marketing", "sales")),
        Column("lead_id", ref="lead"),
        Column("account_id", ref="account"),
        Column("opportunity_id", ref="opportunity"),
        Column("user_id", ref="user"),
        Column("campaign_id", ref="campaign"),
        Column("duration_minutes", ColumnKind.number, low=0, doc="minutes"),
        Column("inbound", ColumnKind.flag, doc="the buyer acted"),
    ),
)
