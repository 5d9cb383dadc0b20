"""geartrain territory suggest"""

from __future__ import annotations

from typing import Annotated

import typer

from geartrain.cli.output import Format, FormatOption, answer, console
from geartrain.cli.territory.options import (
    AccountsOption,
    AssignmentOption,
    PolicyOption,
    SellersOption,
    assignment_of,
    inputs_of,
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(suggest)


def suggest(
    accounts: AccountsOption,
    sellers: SellersOption,
    policy: PolicyOption,
    assignment: AssignmentOption = None,
    seller: Annotated[
        list[str] | None, typer.Option("--seller", help="Bring only this seller into tolerance; may be repeated.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="Time budget; then the best found so far comes back.", min=0)] = 60,
    format: FormatOption = Format.table,
) -> None:
    """The fewest moves that bring a seller, a pair or everyone into tolerance; accounts of leavers are placed."""
    from geartrain.services.planning.territories import suggest_moves
    from geartrain.services.planning.territories_files import budget

    inputs = inputs_of(accounts, sellers, policy)
    told = suggest_moves(inputs, assignment_of(inputs, assignment), sellers=seller or (), left=budget(seconds))
    columns = ("account_id", "from", "to", "cost")
    answer(format, columns, [[m[c] for c in columns] for m in told["moves"]], whole=told, title="Moves")
    if format is Format.table:
        console.print("Everyone asked about is within tolerance." if told["settled"] else "Some stay out of tolerance:")
        for broken in [] if told["settled"] else told["violations"][:50]:
            console.print(f"  {broken['message']}")
