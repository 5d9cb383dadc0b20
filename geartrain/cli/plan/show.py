"""geartrain plan show"""

from __future__ import annotations

from typing import Annotated

import typer

from geartrain.cli.options import AsOption, WorkspaceOption, acting
from geartrain.cli.output import Format, FormatOption, answer, console, print_issues

COLUMNS = ("link", "status", "figure", "value", "unit")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(show)


def show(
    capacity: Annotated[str, typer.Option(help="Key of the capacity_plan; otherwise the only one.")] = "",
    quota: Annotated[str, typer.Option(help="Key of the quota_policy; otherwise the only one.")] = "",
    territory: Annotated[str, typer.Option(help="Key of the territory_policy; otherwise the only one.")] = "",
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """The chain on one page: what each link gives, whether it closes, and what is missing."""
    from geartrain.services.planning.plan_chain import get_plan

    ws, actor = acting(workspace, login)
    found = get_plan(ws, actor, capacity=capacity, quota=quota, territory=territory)
    rows = [(k.title, k.status, f.label, f.value, f.unit) for k in found.links for f in k.figures]
    answer(format, COLUMNS, rows, whole=found.as_json())
    if format is Format.table:
        for link in found.links:
            console.print(f"{link.title}: {link.status}. {link.says}", highlight=False)
        print_issues([i for link in found.links for i in link.issues])
