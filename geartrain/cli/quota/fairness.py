"""geartrain quota fairness"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geartrain.cli.options import AsOption, WorkspaceOption
from geartrain.cli.output import Format, FormatOption, console, print_csv, print_issues, print_json, print_rows, shown
from geartrain.cli.quota.options import HierarchyOption, PolicyOption, TargetsOption, inputs_of
from geartrain.kernel.errors import Invalid


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(fairness)


def fairness(
    hierarchy: HierarchyOption = None,
    targets: TargetsOption = None,
    policy: PolicyOption = None,
    history: Annotated[Path | None, typer.Option(help="CSV: node_id and attainment, one row a period.")] = None,
    mean: Annotated[float | None, typer.Option(help="Attainment is normal with this mean, not drawn.")] = None,
    deviation: Annotated[float, typer.Option(help="Its standard deviation.", min=0)] = 0.0,
    seed: Annotated[int, typer.Option(help="Equal seeds, equal answers.")] = 1,
    runs: Annotated[int, typer.Option(help="How many times the year is played.", min=1, max=100_000)] = 2000,
    periods: Annotated[int, typer.Option(help="Of the history's periods the quota is for so many.", min=0)] = 0,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Quota against pay, potential and the past, by role; who is expected to attain; each outlier with its reason."""
    from geartrain.services.planning.quotas_fairness import Attain, file_fairness, workspace_fairness

    if hierarchy or targets:
        inputs = inputs_of(hierarchy, targets, policy, workspace, login)
        attain = Attain(mean, deviation, seed, runs, periods or 1)
        found = file_fairness(inputs, history=history, attain=attain)
    else:
        from geartrain.cli.options import acting

        if history:
            raise Invalid(
                "--history goes with --hierarchy, --targets and --policy.", hint="Load quota records instead."
            )
        ws, actor = acting(workspace, login)
        inputs = inputs_of(None, None, policy, workspace, login)
        attain = Attain(mean, deviation, seed, runs, periods or len(inputs.layout.cells.keys))
        found = workspace_fairness(ws, actor, policy=policy or "", attain=attain)
    rows = list(found.found.rows())
    if format is Format.json:
        print_json(found.as_json())
    elif format is Format.csv:
        print_csv(tuple(rows[0]) if rows else ("node_id",), (tuple(r.values()) for r in rows))
    else:
        for title, held in (
            ("By role", list(found.found.roles())),
            ("Over-assignment by level", list(found.found.levels)),
        ):
            if held:
                print_rows(tuple(held[0]), [tuple(r.values()) for r in held], title=title)
        outliers = list(found.found.outliers())
        columns = ("node_id", "name", "role", "reason")
        print_rows(columns, [tuple(o[c] for c in columns) for o in outliers], title="Outliers", empty="Nobody.")
        said = found.found.why or f"The plan is met with a chance of {shown(found.found.met)}."
        console.print(said, highlight=False)
    if format is not Format.json:
        print_issues(found.issues)
