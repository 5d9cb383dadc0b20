"""geartrain pay dispute open, triage, accept, reject, close, list"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from geartrain.cli.options import AsOption, WorkspaceOption, acting
from geartrain.cli.output import Format, FormatOption, answer, console
from geartrain.cli.pay.adjust import money_of

IdArgument = Annotated[int, typer.Argument(metavar="ID", help="Number of the dispute.")]
CauseOption = Annotated[str, typer.Option("--root-cause", help="What caused it, e.g. 'late split'.")]
COLUMNS = ("id", "state", "payee", "period", "kind", "deal", "due", "late", "root_cause", "text")


def register(pay: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Disputes about statements, on a clock.", no_args_is_help=True)
    pay.add_typer(group, name="dispute")
    group.command("open")(open_)
    for command in (triage, accept, reject, close):
        group.command()(command)
    group.command("list")(list_)
    group.command()(show)


def open_(
    payee: Annotated[str, typer.Argument(metavar="PAYEE", help="User id.")],
    period: Annotated[str, typer.Argument(metavar="PERIOD", help="The statement's period.")],
    kind: Annotated[
        str,
        typer.Option("--kind", "--type", help="missing_credit, amount, split, rate, date or reading (of the plan)."),
    ],
    text: Annotated[str, typer.Option("--text", "--reason", help="What is wrong, in your words.")],
    component: Annotated[str, typer.Option(help="Of the line.")] = "",
    deal: Annotated[str, typer.Option(help="Of the line, or the one that is missing.")] = "",
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Say that a statement is wrong."""
    from geartrain.services.pay.disputes import open_dispute

    ws, actor = acting(workspace, login)
    what = {"payee": payee, "period": period, "component": component, "deal": deal}
    _tell(format, open_dispute(ws, actor, **what, kind=kind, text=text))


def triage(
    id: IdArgument,
    cause: CauseOption = "",
    note: Annotated[str, typer.Option(help="What is known so far.")] = "",
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Take a dispute up."""
    from geartrain.services.pay.disputes import triage_dispute

    ws, actor = acting(workspace, login)
    _tell(format, triage_dispute(ws, actor, id=id, root_cause=cause, note=note))


def accept(
    id: IdArgument,
    text: Annotated[str, typer.Option("--answer", "--reason", help="What is corrected.")],
    cause: CauseOption = "",
    amount: Annotated[str | None, typer.Option(help="Of an adjustment; without one the source is corrected.")] = None,
    into: Annotated[str, typer.Option(help="The open period the adjustment goes into.")] = "",
    budget: Annotated[str, typer.Option(help="Code the adjustment is charged to.")] = "",
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Agree: correct the source, or ask for an adjustment, which a second person approves."""
    from geartrain.services.pay.disputes import accept_dispute

    ws, actor = acting(workspace, login)
    paid = {"amount": None if amount is None else money_of(amount), "into": into, "budget": budget}
    _tell(format, accept_dispute(ws, actor, id=id, answer=text, root_cause=cause, **paid))  # type: ignore[arg-type]


def reject(
    id: IdArgument,
    text: Annotated[str, typer.Option("--answer", "--reason", help="Why it is right as it stands.")],
    cause: CauseOption = "",
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Disagree; the line's arithmetic, or the rule that left the deal out, goes with the answer."""
    from geartrain.services.pay.disputes import reject_dispute

    ws, actor = acting(workspace, login)
    _tell(format, reject_dispute(ws, actor, id=id, answer=text, root_cause=cause))


def close(
    id: IdArgument, format: FormatOption = Format.table, login: AsOption = None, workspace: WorkspaceOption = None
) -> None:
    """Put a decided dispute away."""
    from geartrain.services.pay.disputes import close_dispute

    ws, actor = acting(workspace, login)
    _tell(format, close_dispute(ws, actor, id=id))


def show(
    id: IdArgument, format: FormatOption = Format.table, login: AsOption = None, workspace: WorkspaceOption = None
) -> None:
    """One dispute, with the arithmetic it is about."""
    from geartrain.services.pay.disputes import get_dispute

    ws, actor = acting(workspace, login)
    _tell(format, get_dispute(ws, actor, id=id))


def list_(
    state: Annotated[str, typer.Option(help="opened, triaged, accepted, rejected or closed.")] = "",
    payee: Annotated[str, typer.Option(help="User id.")] = "",
    period: Annotated[str, typer.Option(help="The statement's period.")] = "",
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """The disputes one may see, open ones first."""
    from geartrain.services.pay.disputes import list_disputes

    ws, actor = acting(workspace, login)
    found = list_disputes(ws, actor, state=state, payee=payee, period=period)
    answer(format, COLUMNS, [[d[c] for c in COLUMNS] for d in found], whole={"disputes": found}, title="Disputes")


def _tell(format: Format, found: dict[str, Any]) -> None:
    if format is not Format.table:
        answer(format, COLUMNS, [[found[c] for c in COLUMNS]], whole=found)
        return
    said = f"Dispute {found['id']} of {found['payee']} on {found['period']} is {found['state']}, due {found['due']}."
    console.print(said, highlight=False)
    for line in found.get("now") or found["trace"]:
        console.print(f"  {line}", highlight=False, markup=False)
