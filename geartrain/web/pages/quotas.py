"""Quotas: the hierarchy as a grid, edited in place, its effect at once, undone or proposed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from geartrain.kernel.errors import GeartrainError, Invalid, NotFound
from geartrain.planning.quotas.asked import Edit
from geartrain.planning.quotas.editing import Edited
from geartrain.services.access import Permission
from geartrain.services.planning import quotas as use
from geartrain.services.planning.quotas_edits import edit_in_words
from geartrain.services.policies import current_policies
from geartrain.web.exports import exported
from geartrain.web.numbers import money, show
from geartrain.web.registry import Group, Page, Route
from geartrain.web.tables import Col, Table, make_table

VERBS = (
    ("pin", "Set the base to the amount"),
    ("hedged", "Set the hedged quota to the amount"),
    ("transfer", "Transfer the amount to the other"),
    ("redistribute", "Give it, or the amount of it, to the siblings"),
    ("concentrate", "Take all, or the amount, from the siblings"),
    ("resplit", "Split those below by one measure"),
    ("freeze", "Freeze as the policy gives it"),
)
INDENT = "\u2003"
MOST_EDITS = 200


def quotas(request: Any) -> HttpResponse:
    """The grid of a policy, with what was tried on it."""
    keys = sorted(current_policies(request.workspace).of(use.KIND))
    key = request.GET.get("policy", "") or (keys[0] if keys else "")
    context: dict[str, Any] = {"policies": keys, "key": key}
    try:
        inputs = use.workspace_inputs(request.workspace, request.actor, policy=key)
    except (NotFound, Invalid) as error:
        return render(request, "pages/quotas.html", context | {"problem": error})
    cell = {c: v for c in inputs.layout.cells.columns if (v := request.GET.get(c, ""))}
    asked = _asked(request, key)
    try:
        edited, broken = use.try_edits(inputs, asked)
        inputs.layout.cells.matching(cell)
    except GeartrainError as error:
        messages.error(request, f"{error.message} {error.hint}")
        asked, cell = (asked, {}) if error.message.startswith("There is no cell") else ([], cell)
        _keep(request, key, asked)
        edited, broken = use.try_edits(inputs, asked)
    table = _grid(request, inputs, edited, cell)
    if (file := exported(request, table)) is not None:
        return file
    return render(request, "pages/quotas.html", context | _shown(request, inputs, edited, cell, asked, broken, table))


def _shown(
    request: Any,
    inputs: use.WorkspaceInputs,
    edited: Edited,
    cell: dict[str, str],
    asked: list[Edit],
    broken: Any,
    table: Table,
) -> dict[str, Any]:
    cells, tree = inputs.layout.cells, inputs.layout.tree
    seen = [tree.ids[n] for n in tree.depth_first if _sees(inputs, tree.ids[n])]
    currency = request.workspace.currency
    at = cells.matching(cell)
    top = tree.tops[0]
    amount = lambda held: money(cells.money(held), currency, whole=True)  # noqa: E731
    goal = sum(int(edited.sheet.base[top, c]) for c in at)
    leaves = [n for n, c in enumerate(tree.count) if not c]
    street = sum(int(edited.sheet.hedged[n, c]) for n in leaves for c in at)
    whole = inputs.visible is None
    return {
        "held": inputs.held,
        "grid": _rows(request, inputs, edited, cell),
        "cells": [(c, sorted({k[i] for k in cells.keys}), cell.get(c, "")) for i, c in enumerate(cells.columns)],
        "cell": cell,
        "query": urlencode({"policy": inputs.held.key, **cell}),
        "nodes": [(n, inputs.names.get(n, n)) for n in seen],
        "verbs": VERBS,
        "measures": use.MEASURES,
        "asked": [str(e) for e in asked],
        "effect": _effect(request, inputs, edited, len(asked)),
        "issues": [i for i in edited.sheet.issues if whole],
        "broken": broken,
        "table": table,
        "goal": amount(goal) if whole else "",
        "street": amount(street) if whole else "",
        "over": show(Decimal(street) / goal - 1, "ratio").text if whole and goal else "",
        "unallocated": edited.sheet.unallocated() if whole else [],
        "may_propose": request.actor.may(Permission.edit_policies),
    }


def _sees(inputs: use.WorkspaceInputs, node: str) -> bool:
    return inputs.visible is None or node in inputs.visible


def _rows(request: Any, inputs: use.WorkspaceInputs, edited: Edited, cell: dict[str, str]) -> list[dict[str, Any]]:
    """The nodes that the actor sees, depth first, with their amounts over the cells chosen."""
    tree, cells = inputs.layout.tree, inputs.layout.cells
    at, currency = cells.matching(cell), request.workspace.currency
    found = []
    for n in tree.depth_first:
        node = tree.ids[n]
        if not _sees(inputs, node):
            continue
        base, hedged, was = (
            cells.money(sum(int(held[n, c]) for c in at))
            for held in (edited.sheet.base, edited.sheet.hedged, inputs.given.base)
        )
        above = tree.parent[n]
        whole = sum(int(edited.sheet.base[above, c]) for c in at) * cells.quantum if above >= 0 else None
        found.append({
            "node_id": node,
            "name": inputs.names.get(node, node),
            "indent": INDENT * tree.depth[n],
            "leads": tree.count[n],
            "base": base,
            "hedged": hedged,
            "share": base / whole if whole else None,
            "shown": {
                "base": money(base, currency, whole=True),
                "hedged": money(hedged, currency, whole=True),
                "share": show(base / whole, "ratio").text if whole else "",
            },
            "top": above < 0,
            "changed": base != was,
        })  # fmt: skip
    return found


def _grid(request: Any, inputs: use.WorkspaceInputs, edited: Edited, cell: dict[str, str]) -> Table:
    """The same as a table, for the export."""
    columns = (
        Col("node_id", "Person"), Col("name", "Name"), Col("base", "Base", unit="money"),
        Col("hedged", "Hedged", unit="money"), Col("share", "Share of parent", unit="ratio"),
    )  # fmt: skip
    rows = _rows(request, inputs, edited, cell)
    return make_table(request, name="quotas", columns=columns, rows=rows, caption="Quotas", empty="Nobody.")


def _effect(request: Any, inputs: use.WorkspaceInputs, edited: Edited, asked: int) -> Table | None:
    if not asked:
        return None
    rows = [
        {**r, "name": inputs.names.get(r["node_id"], r["node_id"]), "difference": r["base_after"] - r["base_before"]}
        for r in edited.effect()
        if _sees(inputs, r["node_id"])
    ]
    columns = (
        Col("name", "Who"),
        *(Col(c, c.replace("_", " ").capitalize()) for c in inputs.layout.cells.columns),
        Col("base_before", "Base before", unit="money"),
        Col("base_after", "Base after", unit="money"),
        Col("difference", "Difference", unit="money"),
        Col("hedged_before", "Hedged before", unit="money"),
        Col("hedged_after", "Hedged after", unit="money"),
    )
    empty = "Nothing differs from what the policy gives."
    return make_table(request, name="effect", columns=columns, rows=rows, caption="What the edits change", empty=empty)


def change(request: Any) -> HttpResponse:
    """One more edit; kept with the person's session until it is undone or proposed."""
    given = {k: request.POST.get(k, "").strip() for k in ("policy", "verb", "node", "amount", "other", "measure")}

    def work() -> str:
        inputs = use.workspace_inputs(request.workspace, request.actor, policy=given["policy"])
        cell = {c: v for c in inputs.layout.cells.columns if (v := request.POST.get(f"cell-{c}", ""))}
        asked = [*_asked(request, given["policy"]), _edit(given, cell)]
        if len(asked) > MOST_EDITS:
            raise Invalid(f"There are {MOST_EDITS} edits already.", hint="Propose them first.")
        edited, _ = use.try_edits(inputs, asked)
        wrong = [i for i in edited.sheet.issues if i.code == "quota_edit_not_absorbed"]
        _keep(request, given["policy"], asked)
        if wrong:
            raise Invalid(wrong[0].message, hint=wrong[0].hint)
        return f"Tried: {asked[-1]}."

    return _back(request, work)


