"""The call: who says what will be booked, beside what their team adds up to and what the model expects."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from geartrain.intelligence.forecast.process import SUBMITTED
from geartrain.kernel.errors import GeartrainError, Invalid
from geartrain.services.access import Permission
from geartrain.services.forecasting import forecast_calls as use
from geartrain.services.forecasting.forecast_board import Board, Row, get_board, get_trend, packs_of, people_in
from geartrain.services.forecasting.forecast_standing import naive
from geartrain.services.view import parse_day
from geartrain.web.cards import Kpi
from geartrain.web.charts import Picture
from geartrain.web.exports import exported
from geartrain.web.numbers import show
from geartrain.web.registry import Group, Page, Route
from geartrain.web.spans import banded
from geartrain.web.tables import Col, Table, make_table

INDENT = "\u2003"
CATEGORIES = (("commit", "Commit"), ("best_case", "Best case"), ("call", "Call"))
STATES = {"missing": "bad", "late": "warn", "in time": "good"}


def the_call(request: Any) -> HttpResponse:
    """The grid of one call."""
    day = parse_day(request.GET["day"]) if request.GET.get("day") else None
    restated = request.GET.get("restated") == "yes"
    board = get_board(
        request.workspace, request.actor, period=request.GET.get("period", ""), as_of=day, restated=restated
    )
    if board is None:
        return render(request, "pages/the_call.html", {"board": None, "keeps": use.keeps(request.actor)})
    table = _table(request, board)
    if (file := exported(request, table)) is not None:
        return file
    mine = next((r for r in board.rows if r.mine), None)
    context = {
        "board": board,
        "call": board.status.call,
        "due": naive(board.status.call.due),
        "cards": _cards(board),
        "rows": [_shown(r, request.workspace.currency) for r in board.rows],
        "mine": mine,
        "entry": not board.locked and mine is not None and not restated,
        "adjust": not board.locked and not restated,
        "categories": CATEGORIES,
        "missing": [board.status.people.names.get(p, p) for p in board.status.missing],
        "late": [board.status.people.names.get(p, p) for p in board.status.late],
        "restated": restated,
        "keeps": board.keeps,
        "table": table,
        "packs": packs_of(request.workspace, request.actor, day=board.status.call.as_of),
        "drafts": request.actor.may(Permission.manage_packs),
        "scope": "" if request.actor.sees_everyone else request.actor.user_id or "",
    }
    return render(request, "pages/the_call.html", context)


def _cards(board: Board) -> list[Kpi]:
    top = board.top
    if top is None:
        return []
    line = top.lines["call"]
    missing, late = len(board.status.missing), len(board.status.late)
    span = (
        board.ranges.whole if board.ranges and board.status.people.hierarchy.chain(top.user) == [] else None
    ) or top.span
    who = top.name
    said = {"manager": "adjusted", "own": f"said by {who}", "roll_up": "nobody said it yet"}[line.kind]
    model = Kpi(
        "The model's range", span.mean if span else None, "money",
        why="It is being worked out, or there is no history to learn from.",
        note=f"80 %: {show(span.p10, 'money').text} to {show(span.p90, 'money').text}" if span else "",
        href=reverse("model-card"),
    )  # fmt: skip
    return [
        Kpi("Booked so far", top.won, "money", note=f"{who} and everyone below"),
        Kpi("What the team adds up to", line.rollup, "money", note="what counts of those below, and own deals"),
        Kpi("The call that counts", line.effective, "money", note=said),
        model,
        Kpi(
            "Still to submit", missing, "count", better="down", note=f"{late} came late" if late else "nobody was late"
        ),
    ]


def _shown(row: Row, currency: str) -> dict[str, Any]:
    call = row.lines["call"]
    span = row.span
    outside = span is not None and not span.p10 <= call.effective <= span.p90
    return {
        "row": row,
        "indent": INDENT * row.depth,
        "commit": row.lines["commit"],
        "best_case": row.lines["best_case"],
        "call": call,
        "badge": STATES.get(row.state, "info"),
        "span": f"{show(span.p10, 'money', currency=currency).text} – {show(span.p90, 'money', currency=currency).text}"
        if span
        else "",
        "mean": show(span.mean, "money", currency=currency).text if span else "",
        "outside": ("above" if span and call.effective > span.p90 else "below") if outside else "",
        "entries": [(c, title, row.lines[c]) for c, title in CATEGORIES],
    }


def _table(request: Any, board: Board) -> Table:
    """The same as a table, for the export."""
    rows = []
    for row in board.rows:
        call = row.lines["call"]
        rows.append({
            "user_id": row.user, "name": row.name, "won": row.won,
            "commit": row.lines["commit"].effective, "best_case": row.lines["best_case"].effective,
            "roll_up": call.rollup, "own": call.own.amount if call.own else None,
            "manager": call.manager.amount if call.manager else None,
            "reason": call.manager.note if call.manager else "",
            "effective": call.effective, "p10": row.span.p10 if row.span else None,
            "p90": row.span.p90 if row.span else None, "state": row.state,
        })  # fmt: skip
    money = (("won", "Booked"), ("commit", "Commit"), ("best_case", "Best case"), ("roll_up", "Team's sum"))
    money += (("own", "Own call"), ("manager", "Adjusted"), ("effective", "Counts"), ("p10", "P10"), ("p90", "P90"))
    columns = (
        Col("user_id", "Person"), Col("name", "Name"), *(Col(k, t, unit="money") for k, t in money),
        Col("reason", "Reason"), Col("state", "Submitted"),
    )  # fmt: skip
    return make_table(request, name="call", columns=columns, rows=rows, caption="The call", empty="Nobody.")


def submit(request: Any) -> HttpResponse:
    """One's own line, or with the reason somebody's below."""
    given = {k: request.POST.get(k, "").strip() for k in ("period", "day", "user", "note")}
    said = {c: text for c in SUBMITTED if (text := request.POST.get(c, "").strip())}

    def work() -> str:
        if not said:
            raise Invalid("No number was given.", hint="Fill in at least one of commit, best case and call.")
        use.submit_lines(
            request.workspace, request.actor, period=given["period"], said=said, user=given["user"] or None,
            note=given["note"], as_of=parse_day(given["day"]) if given["day"] else None,
        )  # fmt: skip
        return "Submitted." if not given["user"] else "Adjusted; their own number and the team's sum stay beside it."

    return _back(request, given["period"], given["day"], work)


def open_call(request: Any) -> HttpResponse:
    """Open the next round."""
    period, day = request.POST.get("period", "").strip(), request.POST.get("day", "").strip()

    def work() -> str:
        made = use.open_call(request.workspace, request.actor, period=period, as_of=parse_day(day) if day else None)
        return f"Opened the call of {made.period} as of {made.as_of}."

    return _back(request, period, "", work)


def lock_call(request: Any) -> HttpResponse:
    """End a round."""
    period, day = request.POST.get("period", "").strip(), request.POST.get("day", "").strip()

    def work() -> str:
        made = use.lock_call(request.workspace, request.actor, period=period, as_of=parse_day(day) if day else None)
        return f"Locked the call of {made.period} as of {made.as_of}: nothing in it changes from now on."

    return _back(request, period, day, work)


def trend(request: Any) -> HttpResponse:
    """The call through the period against the model's range then."""
    period, user = request.GET.get("period", ""), request.GET.get("user", "") or None
    key, who, points = get_trend(request.workspace, request.actor, period=period, user=user)
    people = people_in(request.workspace, request.actor, period=key) if points else []
    names = dict(people)
    rows = [
        {
            "day": p.as_of, "won": p.won, "commit": p.commit, "call": p.call, "best_case": p.best_case,
            "roll_up": p.rollup, "p10": p.span.p10 if p.span else None, "mean": p.span.mean if p.span else None,
            "p90": p.span.p90 if p.span else None,
        }
        for p in points
    ]  # fmt: skip
    titles = {"won": "Booked", "commit": "Commit", "call": "Call", "best_case": "Best case", "roll_up": "Team's sum",
              "p10": "P10", "mean": "Model's mean", "p90": "P90"}  # fmt: skip
    columns = (Col("day", "As of"), *(Col(k, t, unit="money") for k, t in titles.items()))
    table = make_table(request, name="trend", columns=columns, rows=rows, caption="Every call of the period")
    if (file := exported(request, table)) is not None:
        return file
    context = {
        "period": key,
        "who": who,
        "name": names.get(who or "", who or ""),
        "people": people,
        "picture": _trend(request, key, names.get(who or "", who or ""), rows, table) if rows else None,
        "table": table,
        "waiting": bool(points) and not all(p.span for p in points),
    }
    return render(request, "pages/call_trend.html", context)


