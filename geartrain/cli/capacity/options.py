"""What the commands of capacity share."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geartrain.cli.output import Format, print_issues
from geartrain.kernel.issues import Issue, Level

if TYPE_CHECKING:
    from geartrain.services.planning.capacity_plans import Planned

PolicyOption = Annotated[
    str | None, typer.Option("--policy", help="YAML of a capacity_plan; within a workspace its key, or nothing.")
]


def planned(policy: str | None, workspace: Path | None, login: str | None) -> Planned:
    """The plan of a file, or the workspace's; a file that asks for records is read within the workspace."""
    from geartrain.cli.options import acting
    from geartrain.services.planning.capacity_plans import plan_in, read_plan, stands_alone, workspace_plan

    if policy and policy.endswith((".yaml", ".yml")):
        found = read_plan(Path(policy))
        return found if stands_alone(found) else plan_in(*acting(workspace, login), found)
    ws, actor = acting(workspace, login)
    return workspace_plan(ws, actor, key=policy or "")


def plain(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as JSON holds them: decimals as text."""
    from geartrain.planning.quotas.sheet import told

    return [told(r) for r in rows]


def finish(format: Format, issues: Iterable[Issue]) -> None:
    """Say what is wrong; ends with 1 where one is an error."""
    issues = list(issues)
    if format is not Format.json:
        print_issues(issues)
    if any(i.level is Level.error for i in issues):
        raise typer.Exit(1)
