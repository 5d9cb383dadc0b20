"""geartrain backup, restore"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geartrain.cli.options import WorkspaceOption, acting
from geartrain.cli.output import Bars, Format, FormatOption, console, print_issues, print_json, problems
from geartrain.kernel.errors import Invalid


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(backup)
    app.command()(restore)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write, e.g. geartrain-2026-09-30.tar.")],
    check: Annotated[bool, typer.Option("--check", help="Only see whether a backup that is there is whole.")] = False,
    format: FormatOption = Format.table,
    workspace: WorkspaceOption = None,
) -> None:
    """Write settings, policies and both stores into one file; the site may serve and load meanwhile."""
    from geartrain.services import backup as use

    if check:
        found = use.look(file)
    else:
        ws, actor = acting(workspace)
        with Bars() as bars:
            found = use.backup(ws, actor, file=file, progress=bars)
    if format is not Format.table:
        _need_json(format)
        print_json({"backup": found.as_json()})
        return
    said = "Whole:" if check else "Wrote"
    console.print(
        f"{said} [bold]{found.file}[/]: {found.files} files, {found.bytes:,} bytes, {found.at}", soft_wrap=True
    )
    if not check:
        console.print("[dim]It holds everybody's pay and the site's secret: keep it where only you can read it.[/]")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What geartrain backup wrote.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make; new or empty.")],
    warehouse_url: Annotated[
        str, typer.Option(help="An empty database for the facts, where they were in PostgreSQL.")
    ] = "",
    decisions_url: Annotated[
        str, typer.Option(help="An empty database for the decisions, where they were in PostgreSQL.")
    ] = "",
    format: FormatOption = Format.table,
) -> None:
    """Make a workspace of a backup. The file is checked before anything is written; nothing is ever written over."""
    from geartrain.services import backup as use

    with Bars() as bars:
        found = use.restore(file, folder, warehouse_url=warehouse_url, decisions_url=decisions_url, progress=bars)
    if format is not Format.table:
        _need_json(format)
        issues = [i.as_json() for i in found.issues]
        whole = {"whole": found.whole, "damages": found.damages, "issues": issues}
        print_json({"workspace": str(found.workspace.path), "backup": found.backup.as_json(), **whole})
    elif found.whole:
        console.print(
            f"Restored [bold]{found.workspace.path}[/] as of {found.backup.at}; all of it is whole.", soft_wrap=True
        )
    else:
        print_issues(found.issues)
        for damage in found.damages:
            problems.print(f"[red]error[/] {damage}", soft_wrap=True)
    if not found.whole:
        raise typer.Exit(2)


def _need_json(format: Format) -> None:
    if format is Format.csv:
        raise Invalid("A backup is no table.", hint="Ask for --format json.")
