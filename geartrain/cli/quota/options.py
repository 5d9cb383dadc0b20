"""What the commands of quotas share: where they read from, and how a sheet is shown."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geartrain.cli.output import Format, console, print_issues, print_json, print_rows
from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Level

if TYPE_CHECKING:
    from geartrain.planning.quotas.sheet import Sheet
    from geartrain.services.planning.quotas_files import Inputs

HierarchyOption = Annotated[
    Path | None, typer.Option("--hierarchy", help="CSV: node_id, parent_id and measures at the leaves.")
]
TargetsOption = Annotated[Path | None, typer.Option("--targets", help="CSV: cell columns and amount.")]
PolicyOption = Annotated[
    str | None, typer.Option("--policy", help="YAML of a quota_policy; within a workspace its key.")
]


def inputs_of(
    hierarchy: Path | None,
    targets: Path | None,
    policy: str | None,
    workspace: Path | None,
    login: str | None,
    *,
    whole: bool = True,
) -> Inputs:
    """The inputs of a command: three files, or the workspace's.

    Raises:
        Invalid: only some of the files are named.
    """
    if hierarchy or targets:
        from geartrain.services.planning.quotas_files import read_inputs

        named = {"--hierarchy": hierarchy, "--targets": targets, "--policy": policy}
        missing = [option for option, value in named.items() if not value]
        if missing:
            raise Invalid(f"{' and '.join(missing)} is missing.", hint="Name all three, or none within a workspace.")
        assert hierarchy
        assert targets
        assert policy
        return read_inputs(hierarchy, targets, Path(policy))
    from geartrain.cli.options import acting
    from geartrain.services.planning.quotas import workspace_inputs

    ws, actor = acting(workspace, login)
    return workspace_inputs(ws, actor, policy=policy or "", whole=whole)


def show(format: Format, sheet: Sheet, manifest: dict[str, Any], *, most: int = 200, **more: Any) -> None:
    """A sheet in the format asked for; issues go to standard error but in JSON; ends with 1 where one is an error."""
    columns = ("node_id", "parent_id", "depth", *sheet.cells.columns, "base", "hedged", "share_of_parent")
    if format is Format.json:
        print_json({**sheet.as_json(manifest), **more})
    elif format is Format.csv:
        out = csv.writer(sys.stdout, lineterminator="\n")
        out.writerow(columns)
        out.writerows(sheet.texts())
    else:
        rows = []
        for row in sheet.rows():
            rows.append([row[c] for c in columns])
            rows[-1][0] = "  " * row["depth"] + row["node_id"]
            if len(rows) == most:
                break
        total = len(sheet.tree.ids) * len(sheet.cells.keys)
        print_rows(columns, rows, title="Quotas")
        if total > len(rows):
            console.print(f"[dim]The first {len(rows):,} of {total:,}; --format csv or json has all.[/]")
        if left := sheet.unallocated():
            print_rows(tuple(left[0]), [tuple(r.values()) for r in left[:most]], title="Not handed out")
    if format is not Format.json:
        sys.stdout.flush()
        print_issues(sheet.issues)
    if any(i.level is Level.error for i in sheet.issues):
        raise typer.Exit(1)
