"""The model card: data, method, how it did against every baseline, and what it may not learn from."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from geartrain.intelligence.forecast.leakage import TRACKED
from geartrain.services.access import Permission
from geartrain.services.forecasting.forecast_accuracy import get_accuracy
from geartrain.services.forecasting.forecast_board import warm_days
from geartrain.services.forecasting.forecast_range import kept_ranges
from geartrain.web.cards import Kpi
from geartrain.web.charts import Picture, ranked
from geartrain.web.numbers import show
from geartrain.web.parts import part_page
from geartrain.web.registry import Group, Page
from geartrain.web.tables import Col, make_table

FOLLOWED = f"Followed through time, so that a day sees its own: {', '.join(sorted(TRACKED))}."
LEAKS = (
    "The closing value of a deal: as of an earlier day it is not known, and the product's list price stands in.",
    "Columns that are written when a deal closes: the loss reason, the closing day, whether it was won.",
    "A column copied from the stage, or from which the stage can be read.",
    "Today's attributes of an account: it is known only of deals that went on, so it gives the outcome away.",
    "A gap that only the outcome explains, such as an account that is missing on open deals alone.",
    "Anything recorded after the day: each day is forecast from what was known at its end.",
)


def model_card(request: Any) -> HttpResponse:
    """The latest run that is at hand."""
    days = warm_days(request.workspace)
    told: Any = None
    for period, day in days:
        found = kept_ranges(request.workspace, request.actor, period=period, days=[day]).get(day)
        if found is not None:
            told = found
            break
    common = {"title": "The model", "crumb": ("The call", reverse("the-call"))}
    if told is None or not told.document:
        title, why = (
            ("Being worked out", "It takes a minute after each load; this page shows it when it is at hand.")
            if request.actor.sees_everyone
            else ("Not to be shown here", "It is of the whole company, and shown to those who see everyone.")
        )
        return part_page(request, lead="How the forecast is made.", empty=(title, why),
                         lists=[("What it never learns from", LEAKS)], **common)  # fmt: skip
    document = told.document
    return part_page(
        request,
        lead=f"The forecast of {document['period']} as known at the end of {document['as_of']}.",
        cards=_cards(document),
        pictures=_pictures(request, document),
        tables=[
            ("Against every baseline", _tested(document), _baselines(request, document)),
            ("The ladder", "A rung is used where it beats those below on past origins of this company.",
             _ladder(request, document)),
        ],
        lists=[
            ("How it works", _method(document)),
            ("What it learns from", _data(document)),
            ("What it never learns from", [*LEAKS, FOLLOWED]),
        ],
        **common,
    )  # fmt: skip


def _cards(document: Any) -> list[Kpi]:
    total = document["total"]
    low, high = (show(_number(total[k]), "money", currency=document["currency"]).text for k in ("p10", "p90"))
    test = document["backtest"]
    return [
        Kpi("Mean", _number(total["mean"]), "money", note=f"80 %: {low} to {high}"),
        Kpi("Won so far", _number(document["closed"]), "money"),
        Kpi("From open deals", _number(document["open"]["mean"]), "money", note=f"{document['open']['deals']:,} deals"),
        Kpi("From deals not created yet", _number(document["uncreated"]["mean"]), "money"),
        Kpi("Tested on", test["origins"], "count", note=f"origins in {test['periods']} past periods"),
    ]


def _pictures(request: Any, document: Any) -> list[tuple[Picture, str]]:
    rows = [
        {"x": name.replace("_", " "), "y": _number(m["wape"])}
        for name, m in document["backtest"].get("methods", {}).items()
        if m.get("wape") is not None
    ]
    rows.sort(key=lambda r: r["y"])
    if not rows:
        return []
    alt = "; ".join(f"{r['x']}: {show(r['y'], 'ratio')}" for r in rows)
    return [(Picture(
        title="How far off each method was", unit="WAPE over past periods at the same lead; shorter is better",
        draw=ranked, rows=rows, options={"unit": "ratio"}, alt=alt,
        table=make_table(request, columns=(Col("x", "Method"), Col("y", "WAPE", unit="ratio")), rows=rows),
    ), "half")]  # fmt: skip


def _baselines(request: Any, document: Any) -> Any:
    rows = [
        {
            "method": name.replace("_", " "),
            **{k: _number(m.get(k)) for k in ("n", "wape", "bias", "pinball", "coverage_80")},
        }
        for name, m in document["backtest"].get("methods", {}).items()
    ]
    if (people := _people(request, document)) is not None:
        rows.append(people)
    columns = (
        Col("method", "Method"), Col("n", "n", unit="count"), Col("wape", "WAPE", unit="ratio"),
        Col("bias", "Bias", unit="ratio"), Col("pinball", "Pinball loss", unit="money"),
        Col("coverage_80", "Within its 80 %", unit="ratio"),
    )  # fmt: skip
    return make_table(request, name="baselines", columns=columns, rows=rows, caption="Against every baseline",
                      empty="There is no past period to test it on.")  # fmt: skip


def _people(request: Any, document: Any) -> dict[str, Any] | None:
    """What people said so many weeks before the end of past periods, at the highest level: the baseline to beat."""
    period = request.workspace.calendar.parse(document["period"])
    weeks = max(0, (period.end - date.fromisoformat(document["as_of"])).days // 7)
    found = get_accuracy(request.workspace, request.actor)
    row = next((w for w in found.by("weeks_to_end") if w["weeks_to_end"] == weeks), None)
    return row and {"method": "the humans' call", "n": row["calls"], "wape": row["wape"], "bias": row["bias"]}


def _ladder(request: Any, document: Any) -> Any:
    rows = [
        {"rung": str(g["rung"]).replace("_", " "), "n": g.get("n"), "wape": _number(g.get("wape")),
         "below": _number(g.get("wape_below")), "used": "used" if g.get("used") else "not better"}
        for g in document["method"].get("gate", [])
    ]  # fmt: skip
    columns = (
        Col("rung", "Rung", sortable=False), Col("n", "n", unit="count", sortable=False),
        Col("wape", "WAPE", unit="ratio", sortable=False), Col("below", "Best below it", unit="ratio", sortable=False),
        Col("used", "", badge={"used": "good", "not better": ""}, sortable=False),
    )  # fmt: skip
    return make_table(request, name="ladder", columns=columns, rows=rows, caption="The ladder",
                      empty="There is too little history to rank methods.")  # fmt: skip


def _tested(document: Any) -> str:
    test = document["backtest"]
    parts = [
        f"{k.capitalize() if k == 'brier' else k.upper()} {_number(test[k]):.3f}"
        for k in ("brier", "auc")
        if test.get(k) is not None
    ]
    deals = f" Deals: {', '.join(parts)} of {test['deals_scored']:,}." if parts else ""
    worse = test.get("not_better_than") or []
    return f"As known on each day.{deals}" + (f" Not better than {', '.join(worse)} here." if worse else "")


def _method(document: Any) -> list[str]:
    method = document["method"]
    shown = [
        f"Chosen: {str(method['rung']).replace('_', ' ')}; each deal by {str(method['deals_by']).replace('_', ' ')}.",
        str(method["why"]),
    ]
    shown.append(
        "Already won, plus open deals, plus deals not created yet, drawn from the same weeks of earlier periods."
    )
    shown.append("A common shock of the period, and widening by how far past origins at the same lead were off.")
    return [s for s in shown if s]


def _data(document: Any) -> list[str]:
    manifest = document["manifest"]
    return [
        f"{manifest['deals_in_history']:,} deals with every state they were in, up to {manifest['trained_until']}.",
        f"Facts {str(manifest['facts'])[:12]}, engine {manifest['engine']}, outputs {str(manifest['outputs'])[:12]}: "
        "equal inputs give equal outputs.",
        f"{document['method']['past_periods']} past periods are known.",
    ]


def _number(value: Any) -> Any:
    if value is None or isinstance(value, int):
        return value
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


PAGE = Page(
    key="model-card",
    title="The model",
    path="model/",
    view=model_card,
    group=Group.hidden,
    icon="info",
    permission=Permission.view_metrics,
    order=27,
)
