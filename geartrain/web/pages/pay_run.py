"""Pay run: a period for everybody; calculated, approved by sales and finance, locked, adjusted."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from geartrain.kernel.errors import GeartrainError
from geartrain.services.access import Permission
from geartrain.services.pay.adjusting import list_adjustments
from geartrain.services.pay.disputes import OPEN, list_disputes
from geartrain.services.pay.ledger import approve_pay, lock_pay, locked_statements, replay_pay
from geartrain.services.pay.runs import Run, known_periods, preview_pay, run_pay
from geartrain.web.cards import Kpi
from geartrain.web.exports import exported
from geartrain.web.pages.pay import TEAM, team_rows
from geartrain.web.pages.pay_disputes import disputes_table
from geartrain.web.registry import Group, Page, Route
from geartrain.web.tables import Col, make_table

DEEDS: dict[str, Callable[..., Any]] = {"run": run_pay, "approve": approve_pay, "lock": lock_pay, "replay": replay_pay}
SAID = {"run": "Calculated.", "approve": "Approved.", "lock": "Locked.", "replay": "Adjustments are posted."}


def pay_run(request: Any) -> HttpResponse:
    """What a period pays everybody, exceptions first."""
    ws, actor = request.workspace, request.actor
    periods = known_periods(ws, actor)
    period = request.GET.get("period") or (periods[0] if periods else "")
    if not period:
        return render(request, "pages/pay_run.html", {"periods": periods})
    run = preview_pay(ws, actor, period=period)
    rows = team_rows(ws, list(run.statements.values()))
    columns = TEAM
    if before := _before(ws, periods, period):
        rows = [_beside(r, before) for r in rows]
        columns = (*TEAM, Col("last", "Period before", unit="money"), Col("change", "Change", unit="money"))
    table = make_table(request, columns=columns, rows=rows, name="pay-run", caption="Statements", sort="-paid")
    if (file := exported(request, table)) is not None:
        return file
    context = {
        "periods": periods,
        "period": period,
        "run": run,
        "cards": _cards(run),
        "table": table,
        "issues": run.issues,
        "disputes": disputes_table(request, [d for d in list_disputes(ws, actor) if d["state"] in OPEN]),
        "waiting": len(list_adjustments(ws, actor, state="requested")),
        "may_approve": actor.may(Permission.approve_pay),
    }
    return render(request, "pages/pay_run.html", context)


def _before(ws: Any, periods: list[str], period: str) -> dict[str, dict[str, Any]]:
    """The locked statements of the period before, of the same length; nothing where it is not locked."""
    alike = [p for p in periods if len(p) == len(period) and p < period]
    return locked_statements(ws, period=max(alike)) if alike else {}


def _beside(row: dict[str, Any], before: dict[str, dict[str, Any]]) -> dict[str, Any]:
    last = Decimal(before[row["payee"]]["paid"]) if row["payee"] in before else None
    return row | {"last": last, "change": None if last is None else row["paid"] - last}


def deed(request: Any) -> HttpResponse:
    """Approve, lock or replay a period."""
    period, name = request.POST.get("period", ""), request.POST.get("deed", "")
    asked = {"side": request.POST.get("side") or None} if name == "approve" else {}
    try:
        if name in DEEDS:
            DEEDS[name](request.workspace, request.actor, period=period, **asked)
            messages.success(request, SAID[name])
    except GeartrainError as error:
        messages.error(request, f"{error.message} {error.hint}")
    return HttpResponseRedirect(f"{reverse('pay-run')}?period={period}")


def _cards(run: Run) -> list[Kpi]:
    return [
        Kpi("Paid", run.paid, "money", note=f"{run.period.key}, {run.status.replace('_', ' ')}"),
        Kpi("Payees", len(run.statements)),
        Kpi("Plans", len(run.plans)),
        Kpi("To look at", len(run.issues), trust="warn" if run.issues else "good", better="down"),
    ]


PAGE = Page(
    key="pay-run",
    title="Pay run",
    path="pay/run/",
    view=pay_run,
    group=Group.pay,
    icon="check",
    permission=Permission.run_pay,
    order=81,
    routes=(Route("pay/run/deed/", deed, name="pay-deed", permission=Permission.approve_pay, methods=("POST",)),),
)
