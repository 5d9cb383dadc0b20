"""geartrain pay plan check, explain"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geartrain.cli.options import WorkspaceOption
from geartrain.cli.output import Format, FormatOption, answer, console, print_issues
from geartrain.cli.pay.quote import nearby
from geartrain.cli.policy.backtest import read_file
from geartrain.kernel.issues import Level

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The plan's YAML.")]


def register(pay: typer.Typer) -> None:
    """Add the commands to the group of plans."""
    for command in (check, explain):
        plan_group(pay).command()(command)


def plan_group(pay: typer.Typer) -> typer.Typer:
    """The group `plan`, made where no other file has."""
    found = next((g.typer_instance for g in pay.registered_groups if g.name == "plan"), None)
    if found is None:
        found = typer.Typer(help="Compensation plans: checked, explained, compared.", no_args_is_help=True)
        pay.add_typer(found, name="plan")
    return found


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="YAML of one or more plans.")],
    format: FormatOption = Format.table,
    workspace: WorkspaceOption = None,
) -> None:
    """Look for what is wrong or doubtful, and run the plan's own tests. Exit code 1 where something is wrong."""
    from geartrain.services.pay.plans import check_plans

    issues = check_plans([(str(f), read_file(f)) for f in files], ws=nearby(workspace))
    errors = sum(i.level is Level.error for i in issues)
    whole = {"ok": not errors, "errors": errors, "issues": [i.as_json() for i in issues]}
    columns = ("level", "code", "message", "where", "hint")
    if format is Format.table:
        print_issues(issues)
        others = len(issues) - errors
        console.print(f"{errors} errors, {others} to think about." if issues else "Nothing is wrong.", highlight=False)
    else:
        answer(format, columns, [[i.as_json()[c] for c in columns] for i in issues], whole=whole)
    if errors:
        raise typer.Exit(1)


def explain(file: FileArgument, format: FormatOption = Format.table) -> None:
    """The plan in plain words, with its payout curve; the hash is of what a seller signs."""
    from geartrain.services.pay.plans import explain_plan_text

    found = explain_plan_text(read_file(file), str(file))
    if format is Format.table:
        console.print(found.text, highlight=False, markup=False, soft_wrap=True)
        console.print(f"sha256 {found.sha256}", highlight=False, style="dim")
    else:
        rows = [(key, p.attainment, p.pay) for key, points in found.curves.items() for p in points]
        answer(format, ("component", "attainment", "pay"), rows, whole=found.as_json())
