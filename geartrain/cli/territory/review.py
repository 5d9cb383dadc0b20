"""geartrain territory review"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import typer

from geartrain.cli.output import Format, FormatOption, console, print_csv, print_rows
from geartrain.cli.territory.options import (
    AccountsOption,
    AssignmentOption,
    PolicyOption,
    SellersOption,
    assignment_of,
    inputs_of,
    show,
)
from geartrain.kernel.errors import Invalid


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(review)


def review(
    accounts: AccountsOption,
    sellers: SellersOption,
    policy: PolicyOption,
    assignment: AssignmentOption = None,
    sheet: Annotated[Path | None, typer.Option(help="CSV that came back: account_id, decision, comment.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the sheet to be filled in here.")] = None,
    format: FormatOption = Format.table,
) -> None:
    """A sheet of the moves for managers to accept or reject; or, with --sheet, what they decided worked in."""
    from geartrain.services.planning.territories_review import review_sheet, review_territories

    if assignment is None:
        raise Invalid("--assignment is missing.", hint="A CSV with account_id and to: what is under review.")
    inputs = inputs_of(accounts, sellers, policy)
    found = assignment_of(inputs, assignment)
    if sheet is None:
        columns, rows = review_sheet(inputs, found)
        if output is None:
            print_csv(columns, ([row[c] for c in columns] for row in rows))
            return
        with output.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        console.print(f"{output}: {len(rows):,} moves to decide.")
        return
    told = review_territories(inputs, found, sheet)
    show(format, told)
    if format is Format.table:
        counts = (len(told["accepted"]), len(told["rejected"]), len(told["open"]))
        console.print("{:,} accepted, {:,} rejected and left where they were, {:,} not decided.".format(*counts))
        moves = [[m[c] for c in ("account_id", "from", "to", "cost")] for m in told["repair"]]
        print_rows(("account_id", "from", "to", "cost"), moves, title="Fewest moves back into balance")
