"""My pay: one's statement, every line open to its arithmetic, and those of one's people."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from geartrain.kernel.errors import NotFound
from geartrain.services.access import Permission
from geartrain.services.pay.disputes import list_disputes
from geartrain.services.pay.runs import get_statement, known_periods, list_statements, names_of
from geartrain.services.pay.signing import my_letters
from geartrain.web.cards import Kpi
from geartrain.web.exports import exported
from geartrain.web.registry import Group, Page, Route
from geartrain.web.tables import Col, make_table


def pay(request: Any) -> HttpResponse:
    """The statement of a period: one's own, or that of somebody whose pay one may see."""
    ws, actor = request.workspace, request.actor
    periods = known_periods(ws, actor)
    period = request.GET.get("period") or (periods[0] if periods else "")
    payee = request.GET.get("payee") or actor.user_id or ""
    own = payee == actor.user_id
    context: dict[str, Any] = {"periods": periods, "period": period, "payee": payee, "own": own}
    context["letters"] = my_letters(ws, actor) if own else []
    try:
        said = get_statement(ws, actor, payee=payee, period=period) if payee and period else None
    except NotFound:
        if request.GET.get("payee"):
            raise
        said = None
    if said is None:
        return render(request, "pages/pay.html", context)
    lines = [line for part in said["components"] for line in part["lines"]]
    asks = Col("ask", "Is it wrong?", href=lambda r: _dispute(r, payee, said["period"]), sortable=False)
    columns = (*LINES, asks) if _may_ask(request, payee) else LINES
    table = make_table(request, columns=columns, rows=[_line(x) for x in lines], name="statement", caption="Lines")
    if (file := exported(request, table)) is not None:
        return file
    asked = list_disputes(ws, actor, payee=payee, period=said["period"])
    context |= {"disputes": asked, "may_ask": _may_ask(request, payee)}
    context |= {"said": said, "cards": _cards(said), "table": table, "name": names_of(ws, [payee])[payee]}
    return render(request, "pages/pay.html", context)


def team(request: Any) -> HttpResponse:
    """What everybody whose pay one may see is paid."""
    ws, actor = request.workspace, request.actor
    periods = known_periods(ws, actor)
    period = request.GET.get("period") or (periods[0] if periods else "")
    found = list_statements(ws, actor, period=period) if period else []
    table = make_table(request, columns=TEAM, rows=team_rows(ws, found), name="team-pay", caption="Team pay")
    context = {"table": table, "periods": periods, "period": period}
    return exported(request, table) or render(request, "pages/team_pay.html", context)


def team_rows(ws: Any, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row a statement, amounts as numbers."""
    names = names_of(ws, [s["payee"] for s in found])
    return [
        {
            "name": names[s["payee"]],
            "payee": s["payee"],
            "period": s["period"],
            "plan": s["plan"],
            "attainment": _number(
                next((c["attainment"] for c in s["components"] if c["attainment"] is not None), None)
            ),
            **{k: Decimal(s[k]) for k in ("earned", "adjusted", "held", "paid")},
        }
        for s in found
    ]


def _line(line: dict[str, Any]) -> dict[str, Any]:
    return {
        **line,
        "credit": _number(line["credit"]),
        "amount": Decimal(line["amount"]),
        "date": str(line["date"]),
        "component": line["component"].replace("_", " "),
        "of": line["component"],
        "ask": "Dispute",
    }


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _cards(said: dict[str, Any]) -> list[Kpi]:
    cards = [
        Kpi("Paid", Decimal(said["paid"]), "money", compact=False, note=said["period"]),
        Kpi("Earned", Decimal(said["earned"]), "money", compact=False),
    ]
    for part in said["components"]:
        if part["attainment"] is not None:
            team = part["team_attainment"]
            note = f"team {Decimal(str(team)):.1%}" if team is not None else ""
            title = f"Attainment, {part['key'].replace('_', ' ')}"
            cards.append(Kpi(title, _number(part["attainment"]), "ratio", note=note))
    if Decimal(said["held"]) or Decimal(said["holding"]):
        cards.append(
            Kpi("Held back", Decimal(said["holding"]), "money", compact=False, note=f"{said['held']} of this period")
        )
    if Decimal(said["draws"]["owed"]):
        cards.append(Kpi("Advanced, still owed", Decimal(said["draws"]["owed"]), "money", compact=False))
    return cards


def _may_ask(request: Any, payee: str) -> bool:
    """Whether the reader may open a dispute: payee, managers and finance; whoever else sees it only audits."""
    return (
        payee == request.actor.user_id
        or request.actor.may(Permission.run_pay)
        or not request.actor.may(Permission.view_pay)
    )


def _dispute(line: Any, payee: str, period: str) -> str:
    what = {"payee": payee, "period": period, "component": line["of"], "deal": line["deal"]}
    return f"{reverse('new-pay-dispute')}?{urlencode(what)}"


def href(row: Any) -> str:
    """The statement of a row."""
    return f"{reverse('pay')}?payee={row['payee']}&period={row['period']}"


LINES = (
    Col("date", "Date"),
    Col("deal", "Deal"),
    Col("component", "Component"),
    Col("credit", "Credited", unit="money"),
    Col("amount", "Pays", unit="money"),
    Col("says", "How", wide=True),
)
TEAM = (
    Col("name", "Who", href=href),
    Col("plan", "Plan"),
    Col("attainment", "Attainment", unit="ratio"),
    Col("earned", "Earned", unit="money"),
    Col("adjusted", "Adjusted", unit="money"),
    Col("held", "Held back", unit="money"),
    Col("paid", "Paid", unit="money"),
)
PAGE = Page(
    key="pay",
    title="My pay",
    path="pay/",
    view=pay,
    group=Group.pay,
    icon="work",
    permission=Permission.view_metrics,
    order=80,
    routes=(Route("pay/team/", team, name="team-pay"),),
)
