"""Contests: leaderboards within one's role, awards, and whether one is named."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from geartrain.kernel.errors import GeartrainError
from geartrain.services.access import Permission
from geartrain.services.pay import contests as use
from geartrain.web.exports import exported
from geartrain.web.registry import Group, Page, Route
from geartrain.web.tables import Col, make_table


def contests(request: Any) -> HttpResponse:
    """One contest: its leaderboard as the reader may see it, and what was awarded."""
    ws, actor = request.workspace, request.actor
    listed = use.list_contests(ws, actor)
    key = request.GET.get("contest") or (listed[0]["key"] if listed else "")
    context: dict[str, Any] = {"contests": listed, "key": key}
    if not key:
        return render(request, "pages/contests.html", context)
    cohort = request.GET.get("cohort", "")
    found = use.get_leaderboard(ws, actor, key=key, cohort=cohort)
    table = _board(request, found)
    if (file := exported(request, table)) is not None:
        return file
    everyone = use.get_leaderboard(ws, actor, key=key) if cohort else found
    context |= {
        "found": found,
        "table": table,
        "awards": _awards(request, key),
        "cohort": cohort,
        "cohorts": everyone["cohorts"] if len(everyone["cohorts"]) > 1 else [],
        "may_award": actor.may(Permission.run_pay),
        "takes_part": found["own"] is not None,
    }
    return render(request, "pages/contests.html", context)


def _board(request: Any, found: dict[str, Any]) -> Any:
    rows = [
        {
            "rank": r["rank"],
            "name": (r["name"] or "Not shown") + (" (you)" if r["own"] else ""),
            "cohort": r["cohort"].replace("_", " "),
            "value": r["value"],
            "score": r["score"],
            "awards": ", ".join(f"{k} {Decimal(v):,.2f}" for k, v in r["awards"].items()),
            "badges": ", ".join(r["badges"]),
        }
        for r in found["rows"]
    ]
    columns = [
        Col("rank", "Rank", unit="count"),
        Col("name", "Who"),
        Col("cohort", "Among"),
        Col("value", found["metric"].replace("_", " ").capitalize(), compact=True),
    ]
    if any(r["score"] != r["value"] for r in rows):
        columns.append(Col("score", "Score"))
    columns += [Col("awards", "Wins"), *([Col("badges", "Badges")] if any(r["badges"] for r in rows) else [])]
    return make_table(request, name="board", columns=columns, rows=rows, caption="Leaderboard",
                      empty="You take part in another contest, or in none.")  # fmt: skip


def _awards(request: Any, key: str) -> Any:
    rows = [{**a, "amount": Decimal(a["amount"])} for a in use.list_awards(request.workspace, request.actor, key=key)]
    columns = (Col("person", "Who"), Col("award", "Award"), Col("rank", "Rank", unit="count"),
               Col("amount", "Amount", unit="money"), Col("paid_in", "Paid in"))  # fmt: skip
    return make_table(request, name="awards", columns=columns, rows=rows, caption="Awards", export=False,
                      empty="Nothing has been awarded yet.")  # fmt: skip


def award(request: Any) -> HttpResponse:
    """Award what was won at the freeze."""
    key = request.POST.get("contest", "")
    try:
        into = request.POST.get("into", "").strip()[:20]
        made = use.award_contest(request.workspace, request.actor, key=key, into=into)
        messages.success(request, f"{made['new']} awarded, {len(made['adjustments'])} adjusted, in {made['period']}.")
    except GeartrainError as error:
        messages.error(request, f"{error.message} {error.hint}")
    return HttpResponseRedirect(f"{reverse('contests')}?contest={key}")


def display(request: Any) -> HttpResponse:
    """Opt out of being named, or in again."""
    shown = request.POST.get("shown") == "yes"
    use.set_display(request.workspace, request.actor, shown=shown)
    messages.success(request, "Your name may stand on leaderboards." if shown else "Leaderboards do not name you.")
    return HttpResponseRedirect(f"{reverse('contests')}?contest={request.POST.get('contest', '')}")


POST = ("POST",)
PAGE = Page(
    key="contests",
    title="Contests",
    path="contests/",
    view=contests,
    group=Group.pay,
    icon="metrics",
    permission=Permission.view_metrics,
    order=84,
    routes=(
        Route("contests/award/", award, "award-contest", permission=Permission.run_pay, methods=POST),
        Route("contests/display/", display, "contest-display", methods=POST),
    ),
)
