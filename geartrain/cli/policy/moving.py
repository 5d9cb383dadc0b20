"""geartrain policy propose, withdraw, approve, reject, publish, retire, ack"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from geartrain.cli.options import AsOption, WorkspaceOption, acting, parse_day, parse_instant
from geartrain.cli.output import Format, FormatOption, console, print_csv, print_json
from geartrain.cli.policy.show import day, tell
from geartrain.cli.policy.target import PolicyArgument, target
from geartrain.cli.policy.writing import ReplacesOption, SummaryOption

ReasonOption = Annotated[str, typer.Option("--reason", help="Why.")]
ShaOption = Annotated[str, typer.Option("--sha256", help="Hash of the text that was read.")]


def register(policy: typer.Typer) -> None:
    """Add the commands."""

    @policy.command()
    def propose(
        name: PolicyArgument,
        summary: SummaryOption = "",
        replaces: ReplacesOption = "",
        as_: AsOption = None,
        format: FormatOption = Format.table,
        workspace: WorkspaceOption = None,
    ) -> None:
        """Ask for approval of the open draft, or of a file's text, which is saved first."""
        from geartrain.services.governance import propose_policy

        ws, actor = acting(workspace, as_)
        it = target(ws, actor, name)
        more = {"text": it.text, "where": it.where} if it.text is not None else {}
        found = propose_policy(ws, actor, **it.name, **more, summary=summary, replaces=replaces)
        tell(format, found, "waits for approval by somebody else.")

    @policy.command()
    def withdraw(
        name: PolicyArgument,
        reason: ReasonOption = "",
        as_: AsOption = None,
        format: FormatOption = Format.table,
        workspace: WorkspaceOption = None,
    ) -> None:
        """Take one's own text that is under review, or approved, back to draft."""
        from geartrain.services.governance import withdraw_policy

        ws, actor = acting(workspace, as_)
        it = target(ws, actor, name)
        tell(format, withdraw_policy(ws, actor, **it.name, reason=reason), "is a draft again.")

    @policy.command()
    def approve(
        name: PolicyArgument,
        comment: Annotated[str, typer.Option("--comment", help="What to remember of it.")] = "",
        sha256: ShaOption = "",
        as_: AsOption = None,
        format: FormatOption = Format.table,
        workspace: WorkspaceOption = None,
    ) -> None:
        """Say yes to a text under review; never one's own."""
        from geartrain.services.governance import approve_policy

        ws, actor = acting(workspace, as_)
        it = target(ws, actor, name)
        found = approve_policy(ws, actor, **it.name, comment=comment, sha256=sha256 or it.sha256)
        tell(format, found, "is approved.")

    @policy.command()
    def reject(
        name: PolicyArgument,
        reason: ReasonOption = "",
        as_: AsOption = None,
        format: FormatOption = Format.table,
        workspace: WorkspaceOption = None,
    ) -> None:
        """Send a text under review back to its author, with the reason."""
        from geartrain.services.governance import reject_policy

        ws, actor = acting(workspace, as_)
        it = target(ws, actor, name)
        found = reject_policy(ws, actor, **it.name, reason=reason, sha256=it.sha256)
        tell(format, found, "is a draft again.")

    @policy.command()
    def publish(
        name: PolicyArgument,
        effective_from: Annotated[
            str | None,
            typer.Option(
                "--effective-from", help="A day, YYYY-MM-DD, or an instant, ISO 8601; otherwise the text's, or now."
            ),
        ] = None,
        material: Annotated[
            bool | None,
            typer.Option("--material/--editorial", help="Whether people must acknowledge it anew; yes unless said."),
        ] = None,
        as_: AsOption = None,
        format: FormatOption = Format.table,
        workspace: WorkspaceOption = None,
    ) -> None:
        """Put the approved version in force from a day on."""
        from geartrain.services.governance import publish_policy

        ws, actor = acting(workspace, as_)
        it = target(ws, actor, name)
        start = _when(effective_from, option="--effective-from")
        found = publish_policy(ws, actor, **it.name, effective_from=start, material=material)
        asks = "asks for acknowledgement" if found.material else "is an editorial change"
        tell(format, found, f"is published, holds from {day(found.effective_from)} and {asks}.")

    @policy.command()
    def retire(
        name: PolicyArgument,
        reason: ReasonOption = "",
        effective_to: Annotated[
            str | None, typer.Option("--effective-to", help="A day, YYYY-MM-DD, or an instant; otherwise now.")
        ] = None,
        as_: AsOption = None,
        format: FormatOption = Format.table,
        workspace: WorkspaceOption = None,
    ) -> None:
        """End the published version, with the reason."""
        from geartrain.services.governance import retire_policy

        ws, actor = acting(workspace, as_)
        it = target(ws, actor, name)
        end = _when(effective_to, option="--effective-to")
        found = retire_policy(ws, actor, **it.name, reason=reason, effective_to=end)
        tell(format, found, f"is retired and holds until {day(found.effective_to)}.")

    @policy.command()
    def ack(
        name: PolicyArgument,
        sha256: ShaOption = "",
        as_: AsOption = None,
        format: FormatOption = Format.table,
        workspace: WorkspaceOption = None,
    ) -> None:
        """Say that one has read the published text; an old hash is refused."""
        from geartrain.services.governance import acknowledge_policy, acknowledgements

        ws, actor = acting(workspace, as_)
        it = target(ws, actor, name)
        # Without a hash, whoever types this says that they have read what counts now.
        digest = sha256 or it.sha256 or acknowledgements(ws, actor, **it.name).sha256
        said = {**it.name, "version": acknowledge_policy(ws, actor, **it.name, sha256=digest), "sha256": digest}
        if format is Format.json:
            print_json({**said, "person": actor.login})
        elif format is Format.csv:
            print_csv((*said, "person"), [(*said.values(), actor.login)])
        else:
            console.print(f"{actor.login} acknowledged [bold]{it.kind}/{it.key}@{said['version']}[/].")


def _when(text: str | None, *, option: str) -> date | datetime | None:
    """A day, or an instant where there is a time in it."""
    if text is None or len(text.strip()) <= len("2026-01-01"):
        return parse_day(text, option=option)
    return parse_instant(text, option=option)
