"""geartrain quota reconcile"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from geartrain.cli.options import AsOption, WorkspaceOption
from geartrain.cli.output import Format, FormatOption, print_csv, print_issues, print_json, print_rows
from geartrain.cli.quota.options import HierarchyOption, PolicyOption, TargetsOption, inputs_of
from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Level


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(reconcile)


def reconcile(
    hierarchy: HierarchyOption = None,
    targets: TargetsOption = None,
    policy: PolicyOption = None,
    bottom_up: Annotated[
        Path | None, typer.Option("--bottom-up", help="CSV of account plans: node_id, cell columns, amount.")
    ] = None,
    capacity: Annotated[str, typer.Option(help="Column of the hierarchy: heads or capacity of a leaf.")] = "",
    productivity: Annotated[str, typer.Option(help="Column: what one of them brings.")] = "",
    history: Annotated[str, typer.Option(help="Column: what a regression explains.")] = "",
    driver: Annotated[list[str], typer.Option(help="Column the regression explains it by; repeat.")] = [],  # noqa: B006
    tolerance: Annotated[str, typer.Option(help="How far apart the two may be, a share of top down.")] = "0.05",
    keep: Annotated[list[str], typer.Option(help="NODE keeps its bottom-up amount; repeat.")] = [],  # noqa: B006
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Top down beside bottom up, node by node: the difference, and who owns it."""
    from geartrain.planning.quotas.sheet import told
    from geartrain.services.planning.quotas_checks import reconcile as run

    try:
        within = Decimal(tolerance)
    except InvalidOperation:
        raise Invalid(f"--tolerance {tolerance} is not a number.", hint="Write 0.05 for 5 %.") from None
    if not within.is_finite() or within < 0:
        raise Invalid(f"--tolerance {tolerance} is no share of 0 or more.", hint="Write 0.05 for 5 %.")
    inputs = inputs_of(hierarchy, targets, policy, workspace, login)
    found = run(
        inputs,
        bottom_up=bottom_up,
        capacity=capacity,
        productivity=productivity,
        history=history,
        drivers=tuple(driver),
        tolerance=within,
        keep=tuple(keep),
    )
    rows, issues = found["rows"], found["issues"]
    if format is Format.json:
        sheet = found["sheet"].as_json(inputs.manifest)
        whole = {"reconciliation": [told(r) for r in rows], "tolerance": within, "kept": list(keep)}
        print_json({**whole, **sheet, "issues": [i.as_json() for i in issues]})
    elif format is Format.csv:
        print_csv(tuple(rows[0]), (tuple(r.values()) for r in rows))
    else:
        print_rows(tuple(rows[0]), [tuple(r.values()) for r in rows[:200]], title="Top down and bottom up")
    if format is not Format.json:
        print_issues(issues)
    if any(i.level is Level.error for i in issues):
        raise typer.Exit(1)
