"""geartrain pay statement, verify"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geartrain.cli.options import AsOption, WorkspaceOption, acting
from geartrain.cli.output import Format, FormatOption, answer, console, print_issues, print_rows
from geartrain.cli.pay.run import PeriodArgument
from geartrain.cli.policy.backtest import read_file
from geartrain.kernel.errors import Invalid

if TYPE_CHECKING:
    from geartrain.services.workspace import Workspace

COLUMNS = ("component", "line", "date", "deal", "credit", "multiplier", "amount", "says")


def register(pay: typer.Typer) -> None:
    """Add the commands."""
    pay.command()(statement)
    pay.command()(verify)


def statement(
    payee: Annotated[str, typer.Argument(metavar="PAYEE", help="User id.")],
    period: PeriodArgument,
    pdf: Annotated[Path | None, typer.Option(help="Write it to this file as PDF.")] = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """What somebody is paid for a period, every line with its arithmetic."""
    from geartrain.services.pay.runs import get_statement

    ws, actor = acting(workspace, login)
    found = get_statement(ws, actor, payee=payee, period=period)
    if pdf is not None:
        _write(ws, found, pdf)
        console.print(f"Written to {pdf}.", highlight=False)
        return
    rows = [[line[c] for c in COLUMNS] for part in found["components"] for line in part["lines"]]
    if format is Format.table:
        _print(found, rows)
    else:
        answer(format, COLUMNS, rows, whole=found)


def verify(
    statement: Annotated[str, typer.Argument(metavar="STATEMENT", help="JSON file of a statement, or PAYEE/PERIOD.")],
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Recompute a statement from its own lineage. Exit code 1 where it does not add up."""
    from geartrain.services.pay.runs import check_statement

    issues = check_statement(_statement(statement, login, workspace))
    whole = {"ok": not issues, "issues": [i.as_json() for i in issues]}
    if format is Format.table:
        print_issues(issues)
        console.print("It does not add up." if issues else "It adds up, to the cent.")
    else:
        columns = ("code", "message", "where")
        answer(format, columns, [[i.as_json()[c] for c in columns] for i in issues], whole=whole)
    if issues:
        raise typer.Exit(1)


def _write(ws: Workspace, found: dict[str, Any], file: Path) -> None:
    from geartrain.services.pay.paper import paper_of
    from geartrain.web.documents.statement import statement_pdf

    try:
        file.write_bytes(statement_pdf(found, **paper_of(ws, found)))
    except OSError as error:
        raise Invalid(f"{file} cannot be written: {error.strerror}.", hint="Name another file.") from None


def _statement(named: str, login: str | None, workspace: Path | None) -> dict[str, Any]:
    """A statement from a file, or the one that a payee has of a period."""
    from geartrain.services.pay.runs import get_statement

    payee, slash, period = named.rpartition("/")
    if Path(named).is_file() or not slash:
        try:
            found = json.loads(read_file(Path(named)))
        except ValueError as error:
            raise Invalid(f"{named} is not JSON: {error}.", hint="Write it with pay statement --format json.") from None
        if not isinstance(found, dict):
            raise Invalid(f"{named} is no statement.", hint="Write it with pay statement --format json.")
        return found
    ws, actor = acting(workspace, login)
    return get_statement(ws, actor, payee=payee, period=period)


def _print(found: dict[str, Any], rows: list[list[Any]]) -> None:
    console.print(f"[bold]{found['payee']}[/], {found['period']}, {found['plan']}", highlight=False)
    parts = [(p["key"], p["attainment"], p["team_attainment"], p["earned"]) for p in found["components"]]
    print_rows(("component", "attainment", "team", "earned"), parts)
    if rows:
        print_rows(COLUMNS, rows, title="Lines")
    for a in found["adjustments"]:
        console.print(f"{a['amount']} of {a['origin']}: {a['cause']} ({a['old']} to {a['new']})", highlight=False)
    draws = found["draws"]
    console.print(f"drawn {draws['drawn']}, paid back {draws['recovered']}, owed {draws['owed']}", highlight=False)
    console.print(f"held {found['held']}, released {found['released']}", highlight=False)
    console.print(f"[bold]paid {found['paid']} {found['currency']}[/]", highlight=False)
