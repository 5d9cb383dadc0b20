"""geartrain quotes, geartrain contracts"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from geartrain.cli.options import AsOfOption, AsOption, WorkspaceOption, acting, parse_day
from geartrain.cli.output import Format, FormatOption, answer, print_csv, print_json, print_rows
from geartrain.cli.policy.backtest import read_file
from geartrain.cli.process import LimitOption

PolicyOption = Annotated[
    str, typer.Option("--policy", help="Key of the approval matrix; needed where there are several.")
]
FileOption = Annotated[Path | None, typer.Option("--file", help="A draft's YAML instead of the matrix in force.")]
QuoteOption = Annotated[str | None, typer.Option("--quote", help="Only this quote.")]


def register(app: typer.Typer) -> None:
    """Add the group and the command."""
    group = typer.Typer(help="Quotes: revisions, approvals, leakage.", no_args_is_help=True)
    app.add_typer(group, name="quotes")
    for command in (revisions, approvals, leakage):
        group.command()(command)
    app.command()(contracts)


def revisions(
    quote: QuoteOption = None,
    as_of: AsOfOption = None,
    limit: LimitOption = 1_000,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """How often each quote was changed in what it offers; order of lines, notes and status change nothing."""
    from geartrain.services.selling.quotes import list_revisions

    ws, actor = acting(workspace, login)
    found = list_revisions(ws, actor, quote=quote, as_of=parse_day(as_of, option="--as-of"))
    rows = [(r.quote_id, r.opportunity_id, r.revisions, len(r.log), " ".join(r.log)) for r in found[:limit]]
    columns = ("quote_id", "opportunity_id", "revisions", "revision_count", "log")
    whole = {"total": len(found), "quotes": [r.as_json() for r in found[:limit]]}
    answer(format, columns, rows, whole=whole, title=f"Quotes: {len(found):,}")


def approvals(
    quote: QuoteOption = None,
    policy: PolicyOption = "",
    file: FileOption = None,
    as_of: AsOfOption = None,
    limit: LimitOption = 1_000,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Whom each revision must be put to: the rows that fire, and what the last approval no longer covers."""
    from geartrain.services.selling.quotes import list_approvals

    ws, actor = acting(workspace, login)
    chosen = _matrix(ws, policy, file)
    found = list_approvals(ws, actor, policy=chosen, quote=quote, as_of=parse_day(as_of, option="--as-of"))
    listed = [a.as_json() for a in found[:limit]]
    columns = (
        "quote_id",
        "revision",
        "status",
        "discount",
        "max_line_discount",
        "margin",
        "roles",
        "envelope",
        "worse",
    )
    rows = [[_cell(one[c]) for c in columns] for one in listed]
    answer(format, columns, rows, whole={"total": len(found), "revisions": listed}, title=f"Revisions: {len(found):,}")


def _cell(value: Any) -> Any:
    return " ".join(v["value"] if isinstance(v, dict) else v for v in value) if isinstance(value, list) else value


def _matrix(ws: Any, policy: str, file: Path | None) -> Any:
    from geartrain.services.selling.quotes import choose_matrix

    return choose_matrix(ws, key=policy, text=read_file(file) if file else None, where=str(file or "draft"))


def leakage(
    policy: PolicyOption = "",
    file: FileOption = None,
    as_of: AsOfOption = None,
    limit: LimitOption = 1_000,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """What was given away beyond the seller's authority: list x max(0, discount - authority), of the last revisions."""
    from geartrain.services.selling.quotes import list_leakage

    ws, actor = acting(workspace, login)
    chosen = _matrix(ws, policy, file)
    totals, found = list_leakage(ws, actor, policy=chosen, as_of=parse_day(as_of, option="--as-of"))
    rows = [
        (q.quote_id, q.revision, q.currency, q.values["list_total"], q.values["discount"], a) for q, a in found[:limit]
    ]
    columns = ("quote_id", "revision", "currency", "list_total", "discount", "leakage")
    sums = [{n: getattr(t, n) for n in ("currency", "quotes", "leaking", "listed", "leakage")} for t in totals]
    quotes = [dict(zip(columns, r, strict=True)) for r in rows]
    answer(
        format, columns, rows, whole={"totals": sums, "total": len(found), "quotes": quotes}, title="Leakage by quote"
    )
    if format is Format.table:
        print_rows(
            ("currency", "quotes", "leaking", "list", "leakage"), [list(s.values()) for s in sums], title="Leakage"
        )


def contracts(
    as_of: AsOfOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Contracts in force by the day notice is due, and executed ones that no won opportunity bears out."""
    from geartrain.services.selling.quotes import list_contracts

    ws, actor = acting(workspace, login)
    day, due, wrong = list_contracts(ws, actor, as_of=parse_day(as_of, option="--as-of"))
    columns = (
        "contract_id",
        "account_id",
        "value",
        "currency",
        "end_date",
        "auto_renew",
        "notice_by",
        "days_left",
        "state",
    )
    rows = [tuple(getattr(n, c) for c in columns) for n in due]
    names = ("contract_id", "opportunity_id", "problem", "value", "won_amount", "currency")
    failures = [tuple(getattr(u, c) for c in names) for u in wrong]
    if format is Format.json:
        listed = [dict(zip(columns, r, strict=True)) for r in rows]
        print_json(
            {"as_of": day, "contracts": listed, "unsynced": [dict(zip(names, f, strict=True)) for f in failures]}
        )
    elif format is Format.csv:
        print_csv(columns, rows)
    else:
        print_rows(columns, rows, title=f"Notice, as of {day}")
        print_rows(names, failures, title="Executed without a won opportunity of the same value")
