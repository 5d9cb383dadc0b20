"""geartrain territory solve"""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from geartrain.cli.output import Format, FormatOption
from geartrain.cli.territory.options import (
    AccountsOption,
    AdjacencyOption,
    PolicyOption,
    SellersOption,
    inputs_of,
    show,
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(solve)


def solve(
    accounts: AccountsOption,
    sellers: SellersOption,
    policy: PolicyOption,
    adjacency: AdjacencyOption = None,
    seconds: Annotated[float, typer.Option(help="Time budget; then the best found so far comes back.", min=0)] = 60,
    gap: Annotated[float, typer.Option(help="Good enough for a large problem, e.g. 0.005.", min=0)] = 0.001,
    format: FormatOption = Format.table,
) -> None:
    """Hand accounts to sellers: hard rules always kept, both balances, least cost, with a proven bound.

    Ctrl-C stops the search and answers with the best found so far.
    """
    from geartrain.services.planning.territories import solve_territories
    from geartrain.services.planning.territories_files import budget

    stopped: list[bool] = []
    before = signal.signal(signal.SIGINT, lambda *_: stopped.append(True))
    try:
        inputs = inputs_of(accounts, sellers, policy, adjacency)
        told = solve_territories(inputs, left=budget(seconds, lambda: bool(stopped)), gap=gap)
    finally:
        signal.signal(signal.SIGINT, before)
    show(format, told)
