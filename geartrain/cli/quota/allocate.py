"""geartrain quota allocate"""

from __future__ import annotations

import typer

from geartrain.cli.options import AsOption, WorkspaceOption
from geartrain.cli.output import Format, FormatOption
from geartrain.cli.quota.options import HierarchyOption, PolicyOption, TargetsOption, inputs_of, show


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(allocate)


def allocate(
    hierarchy: HierarchyOption = None,
    targets: TargetsOption = None,
    policy: PolicyOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Hand a goal down the hierarchy, to the cent: base conserves at every parent, hedged is over-assigned."""
    from geartrain.planning.quotas.editing import decide

    found = inputs_of(hierarchy, targets, policy, workspace, login)
    show(format, decide(found.plan), found.manifest)
