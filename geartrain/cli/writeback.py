"""geartrain writeback"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

import typer

from geartrain.cli.options import AsOption, WorkspaceOption, acting
from geartrain.cli.output import Format, FormatOption, answer, console, print_issues
from geartrain.cli.policy.backtest import read_file
from geartrain.cli.process import LimitOption
from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level

SystemOption = Annotated[str, typer.Option("--system", help="salesforce or hubspot; empty: all, or the record's own.")]
IdsArgument = Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="Ids of write-backs; none: all due.")]
COLUMNS = ("id", "system", "kind", "record", "changes", "state", "message")
SENT = ("id", "system", "kind", "record", "outcome", "message")


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        help="What is written back into the CRM: proposed, approved, looked at, sent once.", no_args_is_help=True
    )
    app.add_typer(group, name="writeback")
    group.command(name="list")(list_)
    for command in (propose, preview, approve, send, retry, cancel, revert):
        group.command()(command)


def list_(
    state: Annotated[
        str, typer.Option(help="proposed, ready, sending, conflict, failed, sent or cancelled; empty: all.")
    ] = "",
    system: SystemOption = "",
    record: Annotated[str, typer.Option(help="Id of a record.")] = "",
    limit: LimitOption = 1_000,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """The outbox, the last proposed first."""
    from geartrain.services.selling.writeback import list_write_backs

    ws, actor = acting(workspace, login)
    found = list_write_backs(ws, actor, state=state, system=system, record=record, limit=limit)
    _listed(format, found, title="Write-backs")


def propose(
    file: Annotated[
        Path | None,
        typer.Argument(help="CSV (record, field, from, to), or JSON with `write_back` as roe enforce answers."),
    ] = None,
    routed: Annotated[bool, typer.Option("--routed", help="The owners that routing decided.")] = False,
    merged: Annotated[bool, typer.Option("--merged", help="What remains of merged leads.")] = False,
    kind: Annotated[str, typer.Option("--type", help="account, lead or opportunity: what the file speaks of.")] = "",
    system: SystemOption = "",
    policy: Annotated[str, typer.Option("--policy", help="Key of the lead policy, with --routed.")] = "",
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Put changes into the outbox: of a file, of routing, or of merges. Nothing is sent."""
    from geartrain.services.selling import writeback_sources as sources
    from geartrain.services.selling.writeback import Proposed

    ws, actor = acting(workspace, login)
    if not file and not routed and not merged:
        raise Invalid("What is to be proposed?", hint="Name a file, or give --routed or --merged.")
    parts = []
    if file:
        if not kind:
            raise Invalid("What are the records of the file?", hint="Give --type account, lead or opportunity.")
        rows = _read(file)
        parts.append(sources.propose_rows(ws, actor, rows=rows, kind=kind, system=system, cause=f"file/{file.name}"))
    if routed:
        parts.append(sources.propose_routed(ws, actor, policy=policy, system=system))
    if merged:
        parts.append(sources.propose_merged(ws, actor, system=system))
    found = Proposed(
        tuple(w for p in parts for w in p.new), sum(p.known for p in parts), tuple(i for p in parts for i in p.issues)
    )
    _listed(format, found.new, title="Proposed", whole=found.as_json(), issues=found.issues)
    if format is Format.table:
        console.print(f"{len(found.new):,} new, {found.known:,} known. Nothing was sent.")


def preview(
    ids: IdsArgument = None,
    system: SystemOption = "",
    limit: LimitOption = 500,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Read the sources and say what would be written, approved or not. Nothing is written."""
    from geartrain.services.selling.writeback_sending import preview_write_backs

    ws, actor = acting(workspace, login)
    _sent(preview_write_backs(ws, actor, system=system, ids=ids or (), limit=limit), format)


def send(
    ids: IdsArgument = None,
    apply: Annotated[bool, typer.Option("--apply", help="Write; otherwise nothing is written.")] = False,
    system: SystemOption = "",
    limit: LimitOption = 500,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Send what is ready: a dry run, unless --apply. Credentials come from the environment."""
    from geartrain.services.selling.writeback_sending import send_write_backs

    ws, actor = acting(workspace, login)
    _sent(send_write_backs(ws, actor, apply=apply, system=system, ids=ids or (), limit=limit), format)


def approve(
    ids: IdsArgument = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Let proposals that wait for approval be sent."""
    from geartrain.services.selling.writeback import approve_write_backs

    ws, actor = acting(workspace, login)
    _listed(format, approve_write_backs(ws, actor, ids=ids or ()), title="Approved")


def retry(
    ids: IdsArgument = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Try failed ones again; accept what the source has now as the ground of a conflict."""
    from geartrain.services.selling.writeback import retry_write_backs

    ws, actor = acting(workspace, login)
    _listed(format, retry_write_backs(ws, actor, ids=ids or ()), title="To be tried again")


def cancel(
    ids: IdsArgument = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Call off what was not sent."""
    from geartrain.services.selling.writeback import cancel_write_backs

    ws, actor = acting(workspace, login)
    _listed(format, cancel_write_backs(ws, actor, ids=ids or (), reason=reason), title="Cancelled")


def revert(
    ids: IdsArgument = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Propose to put back what sent ones replaced."""
    from geartrain.services.selling.writeback import revert_write_backs

    ws, actor = acting(workspace, login)
    found = revert_write_backs(ws, actor, ids=ids or ())
    _listed(format, found.new, title="Proposed", whole=found.as_json(), issues=found.issues)


def _listed(
    format: Format, found: Iterable[Any], *, title: str, whole: Any = None, issues: Iterable[Issue] = ()
) -> None:
    told = [w.as_json() for w in found]
    rows = [[_changes(t["changes"]) if c == "changes" else t[c] for c in COLUMNS] for t in told]
    answer(format, COLUMNS, rows, whole=whole or {"write_backs": told}, title=title)
    if format is Format.table:
        print_issues(issues)


def _changes(changes: dict[str, dict[str, Any]]) -> str:
    return "; ".join(f"{c}: {v.get('from', '?') or '(nothing)'} → {v['to']}" for c, v in changes.items())


def _sent(found: Any, format: Format) -> None:
    rows = [[i[c] for c in SENT] for i in found.items]
    answer(format, SENT, rows, whole=found.as_json(), title="Sent" if found.applied else "Would be sent")
    if format is Format.table:
        print_issues(found.issues)
        if not found.applied:
            console.print("[dim]Nothing was written; geartrain writeback send --apply writes.[/]")
    if any(i.level is Level.error for i in found.issues):
        raise typer.Exit(1)


def _read(file: Path) -> list[dict[str, Any]]:
    text = read_file(file)
    if file.suffix.lower() != ".json":
        return [dict(r) for r in csv.DictReader(StringIO(text))]
    try:
        given = json.loads(text)
    except ValueError as error:
        raise Invalid(f"{file} is not JSON: {error}.", hint="Give what roe enforce --format json answers.") from None
    rows = given.get("write_back") if isinstance(given, dict) else given
    if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
        raise Invalid(f"{file} has no list `write_back`.", hint="Give what roe enforce --format json answers.")
    return rows
