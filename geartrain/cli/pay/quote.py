"""geartrain pay quote"""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geartrain.cli.options import WorkspaceOption
from geartrain.cli.output import Format, FormatOption, answer, console, print_issues, print_rows
from geartrain.cli.policy.backtest import read_file
from geartrain.kernel.errors import Invalid, NotFound

if TYPE_CHECKING:
    from geartrain.incentives.quoting import Quote
    from geartrain.services.workspace import Workspace

GIVEN_HELP = (
    'JSON: {"user": {…}, "quota": …, "credits": [\\[date, amount, {…}], …], "scores": {…}}; '
    "or a file of it, or - for standard input."
)
COLUMNS = ("component", "date", "deal", "credit", "running_total", "attainment", "multiplier", "period", "amount")


def register(pay: typer.Typer) -> None:
    """Add the command."""
    pay.command()(quote)


def quote(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The plan's YAML.")],
    given: Annotated[
        str,
        typer.Option(
            "--given",
            help=GIVEN_HELP,
        ),
    ],
    format: FormatOption = Format.table,
    workspace: WorkspaceOption = None,
) -> None:
    """Price a hypothetical: what these credits would earn under a plan."""
    from geartrain.services.pay.plans import quote_plan

    found = quote_plan(read_file(file), str(file), read_given(given), ws=nearby(workspace))
    whole = found.as_json()
    if format is Format.table:
        _print(found, whole)
    else:
        answer(format, COLUMNS, [[row[c] for c in COLUMNS] for row in whole["lines"]], whole=whole)
    print_issues(found.evaluation.issues)


def nearby(workspace: Path | None) -> Workspace | None:
    """The workspace that is named or around the current folder; none is needed."""
    from geartrain.services.workspace import open_workspace

    try:
        return open_workspace(workspace)
    except NotFound:
        if workspace is not None:
            raise
        return None


def read_given(text: str) -> Any:
    """Inputs as JSON, numbers exactly as they are written.

    Raises:
        Invalid: not JSON.
    """
    text = text.strip()
    if text == "-":
        text = sys.stdin.read()
    elif not text.startswith(("{", "[")):
        text = read_file(Path(text.removeprefix("@")))
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError as error:
        hint = 'Write {"quota": 1000000, "credits": [["2026-02-01", 600000]]}.'
        raise Invalid(f"--given is not JSON: {error}.", hint=hint) from None


def _print(found: Quote, whole: dict[str, Any]) -> None:
    comp_plan = found.evaluation.comp_plan
    console.print(f"[bold]{comp_plan.name}[/] ({comp_plan.key}), {comp_plan.currency}", highlight=False)
    rows = [(k, whole["attainment"].get(k), v) for k, v in found.components.items()]
    print_rows(("component", "attainment", "earned"), rows)
    if whole["lines"]:
        print_rows(COLUMNS, [[row[c] for c in COLUMNS] for row in whole["lines"]], title="Lines")
    if whole["periods"]:
        print_rows(tuple(whole["periods"][0]), [tuple(p.values()) for p in whole["periods"]], title="Paid")
