"""Waterfall: what became of the open pipeline between two days, to the cent; each bar opens to its deals."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse

from geartrain.intelligence.pipeline.movement import BARS
from geartrain.kernel.periods import Grain
from geartrain.services.access import Permission
from geartrain.services.forecasting.pipeline_history import Waterfall, get_waterfall
from geartrain.services.view import last_day, parse_day
from geartrain.web.charts import Picture
from geartrain.web.numbers import money, show
from geartrain.web.parts import field, part_page
from geartrain.web.records import record_url
from geartrain.web.registry import Group, Page
from geartrain.web.spans import cascade
from geartrain.web.tables import Col, make_table

WORDS = {
    "opening": "Open at the start", "created": "New deals", "pulled_in": "Pulled in", "reopened": "Reopened",
    "increased": "Amounts raised", "decreased": "Amounts cut", "fx": "Exchange rates", "pushed_out": "Pushed out",
    "won": "Won", "lost": "Lost", "re_owned_in": "From other owners", "re_owned_out": "To other owners",
    "removed": "Removed", "closing": "Open at the end",
}  # fmt: skip
ZERO = Decimal(0)


def waterfall(request: Any) -> HttpResponse:
    """The bars, and the deals of one of them where the address names it."""
    asked = request.GET
    seen = last_day(request.workspace, request.actor)
    quarter = request.workspace.calendar.containing(seen, Grain.quarter)
    since = parse_day(asked["from"]) if asked.get("from") else quarter.start
    until = parse_day(asked["to"]) if asked.get("to") else min(quarter.end, seen + timedelta(days=1))
    due = request.workspace.calendar.parse(asked["due"]) if asked.get("due") else None
    bar = asked.get("bar") or None
    found = get_waterfall(request.workspace, request.actor, since=since, until=until, due=due, bar=bar)
    link = {"from": since, "to": until, **({"due": asked["due"]} if due else {})}
    tables = [("Every bar", _closes(found), _bars(request, found, link))]
    if bar:
        tables.insert(0, (f"The deals of “{WORDS[bar]}”", _adds_up(found, bar), _deals(request, found, bar)))
    empty = ("Nothing was open", "No deal that you may see was open in these days.") if _nothing(found) else None
    return part_page(
        request,
        title="Waterfall",
        lead=f"From the end of {since - timedelta(days=1)} to the end of {until - timedelta(days=1)}.",
        crumb=("Pipeline", reverse("pipeline")),
        fields=[
            field("First day", "from", since.isoformat(), type="date"),
            field("The day after the last", "to", until.isoformat(), type="date"),
            field("Only what is due in", "due", asked.get("due", "")),
        ],
        chips=[(f"{WORDS[b.bar]} ({b.deals:,})", _href(link, b.bar), b.bar == bar) for b in found.bars if b.deals],
        chips_label="Bars to open",
        pictures=[] if empty else [(_picture(request, found), "full")],
        tables=[] if empty else tables,
        empty=empty,
    )


def _picture(request: Any, found: Waterfall) -> Picture:
    currency, at, rows = found.currency, ZERO, []
    for bar in found.bars:
        total = bar.bar in ("opening", "closing")
        if not (total or bar.deals):
            continue
        start = ZERO if total else at
        at = bar.amount if total else at + bar.amount
        kind = "total" if total else "up" if bar.amount >= 0 else "down"
        rows.append({"x": WORDS[bar.bar], "from": start, "to": at, "y": bar.amount, "kind": kind})
    opening, closing = (show(found.amounts[k], "money", currency=currency).text for k in ("opening", "closing"))
    return Picture(
        title="What became of the open pipeline",
        unit=f"{currency}; green adds, red takes away",
        draw=cascade,
        rows=rows,
        options={"currency": currency},
        alt=f"The open pipeline went from {opening} to {closing}.",
        table=make_table(request, columns=(Col("x", "Bar"), Col("y", "Amount", unit="money")), rows=rows),
    )


def _bars(request: Any, found: Waterfall, link: dict[str, Any]) -> Any:
    rows = [{"bar": WORDS[b.bar], "key": b.bar, "amount": b.amount, "deals": b.deals, "unknown": b.unknown}
            for b in found.bars]  # fmt: skip
    columns = (
        Col("bar", "Bar", href=lambda r: _href(link, r["key"]), sortable=False),
        Col("amount", "Amount", unit="money", sortable=False), Col("deals", "Deals", unit="count", sortable=False),
        Col("unknown", "Amount not known", unit="count", sortable=False),
    )  # fmt: skip
    return make_table(request, name="bars", columns=columns, rows=rows, caption="Bars")


def _deals(request: Any, found: Waterfall, bar: str) -> Any:
    rows = next((b.rows for b in found.bars if b.bar == bar), None) or ()
    columns = (
        Col("opportunity_id", "Deal", href=lambda r: record_url("opportunity", r["opportunity_id"])),
        Col("owner_id", "Owner"), Col("stage", "Stage"), Col("amount", "Amount", unit="money"),
    )  # fmt: skip
    return make_table(
        request, name="deals", columns=columns, rows=list(rows), size=25, sort="", caption=f"Deals of {WORDS[bar]}",
        empty="No deal did this.",
    )  # fmt: skip


def _closes(found: Waterfall) -> str:
    left = "to the cent" if not found.difference else f"but for {money(found.difference, found.currency)}"
    return f"Opening and every bar add up to the closing {left}. Choose a bar to see its deals."


def _adds_up(found: Waterfall, bar: str) -> str:
    one = next(b for b in found.bars if b.bar == bar)
    if one.rows is None:
        return f"{one.deals:,} deals are more than can be listed here; the command line lists them."
    total = sum((r["amount"] or ZERO for r in one.rows), ZERO)
    return f"{one.deals:,} deals add up to {money(total, found.currency)}."


def _nothing(found: Waterfall) -> bool:
    return not any(b.deals for b in found.bars)


def _href(link: dict[str, date | str], bar: str) -> str:
    return f"{reverse('waterfall')}?{urlencode({**link, 'bar': bar})}#deals"


assert set(WORDS) == set(BARS)
PAGE = Page(
    key="waterfall",
    title="Waterfall",
    from_facts=True,
    path="waterfall/",
    view=waterfall,
    group=Group.forecast,
    icon="funnel",
    permission=Permission.view_records,
    order=23,
)
