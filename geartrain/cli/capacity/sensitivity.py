"""geartrain capacity sensitivity"""

from __future__ import annotations

from typing import Annotated

import typer

from geartrain.cli.capacity.options import PolicyOption, finish, plain, planned
from geartrain.cli.options import AsOption, WorkspaceOption
from geartrain.cli.output import Format, FormatOption, console, print_csv, print_json, print_rows, shown


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(sensitivity)


def sensitivity(
    policy: PolicyOption = None,
    seed: Annotated[int, typer.Option(help="Equal seeds, equal answers.")] = 1,
    runs: Annotated[int, typer.Option(help="How many times the plan is played.", min=1, max=100_000)] = 1000,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Ramp ± 1, attrition ± 5 points, productivity ± 10 %; and P10, P50, P90 by simulation."""
    from geartrain.planning.capacity.sensitivity import sensitivity as changed
    from geartrain.planning.capacity.sensitivity import simulate
    from geartrain.planning.quotas.sheet import told

    found = planned(policy, workspace, login)
    rows = changed(found.plan)
    played = simulate(found.plan, seed=seed, runs=runs)
    if format is Format.json:
        simulation = {**told(played), "periods": plain(played["periods"]), "total": told(played["total"])}
        listed = [i.as_json() for i in found.issues]
        whole = {"sensitivity": plain(rows), "simulation": simulation}
        print_json({**whole, "issues": listed, "manifest": found.manifest})
    elif format is Format.csv:
        print_csv(tuple(rows[0]), (tuple(r.values()) for r in rows))
    else:
        print_rows(tuple(rows[0]), [tuple(r.values()) for r in rows], title="Sensitivity")
        periods = played["periods"]
        print_rows(tuple(periods[0]), [tuple(r.values()) for r in periods], title=f"{runs:,} runs, seed {seed}")
        total = ", ".join(f"{k.upper()} {shown(v)}" for k, v in played["total"].items())
        chance = shown(played["chance_of_goal"])
        console.print(f"In all: {total}; chance of the goal {chance}.", highlight=False)
    finish(format, found.issues)
