"""geartrain pay plan send, sign, signatures"""

from __future__ import annotations

from typing import Annotated

import typer

from geartrain.cli.options import AsOption, WorkspaceOption, acting
from geartrain.cli.output import Format, FormatOption, answer, console
from geartrain.cli.pay.plan import plan_group

SENT = ("id", "payee", "comp_plan", "state", "sent_at", "plan_sha256", "letter_sha256")


def register(pay: typer.Typer) -> None:
    """Add the commands to the group of plans."""
    for command in (send, sign, signatures):
        plan_group(pay).command()(command)


def send(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Key of a plan in force.")],
    payee: Annotated[str | None, typer.Option(help="Only to this person.")] = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Send the plan in words and the quota letter to everybody eligible, to be accepted."""
    from geartrain.services.pay.signing import send_plan

    ws, actor = acting(workspace, login)
    found = send_plan(ws, actor, comp_plan=key, payee=payee)
    answer(format, SENT, [[s[c] for c in SENT] for s in found], whole={"plan": key, "sent": found}, title="Sent")


def sign(
    id: Annotated[int, typer.Argument(metavar="ID", help="Number of what was sent.")],
    plan_sha256: Annotated[str, typer.Option("--plan-sha256", help="Hash of the plan's text that was read.")],
    letter: Annotated[str, typer.Option("--letter-sha256", help="Hash of the quota letter that was read.")],
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Accept what one was sent: with --as, the payee alone."""
    from geartrain.services.pay.signing import accept_plan

    ws, actor = acting(workspace, login)
    found = accept_plan(ws, actor, id=id, plan_sha256=plan_sha256, letter_sha256=letter)
    if format is Format.table:
        console.print(f"{found['payee']} accepted {found['comp_plan']} at {found['accepted_at']}.", highlight=False)
    else:
        answer(format, SENT, [[found[c] for c in SENT]], whole=found)


def signatures(
    period: Annotated[str, typer.Option(help="Also what each is paid in this period.")] = "",
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Who has accepted their plan, and who earns on one they have not."""
    from geartrain.services.pay.signing import list_signatures

    ws, actor = acting(workspace, login)
    found = list_signatures(ws, actor, period=period)
    columns = ("payee", "plan", "state", "sent_at", "read_at", "accepted_at", *(("paid",) if period else ()))
    unsigned = sum(s["state"] != "accepted" for s in found)
    whole = {"period": period or None, "unsigned": unsigned, "signatures": found}
    answer(format, columns, [[s[c] for c in columns] for s in found], whole=whole, title=f"{unsigned} not accepted")
