"""geartrain pay plan diff, simulate"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geartrain.cli.options import AsOption, WorkspaceOption, acting
from geartrain.cli.output import Format, FormatOption, answer, console, print_issues, print_rows
from geartrain.cli.pay.plan import plan_group
from geartrain.cli.policy.backtest import read_file

OnOption = Annotated[str | None, typer.Option("--on", help="A past period whose facts are paid again, e.g. 2025.")]


def register(pay: typer.Typer) -> None:
    """Add the commands to the group of plans."""
    group = plan_group(pay)
    group.command()(diff)
    group.command()(simulate)


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="YAML of the one plan.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="YAML of the other.")],
    on: OnOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """How two plans differ, in words, and on a past period in money: who would have been paid more or less."""
    from geartrain.services.pay.compare import Compared, compare_plans, text_difference
    from geartrain.services.pay.plans import read_plan

    one, other = (read_plan(read_file(f), str(f)) for f in (old, new))
    if on is None:
        found = Compared(text_difference(one, other), None, (), other.currency)
    else:
        ws, actor = acting(workspace, login)
        found = compare_plans(ws, actor, old=one, new=other, on=on)
    whole = found.as_json()
    columns = ("payee", "old", "new", "difference")
    rows = [[r[c] for c in columns] for r in whole["payees"]]
    if format is not Format.table:
        answer(format, columns, rows, whole=whole)
        return
    console.print("\n".join(found.text) or "They say the same.", highlight=False, markup=False)
    if on is not None:
        total = f"{whole['old']} to {whole['new']} {found.currency}, {whole['difference']} in all"
        print_rows(columns, rows, title=f"On {found.period}: {total}", empty="Nobody is eligible for either.")
    print_issues(found.issues)


def simulate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The plan's YAML.")],
    on: Annotated[str, typer.Option("--on", help="The past period whose deals are scaled, e.g. 2025.")],
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """What a plan costs where the company attains 80, 100 and 120 % of its quotas."""
    from geartrain.incentives.exact import plain, share
    from geartrain.incentives.statements import money
    from geartrain.services.pay.compare import simulate_plan
    from geartrain.services.pay.plans import read_plan

    ws, actor = acting(workspace, login)
    found = simulate_plan(ws, actor, comp_plan=read_plan(read_file(file), str(file)), on=on)
    columns = ("attainment", "credited", "quota", "cost")
    rows = [(share(s.attainment), plain(s.credited, 2), plain(s.quota, 2), money(s.cost)) for s in found]
    answer(format, columns, rows, whole={"on": on, "levels": [dict(zip(columns, r, strict=True)) for r in rows]})
