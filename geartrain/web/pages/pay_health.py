"""Comp health: what pay costs, whom it pays for what, how well it is run; each measure with who is behind it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from geartrain.incentives.health.liabilities import by_age
from geartrain.incentives.health.values import Band, Measure, told
from geartrain.kernel.errors import Invalid, NotFound
from geartrain.services.access import Permission
from geartrain.services.pay.health import Health, default_period, get_health
from geartrain.services.view import last_day
from geartrain.web.cards import Kpi
from geartrain.web.charts import Picture, lines
from geartrain.web.exports import exported
from geartrain.web.numbers import show
from geartrain.web.registry import Group, Page
from geartrain.web.tables import Col, Table, make_table

CARDS = ("compensation_cost_of_sales", "quota_to_ote", "at_quota", "attainment_gap", "pay_follows_performance",
         "accuracy")  # fmt: skip
MOODS = {"inside": "good", "below": "warn", "above": "warn", "unknown": "info", "unbanded": "info"}
WORDS = {"inside": "in its band", "below": "below its band", "above": "above its band", "unknown": "unknown",
         "unbanded": "no norm"}  # fmt: skip
KINDS = {
    "draw": "Draws owed",
    "holdback": "Held back",
    "carried_cap": "Carried over caps",
    "asset": "Unamortised asset",
}
ORDER = {"above": 0, "below": 0, "inside": 1, "unbanded": 2, "unknown": 3}


def health(request: Any) -> HttpResponse:
    """The scorecard of a period."""
    ws, actor = request.workspace, request.actor
    last = last_day(ws, actor)
    period = request.GET.get("period") or default_period(ws.calendar, last)
    context: dict[str, Any] = {"period": period, "periods": _periods(request, last)}
    try:
        found = get_health(ws, actor, period=period)
    except (NotFound, Invalid) as error:
        if request.GET.get("period"):
            raise
        return render(request, "pages/pay_health.html", context | {"missing": error})
    tables = {"measures": _measures(request, found), "held": _held(request, found), "ages": _ages(request, found)}
    for table in tables.values():
        if request.GET.get("table") in (None, table.name) and (file := exported(request, table)) is not None:
            return file
    rows = [_detail(m, found) for m in sorted(found.measures, key=lambda m: ORDER[m.standing])]
    context |= {"found": found, "cards": _cards(found), "details": rows, "chart": _chart(found), **tables}
    return render(request, "pages/pay_health.html", context)


def _periods(request: Any, last: Any) -> list[str]:
    from geartrain.kernel.periods import Grain

    calendar = request.workspace.calendar
    start = calendar.year(calendar.year_of(last) - 1).start
    spans = [s for g in (Grain.year, Grain.quarter, Grain.month) for s in calendar.between(start, last, g)]
    return [s.key for s in sorted(spans, key=lambda s: (s.end, s.start), reverse=True)]


def _cards(found: Health) -> list[Kpi]:
    by = {m.key: m for m in found.measures}
    cards = []
    for m in (by[k] for k in CARDS):
        trust = {"good": "good", "warn": "warn"}.get(MOODS[m.standing], "")
        note = f"band {band_words(m.band, m.unit)}" if m.band else ""
        unit = "ratio" if m.unit == "ratio" else ""
        cards.append(Kpi(m.name, told(m.value, m.unit), unit, why=m.why, note=note, trust=trust,
                         trust_note=WORDS[m.standing]))  # fmt: skip
    return cards


def band_words(band: Band | None, unit: str) -> str:
    """A band for people: 4 to 6, at least 98 %."""
    if band is None:
        return ""
    low, high = (None if v is None else value_words(v, unit) for v in (band.low, band.high))
    return f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}"


def value_words(value: Fraction | None, unit: str, currency: str = "") -> str:
    """A value for people, with its unit."""
    if unit in ("ratio", "money"):
        return show(told(value, unit), unit, currency=currency or "USD").text
    text = show(told(value, unit), unit if unit in ("days", "hours") else "").text
    return f"{text} ×" if unit == "times" and value is not None else text


def _measures(request: Any, found: Health) -> Table:
    rows = [
        {"name": m.name, "value": value_words(m.value, m.unit, found.currency), "band": band_words(m.band, m.unit),
         "standing": WORDS[m.standing], "source": m.source, "norm": m.band.source if m.band else "", "why": m.why}
        for m in found.measures
    ]  # fmt: skip
    columns = (
        Col("name", "Measure"),
        Col("value", "Value", sortable=False),
        Col("band", "Band", sortable=False),
        Col("standing", "Stands", badge={v: MOODS[k] for k, v in WORDS.items()}),
        Col("source", "Read from", wide=True),
    )
    return make_table(request, name="measures", columns=columns, rows=rows, caption="Measures")


def _detail(m: Measure, found: Health) -> dict[str, Any]:
    """A measure with who is behind it, names written out."""
    behind = [
        {"who": found.names.get(b["who"], b["who"]), "value": value_words(Fraction(b["value"]), m.unit, found.currency)}
        for b in m.behind
    ]
    return {"m": m, "value": value_words(m.value, m.unit, found.currency), "band": band_words(m.band, m.unit),
            "badge": MOODS[m.standing], "stands": WORDS[m.standing], "behind": behind}  # fmt: skip


def _held(request: Any, found: Health) -> Table:
    rows = [
        {"kind": KINDS[h.kind], "who": found.names.get(h.payee, h.payee), "plan": h.comp_plan, "amount": h.amount,
         "since": h.since, "days": h.age(found.period.end), "left": "has left" if h.left else None}
        for h in found.liabilities
    ]  # fmt: skip
    columns = (
        Col("who", "Who"), Col("left", "Left", badge={"has left": "warn"}), Col("kind", "What"), Col("plan", "Plan"),
        Col("amount", "Amount", unit="money"), Col("since", "Since"), Col("days", "Age", unit="days"),
    )  # fmt: skip
    return make_table(request, name="held", columns=columns, rows=rows, caption="Liabilities", size=15,
                      empty="Nothing is owed either way.")  # fmt: skip


def _ages(request: Any, found: Health) -> Table:
    held = by_age(found.liabilities, on=found.period.end)
    rows = [{k: KINDS[v] if k == "kind" else Decimal(v) for k, v in row.items()} for row in held]
    names = {"kind": "What", "leavers": "Of leavers", "total": "In all"}
    columns = tuple(
        Col(k, names.get(k, f"{k} days"), unit="" if k == "kind" else "money", compact=True)
        for k in (held[0] if held else ("kind",))
    )
    return make_table(request, name="ages", columns=columns, rows=rows, caption="Liabilities by age", export=False,
                      empty="Nothing is owed either way.")  # fmt: skip


def _chart(found: Health) -> Picture:
    rows = [
        {"x": f"{int(s.attainment * 100)} %", "y": told(getattr(s, p), "money"), "series": p.upper()}
        for p in ("p10", "p50", "p90")
        for s in found.simulated
    ]
    said = [show(told(s.p50, "money"), "money", currency=found.currency).text for s in found.simulated]
    levels = ", ".join(f"{int(s.attainment * 100)} %: {t}" for s, t in zip(found.simulated, said, strict=True))
    left = f"{len(found.not_simulated)} payees without credits in it are left out." if found.not_simulated else ""
    return Picture(
        title="What the period would cost",
        unit=f"{found.currency}, by company attainment, drawn 500 times from this period's attainments",
        draw=lines,
        rows=rows,
        options={"unit": "money", "currency": found.currency},
        alt=f"Median payout at {levels}" if levels else "Nobody has credits to scale.",
        note=left or "Nobody has credits to scale." if not rows else left,
    )


PAGE = Page(
    key="pay-health",
    title="Comp health",
    path="pay/health/",
    view=health,
    group=Group.pay,
    icon="quality",
    permission=Permission.view_pay,
    order=83,
)
