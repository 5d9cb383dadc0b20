"""geartrain territory swap"""

from __future__ import annotations

from typing import Annotated

import typer

from geartrain.cli.output import Format, FormatOption, console, print_csv, print_json, print_rows
from geartrain.cli.territory.options import (
    BALANCED,
    AccountsOption,
    AssignmentOption,
    PolicyOption,
    SellersOption,
    assignment_of,
    inputs_of,
)
from geartrain.kernel.errors import Invalid


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(swap)


def swap(
    accounts: AccountsOption,
    sellers: SellersOption,
    policy: PolicyOption,
    move: Annotated[list[str], typer.Option("--move", help="ACCOUNT=SELLER; may be repeated.")],
    assignment: AssignmentOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Move accounts by hand: what it does to cost, balance and rules, and what could be given back. Writes nothing."""
    from geartrain.services.planning.territories import swap_accounts

    moves = {}
    for text in move:
        account, sign, seller = text.rpartition("=")
        if not sign or not account or not seller:
            raise Invalid(f"--move '{text}' is not a move.", hint="Write --move A1=R1.")
        moves[account.strip()] = seller.strip()
    inputs = inputs_of(accounts, sellers, policy)
    told = swap_accounts(inputs, assignment_of(inputs, assignment), moves)
    columns = ("account_id", "from", "to", "cost")
    rows = [[m[c] for c in columns] for m in told["moves"]]
    if format is Format.json:
        print_json(told)
        return
    if format is Format.csv:
        print_csv(columns, rows)
        return
    print_rows(columns, rows, title="Moves")
    touched = {m[side] for m in told["moves"] for side in ("from", "to")}
    print_rows(BALANCED, [[b[c] for c in BALANCED] for b in told["balance"] if b["seller"] in touched], title="Balance")
    console.print(f"The objective changes by {told['cost']:+,.2f}.")
    back = [(", ".join(g["accounts"]), g["from"], g["to"], g["cost"], g["max_deviation"]) for g in told["give_back"]]
    print_rows(("accounts", "from", "to", "cost", "max deviation"), back, title="To give back")
    for broken in told["new_violations"]:
        console.print(f"[yellow]Breaks:[/] {broken['message']}")
