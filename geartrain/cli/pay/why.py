"""geartrain pay why"""

from __future__ import annotations

from typing import Annotated

import typer

from geartrain.cli.options import AsOption, WorkspaceOption, acting
from geartrain.cli.output import Format, FormatOption, answer

COLUMNS = ("plan", "measure", "credited", "reason")


def register(pay: typer.Typer) -> None:
    """Add the command."""
    pay.command()(why)


def why(
    deal: Annotated[str, typer.Argument(metavar="DEAL", help="Id of the opportunity, invoice or whatever pays.")],
    payee: Annotated[str, typer.Argument(metavar="PAYEE", help="User id.")],
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Why a deal is credited to somebody, or the first rule of each plan that left it out."""
    from geartrain.services.pay.why import explain_credit

    ws, actor = acting(workspace, login)
    rows = [w.as_json() for w in explain_credit(ws, actor, deal=deal, payee=payee)]
    whole = {"deal": deal, "payee": payee, "why": rows}
    answer(format, COLUMNS, [[r[c] for c in COLUMNS] for r in rows], whole=whole, title=f"{deal} for {payee}")
