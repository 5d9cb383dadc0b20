"""geartrain territory evaluate"""

from __future__ import annotations

import typer

from geartrain.cli.output import Format, FormatOption
from geartrain.cli.territory.options import (
    AccountsOption,
    AssignmentOption,
    PolicyOption,
    SellersOption,
    inputs_of,
    show,
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(evaluate)


def evaluate(
    accounts: AccountsOption,
    sellers: SellersOption,
    policy: PolicyOption,
    assignment: AssignmentOption = None,
    format: FormatOption = Format.table,
) -> None:
    """What an assignment is worth: objective, balance, what stays, and every rule it breaks."""
    from geartrain.services.territories import evaluate_territories
    from geartrain.services.territories_files import owned, read_assignment

    inputs = inputs_of(accounts, sellers, policy)
    found = owned(inputs) if assignment is None else read_assignment(inputs, assignment)
    show(format, evaluate_territories(inputs, found))
