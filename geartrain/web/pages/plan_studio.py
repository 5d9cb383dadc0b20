"""Plan studio: YAML and payout curve beside each other, checked while it is written; its cost on the past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from geartrain.incentives.curves import Drawn
from geartrain.incentives.exact import plain, share
from geartrain.kernel.errors import NotFound
from geartrain.kernel.policy.template import template
from geartrain.services.access import Permission
from geartrain.services.pay import studio as use
from geartrain.services.pay.plans import KIND
from geartrain.services.pay.runs import names_of
from geartrain.services.policies import known_kind
from geartrain.web.charts import PALETTE, Picture
from geartrain.web.numbers import SYMBOLS, show
from geartrain.web.registry import Group, Page, Route
from geartrain.web.tables import Col, Table, make_table
from geartrain.web.tasks import Task, get_task, start_task

NEW = "new-plan"


def studio(request: Any) -> HttpResponse:
    """The text, and beside it what it says."""
    ws, actor = request.workspace, request.actor
    plans = use.list_plans(ws, actor)
    key = request.GET.get("plan", "")[:100] or (plans[0][0] if plans else NEW)
    try:
        text, replaces = use.plan_text(ws, actor, key=key)
    except NotFound:
        if key != NEW:
            raise
        text, replaces = template(known_kind(KIND), NEW), ""
    context = {"plans": plans, "key": key, "text": text, "replaces": replaces, **_drafted(request, text)}
    return render(request, "pages/plan_studio.html", context)


def check(request: Any) -> HttpResponse:
    """What a text says, while somebody writes."""
    return render(request, "components/plan_check.html", _drafted(request, _text(request)))


def study(request: Any) -> HttpResponse:
    """Pay the past with it, as a task."""
    ws, actor, text = request.workspace, request.actor, _text(request)
    on = request.POST.get("on", "").strip()[:20]

    def work(task: Task) -> use.Studied:
        task.report("Paying the past with it")
        return use.study_plan(ws, actor, text=text, on=on)

    task = start_task(actor, "What it would have cost", work, page="plan-study", key=request.POST.get("key", ""))
    return HttpResponseRedirect(task.url)


def task_page(request: Any, task_id: str) -> HttpResponse:
    """How far it is; then the difference in money and the cost at other attainments."""
    task = get_task(request.actor, task_id)
    context: dict[str, Any] = {"task": task}
    if isinstance(found := task.result, use.Studied):
        context |= {"found": found, "table": _people(request, found), "levels": _levels(request, found)}
    return render(request, "pages/plan_study.html", context)


def _drafted(request: Any, text: str) -> dict[str, Any]:
    found = use.draft_plan(request.workspace, request.actor, text=text)
    before = {d.component: d for d in found.curves_before}
    currency = found.rendering.comp_plan.currency if found.rendering else request.workspace.currency
    charts = [_curve(d, before.get(d.component), currency) for d in found.curves]
    return {"found": found, "issues": found.issues, "charts": charts}


def _curve(mine: Drawn, before: Drawn | None, currency: str) -> Picture:
    """Pay over attainment or over what is credited; what is in force now beside it where it differs."""
    differs = before is not None and before.points != mine.points and before.over == mine.over
    series = [("Draft", mine), ("In force", before)] if differs else [("Pay", mine)]
    rows = [
        {"x": float(x), "y": float(pay), "series": name} for name, d in series if d is not None for x, pay in d.points
    ]
    over = "attainment, in % of quota" if mine.over == "attainment" else f"what is credited, {currency}"
    for_ = f", for a target of {mine.notional:,f}: each person's own counts" if mine.notional else ""
    said = [
        f"{x:,.0f}: {show(pay, 'money', currency=currency).text}" for x, pay in mine.points[:: len(mine.points) // 4]
    ]
    return Picture(
        title=f"What {mine.component.replace('_', ' ')} pays",
        unit=f"{currency} over {over}{for_}",
        draw=payout,
        rows=rows,
        options={"currency": currency, "percent": mine.over == "attainment"},
        alt=f"Pay at {', '.join(said)}.",
    )


def payout(rows: Sequence[Mapping[str, Any]], *, width: int, currency: str, percent: bool) -> dict[str, Any]:
    """Vega-Lite of a payout curve: both axes are numbers, so that a kink stands where it is."""
    symbol = SYMBOLS.get(currency, f"{currency} ")
    names = list(dict.fromkeys(r["series"] for r in rows))
    money = {"labelExpr": f"'{symbol}' + format(datum.value, '~s')", "tickCount": 5, "grid": True, "title": None}
    x_axis = {
        "labelExpr": "datum.value + ' %'" if percent else money["labelExpr"],
        "tickCount": 5,
        "grid": False,
        "title": None,
    }
    colour: dict[str, Any] = {"value": PALETTE[0]}
    if len(names) > 1:
        scale = {"domain": names, "range": list(PALETTE[: len(names)])}
        colour = {"field": "series", "type": "nominal", "scale": scale, "legend": {"title": None, "orient": "top"}}
    encoding = {
        "x": {"field": "x", "type": "quantitative", "axis": x_axis},
        "y": {"field": "y", "type": "quantitative", "axis": money},
        "color": colour,
    }
    line = {"mark": {"type": "line", "strokeWidth": 2}, "encoding": encoding}
    return {"height": 220, "data": {"values": list(rows)}, "layer": [line]}


def _people(request: Any, found: use.Studied) -> Table | None:
    if found.compared is None:
        return None
    names = names_of(request.workspace, [r.payee for r in found.compared.rows])
    rows = [{"who": names[r.payee], "old": r.old, "new": r.new, "change": r.change} for r in found.compared.rows]
    columns = (
        Col("who", "Who"),
        Col("old", "In force", unit="money"),
        Col("new", "Draft", unit="money"),
        Col("change", "Difference", unit="money"),
    )
    return make_table(request, name="people", columns=columns, rows=rows, caption="Difference in money", export=False,
                      sort="-change", currency=found.currency, empty="Nobody is eligible for either.")  # fmt: skip


def _levels(request: Any, found: use.Studied) -> Table:
    rows = [
        {"attainment": Decimal(share(s.attainment)), "credited": Decimal(plain(s.credited, 2)),
         "quota": Decimal(plain(s.quota, 2)), "cost": s.cost,
         "rate": s.cost / Decimal(plain(s.credited, 2)) if s.credited else None}
        for s in found.simulated
    ]  # fmt: skip
    columns = (
        Col("attainment", "Company attainment", unit="ratio"),
        Col("credited", "Credited", unit="money", compact=True),
        Col("quota", "Quota", unit="money", compact=True),
        Col("cost", "Cost", unit="money"),
        Col("rate", "Of credited", unit="ratio"),
    )
    return make_table(request, name="levels", columns=columns, rows=rows, caption="Simulated cost", export=False,
                      currency=found.currency, empty=found.why or "Nothing to scale.")  # fmt: skip


def _text(request: Any) -> str:
    """The text of the form with the line ends of a file; browsers send those of mail."""
    return str(request.POST.get("text", "")).replace("\r\n", "\n")


EDIT = Permission.edit_policies
PAGE = Page(
    key="plan-studio",
    title="Plan studio",
    path="pay/studio/",
    view=studio,
    group=Group.pay,
    icon="policy",
    permission=EDIT,
    order=82,
    routes=(
        Route("pay/studio/check/", check, "check-plan", methods=("POST",)),
        Route("pay/studio/study/", study, "study-plan", methods=("POST",)),
        Route("pay/studio/tasks/<str:task_id>/", task_page, "plan-study"),
    ),
)
