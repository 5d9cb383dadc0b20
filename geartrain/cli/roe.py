"""geartrain roe check, enforce, methods"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from geartrain.cli.options import AsOfOption, AsOption, WorkspaceOption, acting, parse_day
from geartrain.cli.output import Format, FormatOption, answer, console, print_issues
from geartrain.kernel.issues import Issue, Level

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="YAML of a rules_of_engagement policy.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    roe = typer.Typer(help="Rules of engagement: who owns what.", no_args_is_help=True)
    app.add_typer(roe, name="roe")
    roe.command()(check)
    roe.command()(enforce)
    roe.command()(methods)


def check(file: FileArgument, format: FormatOption = Format.table) -> None:
    """Try every scenario of the axes: which no clause decides, which several claim. Ends with 1 where one is open."""
    from geartrain.services.planning.engagement_files import check_rules

    told = check_rules(file)
    axes = tuple(told["axes"])
    rows = [("gap", *(s[a] for a in axes), "", "") for s in told["gaps"]]
    rows += [
        ("overlap", *(o["scenario"][a] for a in axes), o["decides"], ", ".join(o["clauses"][1:]))
        for o in told["overlaps"]
    ]
    answer(format, ("finding", *axes, "decides", "also claims"), rows, whole=told, title="Scenarios")
    if format is Format.table:
        console.print(f"{told['scenarios']} scenarios, gaps {len(told['gaps'])}, overlaps {len(told['overlaps'])}.")
        print_issues(_issues(told, "roe_gap", "roe_undecided", "roe_clause_idle"))
    if told["gaps"] or told["undecided"]:
        raise typer.Exit(1)


def enforce(
    file: FileArgument,
    records: Annotated[Path, typer.Option("--records", help="CSV: the axes, the key and the owner of each record.")],
    key: Annotated[str, typer.Option(help="Column that names the record.")] = "account_id",
    owner: Annotated[str, typer.Option(help="Column of its owner.")] = "owner_id",
    as_of: AsOfOption = None,
    propose: Annotated[
        bool, typer.Option("--propose", help="Put the updates into the workspace's outbox: geartrain writeback list.")
    ] = False,
    kind: Annotated[str, typer.Option("--type", help="With --propose: account, lead or opportunity.")] = "account",
    system: Annotated[str, typer.Option("--system", help="With --propose: salesforce or hubspot.")] = "",
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Records whose owner is not the one the clauses name, and the owner update that would mend it. Writes nothing to
    the CRM; with --propose the updates wait in the outbox."""
    from geartrain.services.planning.engagement_files import enforce_rules

    day = parse_day(as_of, option="--as-of") or datetime.now(UTC).date()
    told = enforce_rules(file, records, key=key, owner=owner, as_of=day)
    if propose:
        from geartrain.services.selling.writeback_sources import propose_rows

        ws, actor = acting(workspace, login)
        cause = f"rules_of_engagement/{told['sha256'][:16]}/{day}"
        found = propose_rows(ws, actor, rows=told["write_back"], kind=kind, system=system, cause=cause)
        told["outbox"] = found.as_json()
    columns = ("record", "clause", "owner", "expected", "message")
    answer(format, columns, [[f[c] for c in columns] for f in told["findings"]], whole=told, title="Ownership")
    if format is Format.table:
        console.print(f"{told['agreed']:,} of {told['records']:,} records agree with the clauses.")
        shown = (f"{name.replace('_per_100', '')} {value}" for name, value in told["measures"].items())
        console.print(f"Per 100 records: {', '.join(shown)}.")
        if propose:
            print_issues(found.issues)
            console.print(f"{len(found.new):,} new in the outbox, {found.known:,} known. Nothing was sent.")


def methods(
    records: Annotated[
        Path | None,
        typer.Option("--records", help="CSV: method, owner_id, assigned_at, first_touch_at, converted_at."),
    ] = None,
    by: Annotated[str, typer.Option("--by", help="Column that holds the method.")] = "",
    within: Annotated[float, typer.Option("--within", help="Hours within which a first touch is in time.", min=0)] = 24,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Assignment methods (named, territory, round robin, inbound) by their results: balance, response, conversion."""
    from geartrain.services.planning.engagement_methods import measure_methods, report_methods

    if records is not None:
        told = report_methods(records, method=by or "method", within_hours=within)
    else:
        ws, actor = acting(workspace, login)
        told = measure_methods(ws, actor, method=by or "source", within_hours=within)
    columns = ("method", "records", "owners", "variation", "fullest", "median_hours", "in_time_share", "conversion")
    answer(format, columns, [[m[c] for c in columns] for m in told["methods"]], whole=told, title="Assignment methods")


def _issues(told: dict[str, Any], *codes: str) -> list[Issue]:
    return [Issue(**{**i, "level": Level(i["level"])}) for i in told["issues"] if i["code"] in codes]
