"""geartrain territory frontier"""

from __future__ import annotations

from typing import Annotated

import typer

from geartrain.cli.output import Format, FormatOption, answer, console
from geartrain.cli.territory.options import AccountsOption, PolicyOption, SellersOption, inputs_of
from geartrain.kernel.errors import Invalid


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(frontier)


def frontier(
    accounts: AccountsOption,
    sellers: SellersOption,
    policy: PolicyOption,
    tolerance: Annotated[
        list[float] | None, typer.Option("--tolerance", help="A tolerance of every measure; may be repeated.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="Time budget of all of them together.", min=0)] = 120,
    format: FormatOption = Format.table,
) -> None:
    """Balance against disruption: what each tolerance costs, and how much revenue stays with its owner."""
    from geartrain.services.planning.territories import USUAL, trade_off
    from geartrain.services.planning.territories_files import budget

    asked = tolerance or list(USUAL)
    if wrong := next((t for t in asked if not 0 <= t < 1e3), None):
        raise Invalid(f"--tolerance {wrong} is no tolerance.", hint="Write 0.1 for plus and minus ten per cent.")
    told = trade_off(inputs_of(accounts, sellers, policy), asked, left=budget(seconds))
    columns = ("tolerance", "status", "objective", "price_of_balance", "accounts_kept", "revenue_kept", "violations")
    answer(format, columns, [[p[c] for c in columns] for p in told["frontier"]], whole=told, title="Frontier")
    if format is Format.table:
        console.print(f"Without any balance it would cost {told['without_balance']:,.2f}.")
