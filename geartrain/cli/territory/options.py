"""What the commands of territories share: where they read from, and how an assignment is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geartrain.cli.output import Format, console, print_csv, print_issues, print_json, print_rows
from geartrain.kernel.issues import Issue, Level

if TYPE_CHECKING:
    from geartrain.planning.territories.report import Assignment
    from geartrain.services.planning.territories_files import Inputs

AccountsOption = Annotated[
    Path,
    typer.Option("--accounts", help="CSV: the account record plus workload, visits, current_revenue, open_pipeline."),
]
SellersOption = Annotated[
    Path,
    typer.Option("--sellers", help="CSV: the user record plus latitude, longitude, capacity_hours, ramp, languages."),
]
PolicyOption = Annotated[Path, typer.Option("--policy", help="YAML of a territory_policy.")]
AdjacencyOption = Annotated[
    Path | None,
    typer.Option("--adjacency", help="CSV of places that touch, in two columns: territories in one piece."),
]
AssignmentOption = Annotated[
    Path | None,
    typer.Option("--assignment", help="CSV: account_id and to; otherwise who owns the accounts today."),
]
ASSIGNED = ("account_id", "from", "to", "reason")
BALANCED = ("seller", "measure", "load", "target", "index_before", "index_after", "within")


def inputs_of(accounts: Path, sellers: Path, policy: Path, adjacency: Path | None = None) -> Inputs:
    """The inputs of a command."""
    from geartrain.services.planning.territories_files import read_inputs

    return read_inputs(accounts, sellers, policy, adjacency)


def assignment_of(inputs: Inputs, file: Path | None) -> Assignment:
    """The assignment of a file, or that of today."""
    from geartrain.services.planning.territories_files import owned, read_assignment

    return owned(inputs) if file is None else read_assignment(inputs, file)


def show(format: Format, told: dict[str, Any]) -> None:
    """An assignment in the format asked for: CSV has the accounts, a table what a person needs first."""
    if format is Format.json:
        print_json(told)
        return
    if format is Format.csv:
        columns = (*ASSIGNED, "runner_up", "runner_up_price")
        print_csv(columns, (_row(a) for a in told["assignments"]))
        return
    _headline(told)
    print_rows(BALANCED, [[b[c] for c in BALANCED] for b in told["balance"]], title="Balance")
    moved = [[a[c] for c in ASSIGNED] for a in told["assignments"] if a["from"] != a["to"]]
    print_rows(ASSIGNED, moved[:100], title=f"Moves ({len(moved):,})")
    if len(moved) > 100:
        console.print(f"[dim]The first 100 of {len(moved):,}; --format csv or json has all.[/]")
    for name in ("violations", "certificates", "relaxations"):
        if told.get(name):
            print_rows((name,), [(v["message"],) for v in told[name][:50]], title=name.capitalize())
    print_issues(Issue(**{**i, "level": Level(i["level"])}) for i in told.get("issues", ()))


def _row(assigned: dict[str, Any]) -> list[Any]:
    next_ = assigned["runner_up"] or {}
    return [*(assigned[c] for c in ASSIGNED), next_.get("seller"), next_.get("price")]


def _headline(told: dict[str, Any]) -> None:
    kept = told["retained"]
    text = f"Objective [bold]{told['objective']:,.2f}[/]"
    if told.get("bound") is not None:
        gap = "n/a" if told["gap"] is None else f"{told['gap']:.3%}"
        text += f", proven to be at least {told['bound']:,.2f} (gap {gap})"
    text += f"; {kept['accounts']:,} accounts and {kept['revenue']:,} revenue stay with their owner"
    console.print(f"{text}." if "status" not in told else f"{told['status'].capitalize()}. {text}.")
