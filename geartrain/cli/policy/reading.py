"""geartrain policy list, show, diff, export"""

from __future__ import annotations

import sys
from datetime import datetime, time
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from geartrain.cli.options import AsOption, WorkspaceOption, acting
from geartrain.cli.output import Format, FormatOption, answer, console, plain, print_csv, print_json, print_rows
from geartrain.cli.policy.show import COLUMNS, cells
from geartrain.cli.policy.target import PolicyArgument, target
from geartrain.services.governance import PolicyDetail, PolicyRow

LISTED = (
    "kind",
    "key",
    "name",
    "owner",
    "source",
    "version",
    "status",
    "effective_from",
    "review_by",
    "open_version",
    "open_status",
    "sha256",
    "where",
)


def register(policy: typer.Typer) -> None:
    """Add the commands."""

    @policy.command("list")
    def list_(
        kind: Annotated[str | None, typer.Option(help="Only of this kind.")] = None,
        status: Annotated[
            str | None, typer.Option(help="Only with this status, in force or being worked on, e.g. in_review.")
        ] = None,
        as_: AsOption = None,
        format: FormatOption = Format.table,
        workspace: WorkspaceOption = None,
    ) -> None:
        """The policies in force, being worked on, or retired."""
        from geartrain.services.governance import list_policies

        ws, actor = acting(workspace, as_)
        found = list_policies(ws, actor, kind=kind, status=status)
        if format is Format.table:
            short = [(f"{r.kind}/{r.key}", r.version, r.status, _in_force(r), _open(r)) for r in found]
            print_rows(("policy", "version", "status", "in force", "worked on"), short, title="Policies")
            return
        rows = [tuple(getattr(r, c) for c in LISTED) for r in found]
        answer(format, LISTED, rows, whole={"policies": [dict(zip(LISTED, row, strict=True)) for row in rows]})

    @policy.command()
    def show(
        name: PolicyArgument,
        version: Annotated[int | None, typer.Option(help="Its number; otherwise the one in force.")] = None,
        body: Annotated[bool, typer.Option("--body", help="Only the text, byte for byte.")] = False,
        as_: AsOption = None,
        format: FormatOption = Format.table,
        workspace: WorkspaceOption = None,
    ) -> None:
        """One policy: its text, where it stands, who approved and who acknowledged it."""
        from geartrain.services.governance import as_json, get_policy

        ws, actor = acting(workspace, as_)
        it = target(ws, actor, name)
        found = get_policy(ws, actor, **it.name, version=version or it.version)
        if body:
            sys.stdout.buffer.write(found.body.encode())
        elif format is Format.json:
            print_json(as_json(found))
        elif format is Format.csv:
            print_csv(COLUMNS, [cells(v) for v in found.versions])
        else:
            _print(found)

    @policy.command()
    def diff(
        name: PolicyArgument,
        old: Annotated[
            int | None, typer.Option("--from", help="The version before; otherwise what is in force.")
        ] = None,
        new: Annotated[int | None, typer.Option("--to", help="The version after; otherwise the latest.")] = None,
        as_: AsOption = None,
        format: FormatOption = Format.table,
        workspace: WorkspaceOption = None,
    ) -> None:
        """What differs between two versions, or between what is in force and a file."""
        from geartrain.services.governance import diff_policies

        ws, actor = acting(workspace, as_)
        it = target(ws, actor, name)
        found = diff_policies(ws, actor, **it.name, old=old, new=new or it.version, text=it.text, where=it.where)
        rows = [(c.path, c.change, c.old, c.new) for c in found.changes]
        if format is Format.table:
            sys.stdout.write(found.text)
            print_rows(("path", "change", "old", "new"), rows, title="Values", empty="No value differs.")
        else:
            answer(format, ("path", "change", "old", "new"), rows, whole=found.as_json())

    @policy.command()
    def export(
        folder: Annotated[Path, typer.Argument(metavar="DIR")],
        every_version: Annotated[
            bool, typer.Option("--every-version", help="Each version, not only those in force.")
        ] = False,
        as_: AsOption = None,
        workspace: WorkspaceOption = None,
    ) -> None:
        """Write the published texts as files, byte for byte."""
        from geartrain.services.governance import export_policies

        ws, actor = acting(workspace, as_)
        written = export_policies(ws, actor, folder=folder, every_version=every_version)
        console.print(f"{len(written):,} {'file' if len(written) == 1 else 'files'} in {escape(str(folder))}.")


def _day(instant: datetime | None) -> str:
    """A midnight as its day, UTC."""
    return "" if instant is None else f"{instant:%Y-%m-%d}" if instant.time() == time() else plain(instant)


def _in_force(row: PolicyRow) -> str:
    since = f" since {row.effective_from:%Y-%m-%d}" if row.source == "published" and row.effective_from else ""
    return f"{row.source or 'nothing'}{since}"


def _open(row: PolicyRow) -> str:
    return f"{row.open_version} {row.open_status.replace('_', ' ')}" if row.open_version else ""


def _print(found: PolicyDetail) -> None:
    head = f"[bold]{escape(found.name)}[/] {escape(f'{found.kind}/{found.key}')} version {found.version}"
    standing = str(found.info.status).replace("_", " ") if found.info else "in force"
    console.print(
        f"{head} · {standing} · {escape(found.source or 'not published')} · {escape(found.where)}", soft_wrap=True
    )
    console.print(f"[dim]sha256 {found.sha256}[/]", soft_wrap=True)
    console.print()
    sys.stdout.write(found.body if found.body.endswith("\n") else found.body + "\n")
    console.print()
    if found.versions:
        rows = [(v.version, v.status, v.author, _day(v.effective_from), _day(v.effective_to)) for v in found.versions]
        print_rows(("version", "status", "author", "from", "to"), rows, title="Versions")
    if found.info:
        rows = [(a.approver, a.verdict, a.comment, a.at) for a in found.approvals]
        print_rows(("approver", "verdict", "comment", "at"), rows, title="Approvals")
    if said := found.acknowledgements:
        people = [(p.person, p.name, p.version, p.at) for p in said.people]
        title = f"Acknowledged by {said.done} of {said.asked}, version {said.version}"
        print_rows(("person", "name", "version", "at"), people, title=title)
