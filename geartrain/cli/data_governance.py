"""geartrain data-governance"""

from __future__ import annotations

import typer

from geartrain.cli.options import AsOfOption, AsOption, WorkspaceOption, acting, parse_day
from geartrain.cli.output import Format, FormatOption, answer, print_issues, print_rows

COLUMNS = ("field", "steward", "system_of_record", "sensitivity", "applicable", "filled", "completeness")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("data-governance")(show)


def show(
    as_of: AsOfOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Fields with their stewards, how complete and fresh the data is, duplicates, what each metric rests on."""
    from geartrain.services.records.governance import govern_data

    ws, actor = acting(workspace, login)
    found = govern_data(ws, actor, as_of=parse_day(as_of, option="--as-of"))
    whole = found.as_json()
    rows = [[f[c] for c in COLUMNS] for f in whole["fields"]]
    answer(format, COLUMNS, rows, whole=whole, title=f"Fields, as of {found.as_of}")
    if format is Format.table:
        print_rows(
            ("steward", "findings"), [(s or "nobody", n) for s, n in found.stewards], title="Findings by steward"
        )
        print_rows(
            ("source", "last", "days", "stale"), [tuple(f.values()) for f in whole["freshness"]], title="Sources"
        )
        print_issues(found.issues)
