"""geartrain capacity hire"""

from __future__ import annotations

from typing import Annotated

import typer

from geartrain.cli.capacity.options import PolicyOption, finish, plain, planned
from geartrain.cli.options import AsOfOption, AsOption, WorkspaceOption, parse_day
from geartrain.cli.output import Format, FormatOption, console, print_csv, print_json, print_rows, shown

COLUMNS = ("role", "period", "count", "offers_by", "starts", "cost", "capacity", "cac")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(hire)


def hire(
    policy: PolicyOption = None,
    as_of: AsOfOption = None,
    seconds: Annotated[float, typer.Option(help="How long the solver may take.", min=0.1)] = 60.0,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """The hires that close the gap at least cost, and by when their offers must go out."""
    from geartrain.planning.capacity.hiring import hire as solve
    from geartrain.services.planning.capacity_plans import offers_from

    found = planned(policy, workspace, login)
    begin = parse_day(as_of, option="--as-of") or offers_from(found)
    solved = solve(found.capacity_plan, as_of=begin, seconds=seconds)
    issues = (*found.issues, *solved.issues)
    rows = list(solved.rows())
    if format is Format.json:
        for row in rows:
            row |= {k: row[k].isoformat() for k in ("offers_by", "starts")}
        money = {k: format_(v) for k, v in (("cost", solved.cost), ("bound", solved.bound), ("gap_left", solved.gap))}
        both = {"before": plain(solved.before.periods()), "after": plain(solved.after.periods())}
        listed = [i.as_json() for i in issues]
        whole = {"hires": plain(rows), **money, "status": solved.status, **both}
        print_json({**whole, "issues": listed, "manifest": found.manifest})
    elif format is Format.csv:
        print_csv(COLUMNS, (tuple(r[c] for c in COLUMNS) for r in rows))
    else:
        print_rows(COLUMNS, [tuple(r[c] for c in COLUMNS) for r in rows], title="Hiring plan", empty="Nobody to hire.")
        after = list(solved.after.periods())
        print_rows(tuple(after[0]), [tuple(r.values()) for r in after], title="Capacity with the hires")
        said = f"Cost {shown(solved.cost)} (at least {shown(solved.bound)} for this gap), "
        console.print(f"{said}gap left {shown(solved.gap)}, {solved.status}.", highlight=False)
    finish(format, issues)


def format_(value: object) -> str:
    """A decimal as text."""
    return format(value, "f")
