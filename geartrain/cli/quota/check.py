"""geartrain quota check"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geartrain.cli.options import AsOption, WorkspaceOption
from geartrain.cli.output import Format, FormatOption, answer, console, print_issues
from geartrain.cli.quota.options import HierarchyOption, PolicyOption, TargetsOption, inputs_of
from geartrain.kernel.issues import Level

COLUMNS = ("code", "level", "message", "where", "hint")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)


def check(
    file: Annotated[Path | None, typer.Argument(metavar="[QUOTAS]", help="JSON or CSV of quota allocate.")] = None,
    quotas: Annotated[Path | None, typer.Option("--quotas", help="The same file, as an option.")] = None,
    hierarchy: HierarchyOption = None,
    targets: TargetsOption = None,
    policy: PolicyOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Conservation at every parent, hedge identities at every node, targets at the top: tolerance 0.

    Without a file, what the policy gives now is checked. Ends with 1 where something does not hold.
    """
    from geartrain.services.planning.quotas_checks import check_sheet

    found = inputs_of(hierarchy, targets, policy, workspace, login)
    checked = check_sheet(found, file or quotas)
    wrong = [i for i in checked.issues if i.level is Level.error]
    if format is Format.table:
        console.print(
            f"{checked.amounts:,} quotas in {checked.cells:,} cells checked: "
            f"{f'{len(wrong):,} things do not hold' if wrong else 'everything holds'}.",
            highlight=False,
        )
        print_issues(checked.issues)
    else:
        rows = [tuple(i.as_json()[c] for c in COLUMNS) for i in checked.issues]
        answer(format, COLUMNS, rows, whole={**checked.as_json(), "manifest": found.manifest})
    if wrong:
        raise typer.Exit(1)
