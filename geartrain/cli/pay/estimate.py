"""geartrain pay estimate"""

from __future__ import annotations

from typing import Annotated

import typer

from geartrain.cli.options import AsOption, WorkspaceOption, acting
from geartrain.cli.output import Format, FormatOption, answer, console
from geartrain.cli.pay.quote import read_given

HELP = (
    'JSON: \\[{"deal": "O-1", "close": "2026-06-30"}, {"amount": 50000, "close": "2026-06-12", "type": "new"}]; '
    "or a file of it, or - for standard input."
)
COLUMNS = ("date", "deal", "component", "credit", "amount", "says")


def register(pay: typer.Typer) -> None:
    """Add the command."""
    pay.command()(estimate)


def estimate(
    payee: Annotated[str, typer.Argument(metavar="PAYEE", help="User id.")],
    deals: Annotated[str, typer.Option("--deals", help=HELP)],
    period: Annotated[str, typer.Option(help="A pay period; the one that the last deal is paid in where empty.")] = "",
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """What somebody would be paid if these deals closed."""
    from geartrain.services.pay.estimating import estimate_pay

    ws, actor = acting(workspace, login)
    found = estimate_pay(ws, actor, payee=payee, deals=read_given(deals), period=period)
    answer(format, COLUMNS, [[x[c] for c in COLUMNS] for x in found["lines"]], whole=found, title="Of these deals")
    if format is Format.table:
        more = f"{found['difference']} more than now"
        console.print(f"{found['period']} would pay {found['paid']} {found['currency']}, {more}.", highlight=False)
