"""The estimator: what one would be paid if these deals closed; and the statement on paper."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render

from geartrain.kernel.errors import Invalid, NotFound
from geartrain.services.access import Permission
from geartrain.services.pay.estimating import estimate_pay, open_deals
from geartrain.services.pay.runs import names_of
from geartrain.web.cards import Kpi
from geartrain.web.paper import statement_file
from geartrain.web.registry import Group, Page, Route
from geartrain.web.tables import Col, make_table

LINES = (
    Col("date", "Date"), Col("deal", "Deal"), Col("component", "Component"), Col("credit", "Credited", unit="money"),
    Col("amount", "Pays", unit="money"), Col("says", "How", wide=True),
)  # fmt: skip
ROWS = 4


def estimate(request: Any) -> HttpResponse:
    """Choose open deals or write new ones; the answer stands beneath."""
    ws, actor, asked = request.workspace, request.actor, request.GET
    payee = asked.get("payee") or actor.user_id or ""
    rows = [
        {"n": n, **{c: asked.get(f"{c}{n}", "").strip()[:200] for c in ("deal", "amount", "close")}}
        for n in range(1, ROWS + 1)
    ]
    context: dict[str, Any] = {"payee": payee, "rows": rows, "own": payee == actor.user_id}
    if not payee:
        return render(request, "pages/pay_estimate.html", context)
    context |= {"deals": open_deals(ws, actor, payee=payee), "name": names_of(ws, [payee])[payee]}
    wanted = [{k: r[k].replace(",", "") if k == "amount" else r[k] for k in ("deal", "amount", "close")}
              for r in rows if r["deal"] or r["amount"]]  # fmt: skip
    if wanted:
        try:
            found = estimate_pay(ws, actor, payee=payee, deals=wanted)
            context |= {"found": found, "cards": _cards(found), "table": _table(request, found)}
        except (Invalid, NotFound) as error:
            messages.error(request, f"{error.message} {error.hint}")
    return render(request, "pages/pay_estimate.html", context)


def _cards(found: dict[str, Any]) -> list[Kpi]:
    return [
        Kpi("It would pay", Decimal(found["paid"]), "money", compact=False, note=found["period"]),
        Kpi("As it stands now", Decimal(found["paid_now"]), "money", compact=False),
        Kpi("These deals bring", Decimal(found["difference"]), "money", compact=False),
    ]


def _table(request: Any, found: dict[str, Any]) -> Any:
    rows = [
        {**x, "credit": Decimal(str(x["credit"])), "amount": Decimal(x["amount"]), "date": str(x["date"]),
         "component": x["component"].replace("_", " ")}
        for x in found["lines"]
    ]  # fmt: skip
    return make_table(request, name="estimate", columns=LINES, rows=rows, caption="What these deals pay", export=False,
                      empty="No component of the plan counts these deals.")  # fmt: skip


def paper(request: Any) -> HttpResponse:
    """The statement as PDF, to whoever may see it."""
    return statement_file(request, request.GET.get("payee", ""), request.GET.get("period", ""))


PAGE = Page(
    key="pay-estimate",
    title="Estimate",
    path="pay/estimate/",
    view=estimate,
    group=Group.hidden,
    permission=Permission.view_metrics,
    routes=(Route("pay/pdf/", paper, "pay-pdf"),),
)
