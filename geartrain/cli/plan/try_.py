"""geartrain plan try"""

from __future__ import annotations

from typing import Annotated

import typer

from geartrain.cli.options import AsOption, WorkspaceOption, acting, parse_day
from geartrain.cli.output import Format, FormatOption, answer, console

COLUMNS = ("key", "label", "unit", "today", "then", "difference")
Words = list[str]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("try")(try_)


def try_(
    key: Annotated[str, typer.Argument(help="Key of the scenario that is made.")],
    hire: Annotated[Words, typer.Option(help="ROLE=COUNT, a role of the capacity plan; repeat.")] = [],  # noqa: B006
    start: Annotated[str | None, typer.Option(help="First day of those hired; otherwise the plan's.")] = None,
    over_assignment: Annotated[str | None, typer.Option("--over-assignment", help="Of sellers: 0.05 is 5 %.")] = None,
    potential: Annotated[Words, typer.Option(help="RULE=FACTOR over accounts; repeat.")] = [],  # noqa: B006
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Change the plan in a scenario, and see what that does to every number of it; nothing in force is touched."""
    from geartrain.services.changes.scenario_runs import compare_scenarios
    from geartrain.services.planning.plan_trials import read_change, try_on_plan

    ws, actor = acting(workspace, login)
    day = parse_day(start, option="--start")
    change = read_change(hires=hire, start=day, over=over_assignment, potential=potential)
    made = try_on_plan(ws, actor, key=key, change=change, name=name)
    found = compare_scenarios(ws, actor, keys=[made.key], only="plan")
    rows = [(r.key, r.label, r.unit, *r.values, r.differences[1]) for r in found.rows]
    answer(format, COLUMNS, rows, whole=found.as_json() | {"scenario": made.key}, title=made.name)
    if format is Format.table:
        console.print(f"The scenario {made.key} is kept: geartrain plan propose {made.key}", highlight=False)
