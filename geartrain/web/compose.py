"""What several pages draw the same way: figures as cards, findings as rows, deals as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from geartrain.kernel.periods import FiscalCalendar
from geartrain.services.measures.figures import Figure
from geartrain.services.records.deals import Deals
from geartrain.services.view import View
from geartrain.web.cards import Kpi
from geartrain.web.charts import Picture, ranked
from geartrain.web.numbers import show
from geartrain.web.records import record_url
from geartrain.web.tables import Col, Table, make_table

SHORT_FLAGS = {
    "overdue": "overdue",
    "no_next_step": "no next step",
    "no_amount": "no amount",
    "no_close_date": "no close date",
    "no_account": "no account",
}

# How the movements of the waterfall are said, in the order they are shown.
MOVEMENTS = {
    "new": "New deals",
    "reopened": "Reopened",
    "up": "Amounts raised",
    "transferred_in": "Came from other owners",
    "pulled_in": "Pulled in",
    "won": "Won",
    "lost": "Lost",
    "down": "Amounts cut",
    "slipped_out": "Slipped out",
    "transferred_out": "Went to other owners",
    "removed": "Removed",
}


def cards(figures: Iterable[Figure], *, versus: str = "") -> list[Kpi]:
    """Figures as KPI cards; what the reader must know stands under the number."""
    return [card(f, versus=versus) for f in figures]


def card(figure: Figure, *, versus: str = "", title: str = "", note: str = "", progress: Any = None) -> Kpi:
    """One figure as a card."""
    said = note or _under(figure)
    # What a number is based on is no reason to doubt it.
    doubts = [n for n in figure.notes if not n.startswith("Basis: ")] if figure.value is not None else []
    points = figure.unit == "ratio"
    return Kpi(
        title=title or figure.name,
        value=figure.value,
        unit=figure.unit,
        why=figure.reason and f"Not defined: {figure.reason}.",
        change=figure.change * 100 if points and figure.change is not None else figure.change,
        change_unit="points" if points else "ratio",
        versus=versus,
        better=figure.direction,
        spark=[v for _, v in figure.trend],
        href=reverse("metric", args=[figure.key]),
        trust="warn" if doubts else "",
        trust_note=" ".join(doubts),
        note=said,
        progress=progress,
    )


def _under(figure: Figure) -> str:
    """How many records a number rests on, the interval where they are few, and how ripe it is."""
    detail = figure.detail
    if interval := detail.get("interval"):
        low, high = (f"{float(v):.0%}" for v in interval)
        return f"{low} to {high} likely, of {detail.get('denominator', detail.get('n'))}"
    if (maturity := detail.get("maturity")) is not None and maturity < 1:
        return f"{float(maturity):.0%} of them had their time"
    count = detail.get("denominator") if figure.unit == "ratio" else detail.get("n")
    return f"n = {count:,}" if isinstance(count, int) and count else ""


def deals_table(
    request: Any, deals: Deals, *, name: str, caption: str, empty: str, columns: Sequence[str] = (), size: int = 25
) -> Table:
    """Deals with their owners, each leading to its record."""
    every = {
        "name": Col("name", "Deal", href=deal_href),
        "account": Col("account", "Account"),
        "owner": Col("owner", "Owner"),
        "stage": Col("stage", "Stage"),
        "amount": Col("amount", "Amount", unit="money"),
        "close_date": Col("close_date", "Expected close"),
        "age_days": Col("age_days", "Age, days", unit="count"),
        "look": Col("look", "Needs a look", sortable=False),
    }
    rows = [
        {**r, "name": r["name"] or r["opportunity_id"], "look": ", ".join(SHORT_FLAGS[f] for f in r["flags"]) or None}
        for r in deals.rows
    ]
    chosen = [every[c] for c in columns or every]
    return make_table(request, name=name, columns=chosen, rows=rows, caption=caption, empty=empty, size=size)


def deal_href(row: Mapping[str, Any]) -> str:
    """Where a deal's record is."""
    return record_url("opportunity", row["opportunity_id"])


def versus(view: View, calendar: FiscalCalendar) -> str:
    """What a change is against: the period before, seen from as far into it."""
    return f"vs {period_label(calendar.previous(view.period, view.grain).key)}"


def href(page: str, view: Any, **more: Any) -> str:
    """A page with the same view, and more asked of it."""
    asked = {"period": view.period.key, **view.filters, **{k: v for k, v in more.items() if v}}
    return f"{reverse(page)}?{urlencode(asked)}"


def period_label(key: str) -> str:
    """A period's key as a chart writes it: 2026Q3 as Q3 26, 2026-07 as it is."""
    year, _, quarter = key.partition("Q")
    return f"Q{quarter} {year[2:]}" if quarter else key


def movements(request: Any, amounts: Mapping[str, Any], *, title: str, when: str, href: str = "") -> Picture:
    """What moved the open pipeline from its opening to its closing, one bar a movement."""
    currency = request.workspace.currency
    rows = [{"x": said, "y": amounts[k]} for k, said in MOVEMENTS.items() if amounts.get(k)]
    opening, closing = (show(amounts.get(k), "money", currency=currency) for k in ("opening", "closing"))
    return Picture(
        title=title,
        unit=f"{currency}, {when}: from {opening} to {closing}",
        draw=ranked,
        rows=rows,
        options={"unit": "money", "currency": currency},
        alt=f"The open pipeline went from {opening} to {closing}.",
        note="" if rows else "Nothing moved.",
        table=make_table(request, columns=(Col("x", "Movement"), Col("y", "Amount", unit="money")), rows=rows),
        href=href,
    )