def _trend(request: Any, period: str, name: str, rows: list[dict[str, Any]], table: Table) -> Picture:
    currency = request.workspace.currency
    drawn = [
        {"x": f"{r['day']:%-d %b}", "call": r["call"], "commit": r["commit"], "won": r["won"], "low": r["p10"],
         "high": r["p90"]}
        for r in rows
    ]  # fmt: skip
    last = rows[-1]
    alt = f"The call of {name} for {period} went from {show(rows[0]['call'], 'money', currency=currency)} "
    alt += f"to {show(last['call'], 'money', currency=currency)}; "
    alt += f"{show(last['won'], 'money', currency=currency)} is booked."
    return Picture(
        title=f"The call of {name} through {period}",
        unit=f"{currency} by the last day each call looked at; shaded: where the model expected 80 % of outcomes",
        draw=banded,
        rows=drawn,
        options={"currency": currency, "series": {"call": "Call", "commit": "Commit", "won": "Booked"}},
        alt=alt,
        table=table,
    )


def _back(request: Any, period: str, day: str, work: Any) -> HttpResponse:
    try:
        messages.success(request, work())
    except GeartrainError as error:
        messages.error(request, f"{error.message} {error.hint}")
    asked = {k: v for k, v in (("period", period), ("day", day)) if v}
    known = asked and _known(request, period, day)
    return HttpResponseRedirect(f"{reverse('the-call')}{'?' + urlencode(asked) if known else ''}")


def _known(request: Any, period: str, day: str) -> bool:
    """Whether there is such a call to go back to."""
    try:
        found = use.list_calls(request.workspace, request.actor, period=period)
    except GeartrainError:
        return False
    return any(not day or str(c.as_of) == day for c in found)


POST = ("POST",)
PAGE = Page(
    key="the-call",
    title="The call",
    path="the-call/",
    view=the_call,
    group=Group.forecast,
    icon="metrics",
    permission=Permission.view_metrics,
    order=22,
    routes=(
        Route("the-call/submit/", submit, "submit-call", methods=POST),
        Route("the-call/open/", open_call, "open-call", methods=POST),
        Route("the-call/lock/", lock_call, "lock-call", methods=POST),
        Route("the-call/trend/", trend, "call-trend"),
    ),
)
