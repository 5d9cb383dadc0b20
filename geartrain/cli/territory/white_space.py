"""geartrain territory white-space"""

from __future__ import annotations

from typing import Annotated

import typer

from geartrain.cli.output import Format, FormatOption, answer, console, print_rows
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
    app.command("white-space")(white_space)


def white_space(
    accounts: AccountsOption,
    sellers: SellersOption,
    policy: PolicyOption,
    assignment: AssignmentOption = None,
    segment: Annotated[str, typer.Option(help="Column of the accounts by which coverage is told.")] = "",
    same: Annotated[str, typer.Option(help="Column that duplicates share; otherwise name and website.")] = "",
    format: FormatOption = Format.table,
) -> None:
    """Accounts nobody owns, duplicates owned by several, and segments that are covered thinly."""
    from geartrain.services.planning.territories_review import report_white_space

    inputs = inputs_of(accounts, sellers, policy)
    told = report_white_space(inputs, assignment_of(inputs, assignment), segment=segment, touching=same)
    rows: list[list[object]] = [["unowned", u["account_id"], ""] for u in told["unowned"]]
    rows += [["duplicate", ", ".join(d["account_ids"]), ", ".join(d["sellers"])] for d in told["duplicates"]]
    rows += [
        ["thin segment", s["segment"], f"{s['owned']} of {s['accounts']} owned"] for s in told["segments"] if s["thin"]
    ]
    answer(format, ("finding", "what", "detail"), rows, whole=told, title="White space")
    if format is Format.table and told["segments"]:
        kept = ("segment", "accounts", "owned", "sellers", "thin")
        print_rows(kept, [[s[c] for c in kept] for s in told["segments"]], title="Segments")
    if format is Format.table and not rows:
        console.print("Nothing falls between the sellers.")
