"""Territories: who looks after which account, moved on trial, undone, proposed."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from geartrain.kernel.errors import GeartrainError
from geartrain.services.access import Permission
from geartrain.services.planning import territories_workspace as use
from geartrain.web.cards import Kpi
from geartrain.web.charts import PALETTE, Picture, lines
from geartrain.web.exports import exported
from geartrain.web.registry import Group, Page, Route
from geartrain.web.tables import Col, make_table
from geartrain.web.tasks import Task, get_task, start_task

WIDE, HIGH, MARGIN = 720, 400, 14
DOTS = 3_000  # accounts that the map draws
BALANCE = (
    Col("seller", "Seller"),
    Col("measure", "Measure"),
    Col("load", "Load", unit="number"),
    Col("target", "Target", unit="number"),
    Col("index_before", "Index today", unit="ratio"),
    Col("index_after", "Index with the moves", unit="ratio"),
    Col("stands", "Stands", badge={"within": "good", "outside": "warn"}),
)
FRONTIER = (
    Col("tolerance", "Tolerance", unit="ratio"),
    Col("status", "Found", badge={"optimal": "good", "feasible": "info", "relaxed": "warn", "infeasible": "bad"}),
    Col("objective", "Cost", unit="number"),
    Col("price_of_balance", "Price of balance", unit="number"),
    Col("accounts_kept", "Accounts kept", unit="count"),
    Col("revenue_kept", "Revenue kept", unit="money"),
    Col("revenue_moved", "Revenue moved", unit="money"),
    Col("violations", "Rules broken", unit="count"),
)


def territories(request: Any) -> HttpResponse:
    """The territories of a policy, with the moves on trial that the address names."""
    ws, actor = request.workspace, request.actor
    policy = use.known_policy(ws, actor, request.GET.get("policy", "")[:100])
    context: dict[str, Any] = {"policies": use.list_territory_policies(ws, actor), "policy": policy}
    if policy is None:
        return render(request, "pages/territories.html", context)
    moves = _moves(request.GET.getlist("move"))
    try:
        inputs, told = use.try_moves(ws, actor, policy=policy, moves=moves)
    except GeartrainError as error:
        if isinstance(error, use.NotFound):
            raise
        wrong = {"wrong": error.message, "hint": error.hint, "back": _address(policy, dict(list(moves.items())[:-1]))}
        return render(request, "pages/territories.html", context | wrong)
    named = {str(r["user_id"]): str(r.get("name") or r["user_id"]) for r in inputs.sellers.rows}
    balance = make_table(
        request, name="balance", columns=BALANCE, rows=_balance(told, named), caption="Balance", size=200
    )
    accounts = _accounts(request, inputs, told, named)
    for table in (balance, accounts):
        if request.GET.get("table") in (None, table.name) and (file := exported(request, table)) is not None:
            return file
    context |= {
        "cards": _cards(told),
        "balance": balance,
        "accounts": accounts,
        "moves": [
            (m, named.get(m["from"] or "", "nobody"), named.get(m["to"], m["to"])) for m in told.get("moves", ())
        ],
        "trial": list(moves.items()),
        "undo": _address(policy, dict(list(moves.items())[:-1])),
        "reset": _address(policy, {}),
        "sellers": [(s, named[s]) for s in inputs.problem.sellers],
        "broken": told.get("new_violations", ()),
        "back": told.get("give_back", ()),
        "maps": _maps(inputs, told, named),
        "legend": _legend(inputs, told, named),
        "wide": WIDE,
        "picked": request.GET.get("pick", "")[:200],
        "may_propose": actor.may(Permission.edit_policies),
    }
    return render(request, "pages/territories.html", context)


def move(request: Any) -> HttpResponse:
    """Add one move to those on trial."""
    asked = request.GET
    moves = _moves(asked.getlist("move"))
    account, seller = asked.get("account", "").strip()[:200], asked.get("seller", "").strip()[:200]
    if account and seller:
        moves.pop(account, None)
        moves[account] = seller
    return HttpResponseRedirect(_address(asked.get("policy", "")[:100], moves))


def suggest(request: Any) -> HttpResponse:
    """Put the fewest moves that bring everyone into tolerance on trial."""
    ws, actor = request.workspace, request.actor
    policy = use.known_policy(ws, actor, request.GET.get("policy", "")[:100])
    if policy is None:
        return HttpResponseRedirect(reverse("territories"))
    told = use.suggest_workspace(ws, actor, policy=policy)
    moves = {m["account_id"]: m["to"] for m in told["moves"] if m["to"]}
    if not told["settled"]:
        messages.warning(request, "These moves bring the sellers nearer, not all of them into tolerance.")
    if len(moves) > use.MOST:
        messages.warning(request, f"{len(moves)} accounts would move; the first {use.MOST} are on trial.")
    return HttpResponseRedirect(_address(policy, dict(list(moves.items())[: use.MOST])))


def best(request: Any) -> HttpResponse:
    """Put the moves of the best books found on trial, and say how much better any could be."""
    ws, actor = request.workspace, request.actor
    policy = use.known_policy(ws, actor, request.GET.get("policy", "")[:100])
    if policy is None:
        return HttpResponseRedirect(reverse("territories"))
    told = use.solve_workspace(ws, actor, policy=policy)
    moves = {a["account_id"]: a["to"] for a in told["assignments"] if a["to"] and a["to"] != a["from"]}
    messages.info(request, in_words(told))
    if len(moves) > use.MOST:
        messages.warning(request, f"{len(moves)} accounts would move; the first {use.MOST} are on trial.")
    return HttpResponseRedirect(_address(policy, dict(list(moves.items())[: use.MOST])))


def frontier(request: Any) -> HttpResponse:
    """Work out what balance costs, as a task: it solves the books once for every tolerance."""
    ws, actor = request.workspace, request.actor
    policy = use.known_policy(ws, actor, request.POST.get("policy", "")[:100])
    if policy is None:
        return HttpResponseRedirect(reverse("territories"))

    def work(task: Task) -> dict[str, Any]:
        return use.frontier_workspace(
            ws, actor, policy=policy, report_on=lambda n, total: task.report("Solving the books", n, total)
        )

    task = start_task(actor, "What balance costs", work, page="territory-frontier-task", policy=policy)
    return HttpResponseRedirect(task.url)


def frontier_task(request: Any, task_id: str) -> HttpResponse:
    """How far it is; then what each tolerance costs and what stays with its owner."""
    task = get_task(request.actor, task_id)
    context: dict[str, Any] = {"task": task}
    if isinstance(told := task.result, dict):
        points = told["frontier"]
        table = make_table(request, name="frontier", columns=FRONTIER, rows=points, caption="What balance costs")
        context |= {
            "charts": _frontier_charts(points, told["without_balance"], request.workspace.currency),
            "table": table,
            "told": told,
        }
    return render(request, "pages/territory_frontier.html", context)


def _frontier_charts(points: list[dict[str, Any]], free: float, currency: str) -> list[Picture]:
    """Cost and revenue that is moved, each over the tolerance."""
    at = [f"± {p['tolerance']:.0%}" for p in points]
    rows = [{"x": x, "y": p["objective"], "series": "with balance"} for x, p in zip(at, points, strict=True)]
    rows += [{"x": x, "y": free, "series": "without any"} for x in at]
    moved = [{"x": x, "y": p["revenue_moved"]} for x, p in zip(at, points, strict=True)]
    said = "; ".join(f"{r['x']}: {r['y']:,.0f}" for r in rows[: len(points)])
    leave = "; ".join(f"{r['x']}: {r['y']:,.0f}" for r in moved)
    return [
        Picture(
            title="Cost of the books",
            unit="travel, disruption and mismatch as the policy weighs them, over the tolerance",
            draw=lines,
            rows=rows,
            options={"unit": "number", "zero": False},
            alt=f"{said}; without balance {free:,.0f}.",
        ),
        Picture(
            title="Revenue that changes hands",
            unit="current revenue of the accounts moved, over the tolerance",
            draw=lines,
            rows=moved,
            options={"unit": "money", "currency": currency},
            alt=f"{leave}.",
        ),
    ]


def in_words(told: dict[str, Any]) -> str:
    """What a solve found and proved, for somebody who has never heard of a bound.

    Example: objective 136, bound 130 → no books can cost less than 130, so these are within 4.6 % of the best possible.
    """
    if told["status"] == "infeasible":
        return " ".join(
            ["The rules leave accounts without a seller.", *(r["message"] for r in told["relaxations"][:2])]
        )
    cost, low, gap = told["objective"], told["bound"], told["gap"]
    if gap == 0:
        said = f"These are the best books there are: they cost {cost:,.1f}, and it is proven that none cost less."
    elif gap is None:
        said = f"These books cost {cost:,.1f}; how much better others could be is not known."
    else:
        said = f"These books cost {cost:,.1f}. It is proven that none cost less than {low:,.1f}: "
        said += f"they are within {gap:.1%} of the best possible."
    if told["status"] == "relaxed":
        ways = " or ".join(r["message"].rstrip(".") for r in told["relaxations"][:2])
        said += f" Balance cannot be kept everywhere. To make it possible: {ways}."
    return said


def propose(request: Any) -> HttpResponse:
    """Ask for approval of the moves on trial."""
    asked = request.POST
    policy, moves = asked.get("policy", "")[:100], _moves(asked.getlist("move"))
    key = re.sub(r"[^a-z0-9]+", "_", asked.get("key", "").strip().lower())[:60].strip("_") or f"{policy}_moves"
    try:
        info = use.propose_moves(
            request.workspace,
            request.actor,
            policy=policy,
            moves=moves,
            key=key,
            summary=asked.get("summary", "")[:2_000],
        )
    except GeartrainError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        return HttpResponseRedirect(_address(policy, moves))
    messages.success(request, "Proposed. Somebody else approves it.")
    return HttpResponseRedirect(reverse("policy", args=["territory_assignment", info.key]))


def _moves(texts: list[str]) -> dict[str, str]:
    """Account to seller, in the order they were moved."""
    pairs = (t.rpartition("=") for t in texts[: 2 * use.MOST] if len(t) < 500)
    return {account: seller for account, sign, seller in pairs if sign and account and seller}


def _address(policy: str, moves: dict[str, str]) -> str:
    asked = [("policy", policy), *(("move", f"{a}={s}") for a, s in moves.items())]
    return f"{reverse('territories')}?{urlencode(asked)}"


def _balance(told: dict[str, Any], named: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {**b, "seller": named.get(b["seller"], b["seller"]), "stands": "within" if b["within"] else "outside"}
        for b in told["balance"]
    ]


def _accounts(request: Any, inputs: Any, told: dict[str, Any], named: dict[str, str]) -> Any:
    rows = [
        {
            "account": str(r.get("name") or a["account_id"]),
            "account_id": a["account_id"],
            "from": named.get(a["from"] or "", a["from"]),
            "to": named.get(a["to"] or "", a["to"]),
            "potential": r.get("potential"),
            "why": a["reason"],
            "next": named.get(a["runner_up"]["seller"]) if a["runner_up"] else None,
            "price": a["runner_up"]["cost"] if a["runner_up"] else None,
        }
        for r, a in zip(inputs.accounts.rows, told["assignments"], strict=True)
    ]
    asked = {k: request.GET.getlist(k) for k in ("policy", "move")}

    def pick(row: Any) -> str:
        return f"{reverse('territories')}?{urlencode({**asked, 'pick': row['account_id']}, doseq=True)}#move"

    columns = (
        Col("account", "Account", href=pick),
        Col("account_id", "Id"),
        Col("from", "Owner today"),
        Col("to", "With the moves"),
        Col("potential", "Potential", unit="money"),
        Col("next", "Runner-up"),
        Col("price", "It would cost more", unit="number"),
        Col("why", "Why here", wide=True),
    )
    return make_table(request, name="accounts", columns=columns, rows=rows, caption="Accounts", size=50)


def _cards(told: dict[str, Any]) -> list[Kpi]:
    kept = told["retained"]
    cards = [
        Kpi(
            "Objective",
            told["objective"],
            "number",
            note=f"{told.get('cost', 0):+,.2f} by the moves" if "cost" in told else "",
        ),
        Kpi("Accounts moved", kept["moved_accounts"], "count", note=f"{kept['accounts']:,} stay with their owner"),
        Kpi("Revenue at risk", kept["revenue_at_risk"], "money", note="15 % of what changes hands"),
    ]
    for row in told["summary"]:
        cards.append(
            Kpi(
                f"Out of balance: {row['measure']}",
                row["out_of_balance_after"],
                "ratio",
                why="Nobody has a target.",
                note=f"± {row['tolerance']:.0%}; widest {row['max_deviation_after'] or 0:.0%}",
            )
        )
    return cards


@dataclass(frozen=True)
class Dot:
    """An account on the map."""

    x: float
    y: float
    colour: str
    says: str
    moved: bool


@dataclass(frozen=True)
class Map:
    """The accounts at their places, coloured by who has them."""

    title: str
    dots: list[Dot]
    high: int


def _maps(inputs: Any, told: dict[str, Any], named: dict[str, str]) -> list[Map]:
    """Today, and with the moves where there are any, at plain coordinates; none where fewer than two have a place."""
    placed = [
        (float(r["longitude"]), float(r["latitude"]), str(r.get("name") or a["account_id"]), a)
        for r, a in zip(inputs.accounts.rows, told["assignments"], strict=True)
        if r.get("longitude") is not None and r.get("latitude") is not None
    ][:DOTS]
    if len({p[:2] for p in placed}) < 2:
        return []
    west, east = min(p[0] for p in placed), max(p[0] for p in placed)
    south, north = min(p[1] for p in placed), max(p[1] for p in placed)
    scale = min((WIDE - 2 * MARGIN) / max(east - west, 1e-9), (HIGH - 2 * MARGIN) / max(north - south, 1e-9))
    high = round((north - south) * scale + 2 * MARGIN)
    colour = _colours(inputs)

    def drawn(title: str, side: str) -> Map:
        dots = [
            Dot(
                round(MARGIN + (x - west) * scale, 1),
                round(MARGIN + (north - y) * scale, 1),
                colour.get(a[side] or "", "currentColor"),
                f"{name}: {named.get(a[side] or '', 'nobody')}",
                a["from"] != a["to"],
            )
            for x, y, name, a in placed
        ]
        return Map(title, dots, high)

    after = [drawn("With the moves", "to")] if told.get("moves") else []
    return [drawn("Today", "from"), *after]


def _colours(inputs: Any) -> dict[str, str]:
    return {s: PALETTE[n % len(PALETTE)] for n, s in enumerate(inputs.problem.sellers)}


def _legend(inputs: Any, told: dict[str, Any], named: dict[str, str]) -> list[tuple[str, str, int]]:
    """Colour, name and accounts of each seller, with the moves."""
    count = Counter(a["to"] for a in told["assignments"])
    return [(colour, named.get(s, s), count[s]) for s, colour in _colours(inputs).items()]


PAGE = Page(
    key="territories",
    title="Territories",
    path="territories/",
    group=Group.planning,
    icon="pipeline",
    order=60,
    permission=Permission.view_records,
    view=territories,
    routes=(
        Route("territories/move/", move, "territory-move"),
        Route("territories/suggest/", suggest, "territory-suggest"),
        Route("territories/best/", best, "territory-best"),
        Route("territories/frontier/", frontier, "territory-frontier", methods=("POST",)),
        Route("territories/frontier/<str:task_id>/", frontier_task, "territory-frontier-task"),
        Route("territories/propose/", propose, "territory-propose", Permission.edit_policies, ("POST",)),
    ),
)
