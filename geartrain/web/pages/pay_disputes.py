"""Disputes about pay: opened from a line of a statement, triaged and answered by finance, on a clock."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from geartrain.kernel.errors import GeartrainError, Invalid, NotFound
from geartrain.services.access import Permission
from geartrain.services.pay import disputes as use
from geartrain.services.pay.runs import get_statement, names_of
from geartrain.web.exports import exported
from geartrain.web.registry import Group, Page, Route
from geartrain.web.tables import Col, make_table

STATES = {"opened": "warn", "triaged": "info", "accepted": "good", "rejected": "bad", "closed": "info"}


def disputes(request: Any) -> HttpResponse:
    """The disputes one may see, those that are due first on top."""
    table = disputes_table(request, use.list_disputes(request.workspace, request.actor))
    return exported(request, table) or render(request, "pages/pay_disputes.html", {"table": table})


def disputes_table(request: Any, found: list[dict[str, Any]], *, name: str = "disputes") -> Any:
    """Disputes as a table."""
    names = names_of(request.workspace, {d["payee"] for d in found})
    rows = [
        {**d, "what": f"Dispute {d['id']}", "who": names[d["payee"]], "about": use.KINDS[d["kind"]],
         "due": d["due"].date(), "clock": "late" if d["late"] else "in time"}
        for d in found
    ]  # fmt: skip
    columns = (
        Col("what", "Dispute", href=lambda r: reverse("pay-dispute", args=[r["id"]])),
        Col("state", "Stands", badge=STATES),
        Col("who", "Payee"),
        Col("period", "Period"),
        Col("about", "About"),
        Col("deal", "Deal"),
        Col("due", "Answer due"),
        Col("clock", "Clock", badge={"late": "bad", "in time": "good"}),
        Col("root_cause", "Root cause"),
    )
    return make_table(request, name=name, columns=columns, rows=rows, caption="Disputes", empty="Nothing is disputed.")


def dispute(request: Any, dispute: int) -> HttpResponse:
    """One dispute: what is said, the arithmetic it is about, and what can be done."""
    found = use.get_dispute(request.workspace, request.actor, id=dispute)
    decides = request.actor.may(Permission.run_pay)
    context = {
        "d": found,
        "badge": STATES[found["state"]],
        "about": use.KINDS[found["kind"]],
        "name": names_of(request.workspace, [found["payee"]])[found["payee"]],
        "decides": decides,
        "closes": found["state"] in ("accepted", "rejected") and (decides or request.actor.user_id == found["payee"]),
    }
    return render(request, "pages/pay_dispute.html", context)


def new(request: Any) -> HttpResponse:
    """Ask about a line of a statement."""
    ws, actor, asked = request.workspace, request.actor, request.GET if request.method != "POST" else request.POST
    names = ("payee", "period", "component", "deal", "kind", "text")
    what = {n: asked.get(n, "")[:2_000] for n in names}
    said = get_statement(ws, actor, payee=what["payee"], period=what["period"])
    if request.method == "POST":
        try:
            made = use.open_dispute(ws, actor, **what)
        except (Invalid, GeartrainError) as error:
            if isinstance(error, NotFound) and not what["deal"]:
                raise
            messages.error(request, f"{error.message} {error.hint}")
        else:
            messages.success(request, f"Finance answers by {made['due']:%-d %B}.")
            return HttpResponseRedirect(reverse("pay-dispute", args=[made["id"]]))
    context = {**what, "said": said, "kinds": use.KINDS, "parts": [p["key"] for p in said["components"]]}
    return render(request, "pages/pay_dispute_new.html", context)


def triage(request: Any, dispute: int) -> HttpResponse:
    """Take it up."""
    asked = request.POST
    return _done(request, dispute, "Triaged.", lambda **who: use.triage_dispute(
        id=dispute, root_cause=asked.get("root_cause", ""), note=asked.get("answer", ""), **who))  # fmt: skip


def decide(request: Any, dispute: int) -> HttpResponse:
    """Accept or reject it."""
    asked = request.POST
    said = {"id": dispute, "answer": asked.get("answer", ""), "root_cause": asked.get("root_cause", "")}
    if asked.get("do") == "reject":
        return _done(request, dispute, "Rejected, with the arithmetic.", lambda **w: use.reject_dispute(**said, **w))
    paid = {
        "amount": _amount(asked.get("amount", "")),
        "into": asked.get("into", ""),
        "budget": asked.get("budget", ""),
    }
    return _done(request, dispute, "Accepted.", lambda **who: use.accept_dispute(**said, **paid, **who))


def close(request: Any, dispute: int) -> HttpResponse:
    """Put it away."""
    return _done(request, dispute, "Closed.", lambda **who: use.close_dispute(id=dispute, **who))


def _done(request: Any, dispute: int, said: str, deed: Callable[..., Any]) -> HttpResponse:
    try:
        deed(ws=request.workspace, actor=request.actor)
        messages.success(request, said)
    except NotFound:
        raise
    except GeartrainError as error:
        messages.error(request, f"{error.message} {error.hint}")
    return HttpResponseRedirect(reverse("pay-dispute", args=[dispute]))


def _amount(text: str) -> Decimal | None:
    try:
        return Decimal(text.replace(",", "").strip()) if text.strip() else None
    except ArithmeticError:
        raise Invalid(f"'{text[:40]}' is no amount.", hint="Write it as 120.00.") from None


RUN, POST = Permission.run_pay, ("POST",)
AT = "pay/disputes/<int:dispute>/"
PAGE = Page(
    key="pay-disputes",
    title="Pay disputes",
    path="pay/disputes/",
    view=disputes,
    group=Group.hidden,
    permission=Permission.view_metrics,
    routes=(
        Route("pay/disputes/new/", new, "new-pay-dispute", methods=("GET", "HEAD", "POST")),
        Route(AT, dispute, "pay-dispute"),
        Route(f"{AT}triage/", triage, "triage-pay-dispute", permission=RUN, methods=POST),
        Route(f"{AT}decide/", decide, "decide-pay-dispute", permission=RUN, methods=POST),
        Route(f"{AT}close/", close, "close-pay-dispute", methods=POST),
    ),
)