def _edit(given: dict[str, str], cell: dict[str, str]) -> Edit:
    amount = given["amount"].replace(",", "").replace(" ", "")
    verb, node = given["verb"], given["node"]
    tail = {"transfer": f":{given['other']}={amount}", "resplit": f"={given['measure']}", "freeze": ""}
    after = tail.get(verb, f"={amount}" if amount or verb in ("pin", "hedged") else "")
    if verb not in dict(VERBS):
        raise Invalid(f"'{verb}' is no edit.", hint="Choose one of the list.")
    return edit_in_words("pin" if verb == "hedged" else verb, f"{node}{after}", cell=cell, hedged=verb == "hedged")


def undo(request: Any) -> HttpResponse:
    """Leave one edit out, the last one or all of them."""
    key, which = request.POST.get("policy", ""), request.POST.get("which", "")

    def work() -> str:
        asked = _asked(request, key)
        if which == "all":
            kept = []
        else:
            at = int(which) if which.isdecimal() else len(asked) - 1
            kept = [e for n, e in enumerate(asked) if n != at]
        _keep(request, key, kept)
        return "Undone." if len(kept) < len(asked) else "There was nothing to undo."

    return _back(request, work)


def propose(request: Any) -> HttpResponse:
    """Send the policy with the edits to review."""
    key = request.POST.get("policy", "")

    def work() -> str:
        made = use.propose_edits(request.workspace, request.actor, policy=key, edits=_asked(request, key))
        _keep(request, key, [])
        return f"Version {made.version} of the quota policy is proposed. Somebody else approves it under Policies."

    return _back(request, work)


def _asked(request: Any, key: str) -> list[Edit]:
    return [Edit.model_validate(e) for e in request.session.get("quota_edits", {}).get(key, [])]


def _keep(request: Any, key: str, edits: list[Edit]) -> None:
    held = dict(request.session.get("quota_edits", {}))
    held[key] = [e.model_dump(mode="json", by_alias=True, exclude_defaults=True) for e in edits]
    request.session["quota_edits"] = held


def _back(request: Any, work: Any) -> HttpResponse:
    try:
        messages.success(request, work())
    except GeartrainError as error:
        messages.error(request, f"{error.message} {error.hint}")
    cell = {k.removeprefix("cell-"): v for k, v in request.POST.items() if k.startswith("cell-") and v}
    query = urlencode({"policy": request.POST.get("policy", ""), **cell})
    return HttpResponseRedirect(f"{reverse('quotas')}?{query}")


POST = ("POST",)
PAGE = Page(
    key="quotas",
    title="Quotas",
    path="quotas/",
    group=Group.planning,
    icon="productivity",
    order=70,
    permission=Permission.run_scenarios,
    view=quotas,
    routes=(
        Route("quotas/change/", change, "change-quotas", methods=POST),
        Route("quotas/undo/", undo, "undo-quotas", methods=POST),
        Route("quotas/propose/", propose, "propose-quotas", methods=POST),
    ),
)
