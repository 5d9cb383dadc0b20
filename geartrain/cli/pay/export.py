"""geartrain pay export"""

from __future__ import annotations

from typing import Annotated

import typer

from geartrain.cli.options import AsOption, WorkspaceOption, acting
from geartrain.cli.output import Format, FormatOption, answer
from geartrain.cli.pay.run import PeriodArgument


def register(pay: typer.Typer) -> None:
    """Add the command."""
    pay.command()(export)


def export(
    period: PeriodArgument,
    kind: Annotated[str, typer.Option(help="payroll, accrual (journal) or asc340 (asset roll-forward).")] = "payroll",
    life: Annotated[int, typer.Option(help="Months over which commissions are written off.")] = 36,
    format: FormatOption = Format.csv,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """The payroll file by pay group, the accrual journal, or the asset of commissions, as CSV."""
    from geartrain.services.pay.exports import export_pay

    ws, actor = acting(workspace, login)
    rows = export_pay(ws, actor, period=period, kind=kind, life=life)
    columns = tuple(rows[0]) if rows else ("payee", "amount")
    answer(format, columns, [list(r.values()) for r in rows], whole={"period": period, "kind": kind, "rows": rows})
