"""geartrain policy new, check, schema, save: before anybody is asked"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from geartrain.cli.options import AsOption, WorkspaceOption, acting
from geartrain.cli.output import Format, FormatOption, answer, console, print_issues, print_json
from geartrain.cli.policy.show import tell
from geartrain.cli.policy.target import named_by, read
from geartrain.kernel.errors import Conflict, Invalid
from geartrain.kernel.issues import Level

KindArgument = Annotated[str, typer.Argument(metavar="KIND", help="The kind of policy, e.g. corporate_goals.")]
ReplacesOption = Annotated[str, typer.Option("--replaces", help="Hash of somebody else's draft that this replaces.")]
SummaryOption = Annotated[str, typer.Option("--summary", help="What changes and why, in a sentence.")]


def register(policy: typer.Typer) -> None:
    """Add the commands."""

    @policy.command()
    def new(
        kind: KindArgument,
        key: Annotated[str, typer.Argument(metavar="KEY", help="Its name: small letters, digits, underscores.")],
        output: Annotated[Path | None, typer.Option("--output", "-o", help="The file; - for standard output.")] = None,
        workspace: WorkspaceOption = None,
    ) -> None:
        """Write a first text with every key explained, to policies/KIND/KEY.yaml."""
        import re

        from geartrain.kernel.policy.template import template
        from geartrain.services.policies import known_kind

        found = known_kind(kind)
        if not re.fullmatch(r"[a-z][a-z0-9_-]*", key):
            raise Invalid(f"'{key}' is no key.", hint="A letter, then small letters, digits and underscores.")
        text = template(found, key)
        if output == Path("-"):
            sys.stdout.write(text)
            return
        file = output or acting(workspace)[0].policies / kind / f"{key}.yaml"
        if file.exists():
            raise Conflict(f"{file} is there already.", hint="Change it, or name another with --output.")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        console.print(
            f"Wrote [bold]{escape(str(file))}[/]. Fill it in, then: geartrain policy check {escape(str(file))}",
            soft_wrap=True,
        )

    @policy.command()
    def check(
        file: Annotated[Path, typer.Argument(metavar="FILE")],
        format: FormatOption = Format.table,
        as_: AsOption = None,
        workspace: WorkspaceOption = None,
    ) -> None:
        """What is wrong or doubtful in a policy's text, with file and line. Exit code 2 where something is wrong."""
        from geartrain.services.governance import check_policy

        ws, actor = acting(workspace, as_)
        issues = check_policy(ws, actor, text=read(file), where=str(file))
        wrong = sum(i.level == Level.error for i in issues)
        if format is Format.table:
            print_issues(issues)
            console.print(f"{wrong} wrong, {len(issues) - wrong} doubtful." if issues else "Nothing is wrong.")
        else:
            rows = [tuple(i.as_json().values()) for i in issues]
            columns = ("code", "level", "message", "where", "hint")
            answer(format, columns, rows, whole={"issues": [i.as_json() for i in issues]})
        if wrong:
            raise typer.Exit(2)

    @policy.command()
    def schema(kind: KindArgument, workspace: WorkspaceOption = None) -> None:
        """The JSON Schema of a kind, for editors that complete and check."""
        from geartrain.kernel.policy.template import schema_of
        from geartrain.services.policies import known_kind

        print_json(schema_of(known_kind(kind)))

    @policy.command()
    def save(
        file: Annotated[str, typer.Argument(metavar="FILE")],
        replaces: ReplacesOption = "",
        summary: SummaryOption = "",
        as_: AsOption = None,
        format: FormatOption = Format.table,
        workspace: WorkspaceOption = None,
    ) -> None:
        """Keep a file's text as the draft of its policy, without asking anybody yet."""
        from geartrain.services.governance import save_draft

        ws, actor = acting(workspace, as_)
        text = named_by(file).text or ""
        tell(format, save_draft(ws, actor, text=text, replaces=replaces, summary=summary), "is a draft.")
