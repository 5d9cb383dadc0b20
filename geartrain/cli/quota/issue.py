"""geartrain quota issue"""

from __future__ import annotations

from typing import Annotated

import typer

from geartrain.cli.options import AsOption, WorkspaceOption, acting, parse_day
from geartrain.cli.output import Format, FormatOption, answer, console, shown


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(issue)


def issue(
    policy: Annotated[str, typer.Option("--policy", help="Key of a published quota_policy.")] = "",
    since: Annotated[
        str | None, typer.Option("--since", help="Only periods that begin then or later; what was before stays.")
    ] = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Put a published policy's quotas in force: kept as records, letters sent to be signed."""
    from geartrain.services.planning.quotas_issue import issue_quotas

    ws, actor = acting(workspace, login)
    made = issue_quotas(ws, actor, policy=policy, since=parse_day(since, option="--since"))
    whole = made.as_json()
    if format is Format.table:
        console.print(
            f"{made.quotas} quotas, {shown(made.total)} in all, from version {made.version} of '{made.policy}'; "
            f"{len(made.asked)} people are asked to sign.",
            highlight=False,
        )
        return
    columns = ("policy", "version", "load_id", "quotas", "total", "since")
    answer(format, columns, [tuple(whole[c] for c in columns)], whole=whole)
