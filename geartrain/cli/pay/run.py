"""geartrain pay run, approve, lock, replay"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from geartrain.cli.options import AsOption, WorkspaceOption, acting
from geartrain.cli.output import Format, FormatOption, answer, console, print_issues

PeriodArgument = Annotated[str, typer.Argument(metavar="PERIOD", help="A pay period: 2026-03, 2026Q1, 2026H1 or 2026.")]
COLUMNS = ("payee", "plan", "earned", "adjusted", "held", "paid")


def register(pay: typer.Typer) -> None:
    """Add the commands."""
    for command in (run, approve, lock, replay):
        pay.command()(command)


def run(
    period: PeriodArgument,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Calculate everybody's pay for a period."""
    from geartrain.services.pay.runs import run_pay

    ws, actor = acting(workspace, login)
    found = run_pay(ws, actor, period=period)
    whole = found.as_json()
    rows = [[s[c] for c in COLUMNS] for s in whole["statements"]]
    of = f"{whole['payees']} payees of {whole['plans']} plans"
    said = f"{whole['paid']} {whole['currency']} to {of} in {whole['period']}"
    answer(format, COLUMNS, rows, whole=whole, title=f"{said} ({found.status})")
    if format is Format.table:
        print_issues(found.issues)


def approve(
    period: PeriodArgument,
    side: Annotated[str | None, typer.Option(help="sales or finance.")] = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Approve a calculated period, for sales or for finance; two different people do."""
    from geartrain.services.pay.ledger import approve_pay

    ws, actor = acting(workspace, login)
    _tell(format, approve_pay(ws, actor, period=period, side=side))


def lock(
    period: PeriodArgument,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Lock an approved period for good."""
    from geartrain.services.pay.ledger import lock_pay

    ws, actor = acting(workspace, login)
    _tell(format, lock_pay(ws, actor, period=period))


def replay(
    period: PeriodArgument,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Post into this open period what locked periods show otherwise now."""
    from geartrain.services.pay.ledger import replay_pay

    ws, actor = acting(workspace, login)
    found = replay_pay(ws, actor, period=period)
    columns = ("payee", "origin", "component", "deal", "old", "new", "amount", "cause")
    rows = [[a[c] for c in columns] for a in found["adjustments"]]
    answer(format, columns, rows, whole=found, title=f"{found['amount']} posted into {found['period']}")


def _tell(format: Format, whole: dict[str, Any]) -> None:
    if format is Format.table:
        console.print(f"{whole['period']} is {whole['status'].replace('_', ' ')}.", highlight=False)
    else:
        answer(format, tuple(whole), [[str(v) for v in whole.values()]], whole=whole)
