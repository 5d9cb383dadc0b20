"""geartrain territory evaluate"""

from __future__ import annotations

import typer

from geartrain.cli.output import Format, FormatOption
from geartrain.cli.territory.options import (
    AccountsOption,
    AdjacencyOption,
    AssignmentOption,
    PolicyOption,
    SellersOption,
    assignment_of,
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
    adjacency: AdjacencyOption = None,
    assignment: AssignmentOption = None,
    format: FormatOption = Format.table,
) -> None:
    """What an assignment is worth: objective, balance, what stays, and every rule it breaks."""
    from geartrain.services.planning.territories import evaluate_territories

    inputs = inputs_of(accounts, sellers, policy, adjacency)
    show(format, evaluate_territories(inputs, assignment_of(inputs, assignment)))
