"""The options that several commands share."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from geartrain.kernel.errors import Invalid
from geartrain.services.access import Actor, operator
from geartrain.services.workspace import Workspace, open_workspace

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        envvar="GEARTRAIN_WORKSPACE",
        help="Folder of the workspace; otherwise the one around the current folder.",
    ),
]
AsOption = Annotated[str | None, typer.Option("--as", help="E-mail of the person whose view to take.")]
AsOfOption = Annotated[str | None, typer.Option("--as-of", help="The last day that is seen, YYYY-MM-DD.")]
KnownAsOfOption = Annotated[
    str | None, typer.Option("--known-as-of", help="Only what was known at that instant (UTC), ISO 8601.")
]


def acting(workspace: Path | None, login: str | None = None) -> tuple[Workspace, Actor]:
    """The workspace and whom the command runs for: its operator, or the person named."""
    ws = open_workspace(workspace)
    if login is None:
        return ws, operator()
    from geartrain.services.people import actor_of  # opens the decision store, which most commands never need

    return ws, actor_of(ws, login)


def parse_day(text: str | None, *, option: str) -> date | None:
    """A date option.

    Raises:
        Invalid: not a date.
    """
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(f"{option} is not a date: '{text}'.", hint="Write it as YYYY-MM-DD.") from None


def parse_instant(text: str | None, *, option: str) -> datetime | None:
    """An instant option as naive UTC; one without a zone is UTC already.

    Raises:
        Invalid: not an instant.
    """
    from datetime import UTC

    try:
        instant = datetime.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(f"{option} is not an instant: '{text}'.", hint="Write it as 2026-09-30T12:00:00Z.") from None
    return instant.astimezone(UTC).replace(tzinfo=None) if instant and instant.tzinfo else instant
