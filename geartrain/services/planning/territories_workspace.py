"""Territories of a workspace: its accounts and sellers as one may see them, moved on trial, proposed for approval."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

from ruamel.yaml import YAML

from geartrain.kernel.errors import Invalid, NotFound
from geartrain.planning.territories.company import company_tables
from geartrain.services.access import Actor, Permission, require
from geartrain.services.answers import remembered
from geartrain.services.governance import propose_policy
from geartrain.services.governance.rows import VersionInfo
from geartrain.services.planning.territories import (
    evaluate_territories,
    solve_territories,
    suggest_moves,
    swap_accounts,
    trade_off,
)
from geartrain.services.planning.territories_files import Inputs, budget, owned
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import open_facts
from geartrain.services.workspace import Workspace

KIND = "territory_policy"
MOST = 200  # moves tried at a time


def list_territory_policies(ws: Workspace, actor: Actor) -> dict[str, str]:
    """Key and name of every territory policy in force."""
    require(actor, Permission.view_records)
    return {key: p.name for key, p in current_policies(ws).of(KIND).items()}


def workspace_inputs(ws: Workspace, actor: Actor, *, policy: str) -> Inputs:
    """What territories are worked out from, of the accounts and sellers that the actor may see.

    Sellers are those who are active and take part by the policy or, where it does not say, own an account.

    Raises:
        NotFound: no such policy is in force.
    """
    require(actor, Permission.view_records)
    found = current_policies(ws).get(KIND, policy)
    with open_facts(ws, actor) as facts:

        def work() -> Inputs:
            one, two = company_tables(facts, found.spec)
            return Inputs(found.spec, one, two, {"facts": facts.id, "policy": found.sha256})

        return remembered(("territories", found.sha256, facts.scope()), work)


def try_moves(ws: Workspace, actor: Actor, *, policy: str, moves: Mapping[str, str]) -> tuple[Inputs, dict[str, Any]]:
    """The territories of a workspace with these moves on trial; nothing is written.

    Raises:
        NotFound: no such policy. Invalid: an account or seller that there is not, or more moves than are tried.
    """
    if len(moves) > MOST:
        raise Invalid(f"{len(moves)} moves are too many at a time.", hint=f"Propose {MOST} of them first.")
    inputs = workspace_inputs(ws, actor, policy=policy)
    now = owned(inputs)
    return inputs, swap_accounts(inputs, now, moves) if moves else evaluate_territories(inputs, now)


def suggest_workspace(ws: Workspace, actor: Actor, *, policy: str, seconds: float = 10) -> dict[str, Any]:
    """The fewest moves that bring everyone into tolerance."""
    inputs = workspace_inputs(ws, actor, policy=policy)
    return suggest_moves(inputs, owned(inputs), left=budget(seconds))


def solve_workspace(ws: Workspace, actor: Actor, *, policy: str, seconds: float = 8) -> dict[str, Any]:
    """The best books that can be found in that time, with what is proven about better ones."""
    return solve_territories(workspace_inputs(ws, actor, policy=policy), left=budget(seconds))


def frontier_workspace(
    ws: Workspace,
    actor: Actor,
    *,
    policy: str,
    seconds: float = 120,
    report_on: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """What balance costs at each tolerance, and how much stays with its owner."""
    return trade_off(workspace_inputs(ws, actor, policy=policy), left=budget(seconds), report_on=report_on)


def propose_moves(
    ws: Workspace, actor: Actor, *, policy: str, moves: Mapping[str, str], key: str, summary: str = ""
) -> VersionInfo:
    """Ask for approval of moves, as a policy that somebody else approves and that then holds from a day on.

    Raises:
        Invalid: no moves, or some that there cannot be.
    """
    require(actor, Permission.edit_policies)
    if not moves:
        raise Invalid("There is nothing to propose.", hint="Move an account first.")
    _, told = try_moves(ws, actor, policy=policy, moves=moves)
    if not told["moves"]:
        raise Invalid("These accounts are with these sellers already.", hint="Move an account first.")
    body = {
        "kind": "territory_assignment",
        "key": key,
        "name": f"Moves under {policy}",
        "owner": actor.login,
        "definition": summary or f"{len(told['moves'])} accounts change hands.",
        "spec": {
            "policy": policy,
            "moves": [{"account_id": m["account_id"], "from": m["from"] or "", "to": m["to"]} for m in told["moves"]],
        },
    }
    out = io.StringIO()
    writer = YAML()
    writer.default_flow_style = False
    writer.dump(body, out)
    return propose_policy(ws, actor, text=out.getvalue(), summary=summary or f"{len(told['moves'])} moves")


def known_policy(ws: Workspace, actor: Actor, asked: str) -> str | None:
    """The policy asked for, else the first; None where there is none.

    Raises:
        NotFound: the one asked for is not there.
    """
    every = list_territory_policies(ws, actor)
    if asked and asked not in every:
        raise NotFound(f"There is no territory policy '{asked}'.")
    return asked or next(iter(every), None)
