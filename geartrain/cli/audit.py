"""geartrain audit verify, list, head"""

from __future__ import annotations

import json
from typing import Annotated

import typer

from geartrain.cli.options import AsOption, WorkspaceOption, acting, parse_day
from geartrain.cli.output import Bars, Format, FormatOption, answer, console, print_issues

COLUMNS = ("id", "at", "actor", "verb", "subject", "detail", "hash")


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(help="The audit trail: who did what, and whether it is whole.", no_args_is_help=True)
    app.add_typer(group, name="audit")
    group.command()(verify)
    group.command("list")(list_)
    group.command()(head)


def verify(
    head: Annotated[str, typer.Option(help="A hash noted earlier, which must still be there.")] = "",
    as_: AsOption = None,
    format: FormatOption = Format.table,
    workspace: WorkspaceOption = None,
) -> None:
    """Whether the trail, the policies, acknowledgements and packs are what was written. Exit code 2 where not."""
    from geartrain.services.audit import verify_audit

    ws, actor = acting(workspace, as_)
    with Bars() as bars:
        found = verify_audit(ws, actor, known=head, progress=bars)
    rows = [(i.code, i.message, i.where, i.hint) for i in found.issues]
    whole = {
        "whole": found.whole,
        "events": found.events,
        "head": found.head,
        "checked": found.checked,
        "issues": [i.as_json() for i in found.issues],
    }
    if format is not Format.table:
        answer(format, ("code", "message", "where", "hint"), rows, whole=whole)
    elif found.whole:
        console.print(
            f"[green]Whole.[/] {found.events:,} events, the last one {found.head or 'none yet'}", soft_wrap=True
        )
        console.print(
            f"[dim]Looked at: {', '.join(found.checked)}. Note the hash elsewhere; verify --head checks it.[/]",
            soft_wrap=True,
        )
    else:
        print_issues(found.issues)
    if not found.whole:
        raise typer.Exit(2)


def list_(
    by: Annotated[str, typer.Option(help="Only what this person did.")] = "",
    verb: Annotated[str, typer.Option(help="Only this deed, e.g. publish_policy.")] = "",
    subject: Annotated[str, typer.Option(help="Only what was done to this, by its beginning.")] = "",
    since: Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="The day after the last, YYYY-MM-DD.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    before: Annotated[int | None, typer.Option(help="Only events before this id: the next page.")] = None,
    as_: AsOption = None,
    format: FormatOption = Format.table,
    workspace: WorkspaceOption = None,
) -> None:
    """Who did what, latest first."""
    from geartrain.services.audit import list_events

    ws, actor = acting(workspace, as_)
    first, last = parse_day(since, option="--from"), parse_day(until, option="--to")
    found = list_events(
        ws, actor, by=by, verb=verb, subject=subject, since=first, until=last, before=before, limit=limit
    )
    rows = [(e.id, e.at, e.actor, e.verb, e.subject, json.dumps(e.detail, ensure_ascii=False), e.hash) for e in found]
    if format is Format.table:
        answer(format, COLUMNS[:5], [r[:5] for r in rows], whole=None, title="Audit trail")
    else:
        answer(format, COLUMNS, rows, whole={"events": [e.as_json() for e in found]})


def head(as_: AsOption = None, format: FormatOption = Format.table, workspace: WorkspaceOption = None) -> None:
    """How many events there are, and the hash of the last: noted elsewhere, it shows later what was replaced."""
    from geartrain.services.audit import head as head_of

    ws, actor = acting(workspace, as_)
    events, last = head_of(ws, actor)
    answer(format, ("events", "head"), [(events, last)], whole={"events": events, "head": last})
