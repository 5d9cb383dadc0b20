"""geartrain initiatives"""

from __future__ import annotations

from typing import Annotated

import typer

from geartrain.cli.options import AsOfOption, AsOption, WorkspaceOption, acting, parse_day
from geartrain.cli.output import Format, FormatOption, answer, print_issues

COLUMNS = (
    "key", "name", "stage", "owner", "metric", "baseline", "value", "target", "reached", "rice", "cost", "go_live",
    "read_on", "late", "decide_by",
)  # fmt: skip
SHOWN = ("name", "stage", "metric", "baseline", "value", "target", "read_on")  # what fits a terminal
StageOption = Annotated[
    str, typer.Option("--stage", help="proposed, approved, building, adopting, verified, missed or stopped.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(initiatives)


def initiatives(
    stage: StageOption = "",
    as_of: AsOfOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """What RevOps works on: where each initiative stands, and whether its metric moved after going live."""
    from geartrain.services.selling.initiatives import list_initiatives

    ws, actor = acting(workspace, login)
    whole = list_initiatives(ws, actor, as_of=parse_day(as_of, option="--as-of"), stage=stage or None)
    columns = SHOWN if format is Format.table else COLUMNS
    rows = [[_cell(i[c]) for c in columns] for i in whole.as_json()["initiatives"]]
    answer(format, columns, rows, whole=whole.as_json(), title=f"Initiatives as of {whole.as_of}")
    if format is Format.table:
        print_issues(whole.issues)


def _cell(value: object) -> object:
    return ", ".join(value) if isinstance(value, list) else value
