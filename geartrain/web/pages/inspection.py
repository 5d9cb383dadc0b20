"""Inspection: open deals that need a look, each with the rules that fired; how old the pipeline is."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse

from geartrain.intelligence.pipeline.inspection import rules
from geartrain.services.access import Permission
from geartrain.services.forecasting.pipeline_health import get_ageing
from geartrain.services.forecasting.pipeline_inspection import inspect_pipeline
from geartrain.services.view import parse_day
from geartrain.web.cards import Kpi
from geartrain.web.charts import Picture, ranked
from geartrain.web.numbers import show
from geartrain.web.parts import part_page
from geartrain.web.records import record_url
from geartrain.web.registry import Group, Page
from geartrain.web.tables import Col, make_table


def inspection(request: Any) -> HttpResponse:
    """The list, of one rule where the address names it."""
    rule = request.GET.get("rule") or None
    day = parse_day(request.GET["as_of"]) if request.GET.get("as_of") else None
    found = inspect_pipeline(request.workspace, request.actor, as_of=day, rule=rule)
    whole = found.as_json()
    rows = [
        {**d, "name": d["name"] or d["opportunity_id"], "why": " ".join(r["why"] for r in d["rules"]),
         "count": len(d["rules"])}
        for d in whole["deals"]
    ]  # fmt: skip
    columns = (
        Col("name", "Deal", href=lambda r: record_url("opportunity", r["opportunity_id"])),
        Col("owner", "Owner"), Col("stage", "Stage"), Col("amount", "Amount", unit="money"),
        Col("close_date", "Expected close"), Col("count", "Rules", unit="count"), Col("why", "Why", wide=True),
    )  # fmt: skip
    deals = make_table(
        request, name="deals", columns=columns, rows=rows, size=25, caption="Deals to inspect",
        empty="No rule fired on any open deal.",
    )  # fmt: skip
    chips = [("All", _href(request, None), rule is None)]
    chips += [(f"{r['title']} ({r['deals']:,})", _href(request, r["rule"]), r["rule"] == rule) for r in whole["rules"]]
    unjudged = [
        f"{r['title']}: {r['not_judged']:,} deal{'s' * (r['not_judged'] != 1)} could not be judged."
        for r in whole["rules"]
        if r["not_judged"]
    ]
    return part_page(
        request,
        title="Deals to inspect",
        lead=f"Open deals at the end of {whole['as_of']}, by rules; every rule says why it fired.",
        crumb=("Pipeline", reverse("pipeline")),
        cards=_cards(whole),
        chips=chips,
        chips_label="Rules",
        pictures=_pictures(request, whole, day) if whole["open_deals"] else (),
        tables=[(f"{rules()[rule].title}: {rules()[rule].then}" if rule else "Deals to inspect",
                 "Those that most rules fired on come first.", deals)],
        notes=unjudged,
        empty=None if whole["open_deals"] else ("Nothing is open", "There are no open deals that you may see."),
    )  # fmt: skip


def _cards(whole: dict[str, Any]) -> list[Kpi]:
    listed = whole["listed"]
    share = listed / whole["open_deals"] if whole["open_deals"] else None
    return [
        Kpi("Open deals", whole["open_deals"], "count"),
        Kpi("Need a look", listed, "count", note=show(share, "ratio").text + " of them" if share is not None else ""),
        Kpi("Their amount", whole["amount"], "money"),
    ]


def _pictures(request: Any, whole: dict[str, Any], day: Any) -> list[tuple[Picture, str]]:
    currency = request.workspace.currency
    fired = [{"x": r["title"], "y": r["amount"]} for r in whole["rules"] if r["deals"]]
    by_rule = Picture(
        title="What the rules found", unit=f"{currency}, open amount; a deal may stand in several",
        draw=ranked, rows=fired, options={"unit": "money", "currency": currency},
        alt="; ".join(f"{r['x']}: {show(r['y'], 'money', currency=currency)}" for r in fired),
        table=make_table(request, columns=(Col("x", "Rule"), Col("y", "Amount", unit="money")), rows=fired),
    )  # fmt: skip
    ages = get_ageing(request.workspace, request.actor, as_of=day).whole["ages"]
    bands = [
        {"x": f"{a['from_days']}–{a['to_days']} days" if a["to_days"] else f"over {a['from_days'] - 1} days",
         "y": a["amount"]}
        for a in ages
    ]  # fmt: skip
    by_age = Picture(
        title="How old the open pipeline is", unit=f"{currency} by days since the deal was created",
        draw=ranked, rows=bands, options={"unit": "money", "currency": currency},
        alt="; ".join(f"{r['x']}: {show(r['y'], 'money', currency=currency)}" for r in bands),
        table=make_table(request, columns=(Col("x", "Age"), Col("y", "Amount", unit="money")), rows=bands),
    )  # fmt: skip
    return [(by_rule, "half"), (by_age, "half")]


def _href(request: Any, rule: str | None) -> str:
    asked = {k: v for k, v in (("as_of", request.GET.get("as_of")), ("rule", rule)) if v}
    return f"{reverse('inspection')}{'?' + urlencode(asked) if asked else ''}"


PAGE = Page(
    key="inspection",
    title="Deals to inspect",
    from_facts=True,
    path="inspection/",
    view=inspection,
    group=Group.forecast,
    icon="search",
    permission=Permission.view_records,
    order=24,
)
