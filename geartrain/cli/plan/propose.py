"""geartrain plan propose"""

from __future__ import annotations

from typing import Annotated

import typer

from geartrain.cli.options import AsOption, WorkspaceOption, acting
from geartrain.cli.output import Format, FormatOption, answer

COLUMNS = ("kind", "key", "version", "status")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(propose)


def propose(
    key: Annotated[str, typer.Argument(help="Key of a scenario.")],
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Send every draft of a scenario to review: somebody else approves each."""
    from geartrain.services.planning.plan_trials import propose_scenario

    ws, actor = acting(workspace, login)
    rows = [(v.kind, v.key, v.version, str(v.status)) for v in propose_scenario(ws, actor, key=key)]
    answer(format, COLUMNS, rows, whole={"proposed": [dict(zip(COLUMNS, r, strict=True)) for r in rows]})
