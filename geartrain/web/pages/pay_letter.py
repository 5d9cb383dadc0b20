"""A plan to sign: the plan in words and the quota letter, read and accepted."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from geartrain.kernel.errors import StaleVersion
from geartrain.services.access import Permission
from geartrain.services.pay import signing as use
from geartrain.services.pay.runs import known_periods, names_of
from geartrain.web.exports import exported
from geartrain.web.registry import Group, Page, Route
from geartrain.web.tables import Col, make_table

STATES = {"accepted": "good", "read": "info", "sent": "info", "not sent": "warn", "changed since": "warn"}


def signatures(request: Any) -> HttpResponse:
    """Who has accepted their plan, and who earns on one they have not."""
    ws, actor = request.workspace, request.actor
    sees = actor.may(Permission.view_pay)
    periods = known_periods(ws, actor) if sees else []
    period = request.GET.get("period") or (periods[0] if periods else "")
    found = use.list_signatures(ws, actor, period=period if sees else "")
    columns = [
        Col("name", "Who"), Col("plan", "Plan"), Col("state", "Stands", badge=STATES), Col("sent_at", "Sent"),
        Col("read_at", "Read"), Col("accepted_at", "Accepted"),
    ]  # fmt: skip
    rows: list[dict[str, Any]] = [dict(s) for s in found]
    if sees:
        from decimal import Decimal

        columns.append(Col("paid", "Paid", unit="money"))
        rows = [r | {"paid": Decimal(r["paid"])} for r in rows]
    table = make_table(request, name="signatures", columns=columns, rows=rows, caption="Signatures",
                       empty="No plan is in force for anybody.")  # fmt: skip
    unsigned = sum(s["state"] != "accepted" for s in found)
    plans = sorted({s["plan"] for s in found})
    context = {"table": table, "periods": periods, "period": period, "unsigned": unsigned, "plans": plans,
               "sends": actor.may(Permission.publish_policies)}  # fmt: skip
    return exported(request, table) or render(request, "pages/pay_signatures.html", context)


def letter(request: Any, letter: int) -> HttpResponse:
    """Both texts, and the button that signs them."""
    found = use.get_letter(request.workspace, request.actor, id=letter)
    own = request.actor.user_id == found["payee"]
    name = names_of(request.workspace, [found["payee"]])[found["payee"]]
    return render(
        request, "pages/pay_letter.html", {"x": found, "own": own, "name": name, "badge": STATES[found["state"]]}
    )


def accept(request: Any, letter: int) -> HttpResponse:
    """Sign."""
    hashes = {k: request.POST.get(k, "")[:64] for k in ("plan_sha256", "letter_sha256")}
    try:
        use.accept_plan(request.workspace, request.actor, id=letter, **hashes)
        messages.success(request, "Accepted. Both texts are kept with your name and the time.")
    except StaleVersion as error:
        messages.error(request, f"{error.message} {error.hint}")
    return HttpResponseRedirect(reverse("pay-letter", args=[letter]))


def send(request: Any) -> HttpResponse:
    """Send a plan to everybody eligible."""
    plan = request.POST.get("plan", "")
    sent = use.send_plan(request.workspace, request.actor, comp_plan=plan)
    messages.success(request, f"{plan} is with {len(sent)} people. Who had the same texts already is not asked again.")
    return HttpResponseRedirect(reverse("pay-signatures"))


POST = ("POST",)
PAGE = Page(
    key="pay-signatures",
    title="Plans to sign",
    path="pay/plans/",
    view=signatures,
    permission=Permission.view_signatures,
    group=Group.hidden,
    routes=(
        Route("pay/plans/send/", send, "send-plan", permission=Permission.publish_policies, methods=POST),
        Route("pay/plans/<int:letter>/", letter, "pay-letter", permission=Permission.view_metrics),
        Route(
            "pay/plans/<int:letter>/accept/", accept, "accept-plan", permission=Permission.view_metrics, methods=POST
        ),
    ),
)
