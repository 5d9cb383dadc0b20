"""geartrain pay adjust, adjustments, adjust-approve, adjust-refuse"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

from geartrain.cli.options import AsOption, WorkspaceOption, acting
from geartrain.cli.output import Format, FormatOption, answer, console
from geartrain.kernel.errors import Invalid

COLUMNS = ("id", "state", "payee", "period", "kind", "amount", "currency", "budget", "asked_by", "decided_by", "reason")
IdArgument = Annotated[int, typer.Argument(metavar="ID", help="Number of the adjustment.")]


def register(pay: typer.Typer) -> None:
    """Add the commands."""
    pay.command()(adjust)
    pay.command("adjust-approve")(approve)
    pay.command("adjust-refuse")(refuse)
    pay.command()(adjustments)


def adjust(
    payee: Annotated[str, typer.Argument(metavar="PAYEE", help="User id.")],
    period: Annotated[str, typer.Argument(metavar="PERIOD", help="An open pay period.")],
    amount: Annotated[str, typer.Option(help="120.00, or -120.00 to take back.")],
    kind: Annotated[
        str, typer.Option("--type", "--kind", help="correction, guarantee, goodwill, spif, recovery or other.")
    ],
    budget: Annotated[str, typer.Option(help="Code it is charged to.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    dispute: Annotated[int | None, typer.Option(help="Number of the dispute it settles.")] = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Ask for an adjustment in an open period; it is paid once a second person approves it, within their limit."""
    from geartrain.services.pay.adjusting import request_adjustment

    ws, actor = acting(workspace, login)
    asked = {"payee": payee, "period": period, "kind": kind, "budget": budget, "reason": reason, "dispute": dispute}
    _tell(format, request_adjustment(ws, actor, amount=money_of(amount), **asked))  # type: ignore[arg-type]


def approve(
    id: IdArgument,
    note: Annotated[str, typer.Option(help="A word with it.")] = "",
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Say yes to somebody else's request: it is posted into its period."""
    from geartrain.services.pay.adjusting import approve_adjustment

    ws, actor = acting(workspace, login)
    _tell(format, approve_adjustment(ws, actor, id=id, note=note))


def refuse(
    id: IdArgument,
    note: Annotated[str, typer.Option("--note", "--reason", help="Why not.")],
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Say no to a request, or take one's own back."""
    from geartrain.services.pay.adjusting import refuse_adjustment

    ws, actor = acting(workspace, login)
    _tell(format, refuse_adjustment(ws, actor, id=id, note=note))


def adjustments(
    period: Annotated[str, typer.Option(help="Of this pay period.")] = "",
    state: Annotated[str, typer.Option(help="requested, approved or refused.")] = "",
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Adjustments by hand, waiting ones first."""
    from geartrain.services.pay.adjusting import list_adjustments

    ws, actor = acting(workspace, login)
    found = list_adjustments(ws, actor, period=period, state=state)
    answer(format, COLUMNS, [[a[c] for c in COLUMNS] for a in found], whole={"adjustments": found}, title="Adjustments")


def money_of(text: str) -> Decimal:
    """An amount as it is written.

    Raises:
        Invalid: not a number.
    """
    try:
        return Decimal(text.replace(",", "").strip())
    except InvalidOperation:
        raise Invalid(f"'{text}' is no amount.", hint="Write it as 120.00, or -120.00 to take back.") from None


def _tell(format: Format, found: dict[str, Any]) -> None:
    if format is not Format.table:
        answer(format, COLUMNS, [[found[c] for c in COLUMNS]], whole=found)
        return
    said = f"{found['amount']} {found['currency']} for {found['payee']} in {found['period']} is {found['state']}"
    console.print(f"Adjustment {found['id']}: {said}.", highlight=False)
