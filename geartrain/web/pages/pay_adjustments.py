"""Adjustments of pay by hand: asked for, approved by somebody else within their limit, or refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from geartrain.kernel.errors import GeartrainError, Invalid
from geartrain.services.access import Permission
from geartrain.services.pay import adjusting as use
from geartrain.services.pay.runs import known_periods, names_of
from geartrain.web.exports import exported
from geartrain.web.registry import Group, Page, Route
from geartrain.web.tables import Col, make_table

STATES = {"requested": "warn", "approved": "good", "refused": "bad"}


def adjustments(request: Any) -> HttpResponse:
    """Every adjustment, those that wait on top, and a form for a new one."""
    ws, actor = request.workspace, request.actor
    found = use.list_adjustments(ws, actor)
    names = names_of(ws, {a["payee"] for a in found})
    rows = [
        {**a, "what": f"Adjustment {a['id']}", "who": names[a["payee"]], "amount": Decimal(a["amount"])} for a in found
    ]
    columns = (
        Col("what", "Adjustment"),
        Col("state", "Stands", badge=STATES),
        Col("who", "Payee"),
        Col("period", "Period"),
        Col("kind", "Type"),
        Col("amount", "Amount", unit="money"),
        Col("budget", "Budget"),
        Col("asked_by", "Asked by"),
        Col("decided_by", "Decided by"),
        Col("reason", "Why", wide=True),
    )
    table = make_table(request, name="adjustments", columns=columns, rows=rows, caption="Adjustments",
                       empty="Nothing has been adjusted by hand.")  # fmt: skip
    if (file := exported(request, table)) is not None:
        return file
    waiting = [
        a | {"who": names[a["payee"]], "own": a["asked_by"] == actor.login} for a in found if a["state"] == "requested"
    ]
    context = {
        "table": table,
        "waiting": waiting,
        "kinds": use.KINDS,
        "periods": known_periods(ws, actor),
        "limit": use.limit_of(ws, actor),
        "asks": actor.may(Permission.run_pay),
        "approves": actor.may(Permission.approve_pay),
        "given": request.GET,
    }
    return render(request, "pages/pay_adjustments.html", context)


def ask(request: Any) -> HttpResponse:
    """Ask for one."""
    given = request.POST
    what = {n: given.get(n, "") for n in ("payee", "period", "kind", "budget", "reason")}
    try:
        try:
            amount = Decimal(given.get("amount", "").replace(",", "").strip())
        except ArithmeticError:
            raise Invalid("An adjustment has an amount.", hint="Write it as 120.00.") from None
        use.request_adjustment(request.workspace, request.actor, amount=amount, **what)
        messages.success(request, "It waits for somebody else's approval.")
    except GeartrainError as error:
        messages.error(request, f"{error.message} {error.hint}")
    return HttpResponseRedirect(reverse("pay-adjustments"))


def settle(request: Any, adjustment: int) -> HttpResponse:
    """Approve or refuse one."""
    deed = use.approve_adjustment if request.POST.get("do") == "approve" else use.refuse_adjustment
    try:
        made = deed(request.workspace, request.actor, id=adjustment, note=request.POST.get("note", ""))
        messages.success(request, f"Adjustment {adjustment} is {made['state']}.")
    except GeartrainError as error:
        messages.error(request, f"{error.message} {error.hint}")
    return HttpResponseRedirect(reverse("pay-adjustments"))


PAGE = Page(
    key="pay-adjustments",
    title="Pay adjustments",
    path="pay/adjustments/",
    view=adjustments,
    permission=Permission.view_adjustments,
    group=Group.hidden,
    routes=(
        Route("pay/adjustments/ask/", ask, "ask-pay-adjustment", permission=Permission.run_pay, methods=("POST",)),
        Route("pay/adjustments/<int:adjustment>/", settle, "settle-pay-adjustment", permission=Permission.approve_pay,
              methods=("POST",)),
    ),
)  # fmt: skip
