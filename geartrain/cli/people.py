"""geartrain user"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from geartrain.cli.options import WorkspaceOption, acting
from geartrain.cli.output import Format, FormatOption, answer, console
from geartrain.services.access import Role

PasswordOption = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking.")
]
RolesOption = Annotated[list[Role], typer.Option("--role", help="A role; repeat for several.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    user = typer.Typer(help="Who may sign in.", no_args_is_help=True)
    app.add_typer(user, name="user")

    @user.command()
    def add(
        email: Annotated[str, typer.Argument(metavar="EMAIL")],
        name: Annotated[str, typer.Option(help="Their name.")] = "",
        role: RolesOption = [],  # noqa: B006 - typer reads it, nobody changes it
        user_id: Annotated[str | None, typer.Option(help="Their record in the facts: whose deals are theirs.")] = None,
        password_stdin: PasswordOption = False,
        workspace: WorkspaceOption = None,
    ) -> None:
        """Let somebody sign in."""
        from geartrain.services.people import create_user

        ws, actor = acting(workspace)
        password = _password(password_stdin)
        person = create_user(ws, actor, email=email, name=name, roles=role, user_id=user_id, password=password)
        console.print(f"[bold]{person.email}[/] can sign in as {', '.join(person.roles) or 'nobody in particular'}.")

    @user.command("list")
    def list_(format: FormatOption = Format.table, workspace: WorkspaceOption = None) -> None:
        """Everyone who can or could sign in."""
        from geartrain.services.people import list_users

        ws, actor = acting(workspace)
        people = list_users(ws, actor)
        rows = [(p.email, p.name, ", ".join(p.roles), p.user_id, p.is_active) for p in people]
        columns = ("email", "name", "roles", "user_id", "is_active")
        whole = {
            "users": [
                dict(zip(columns, (*r[:2], p.roles, *r[3:]), strict=True)) for r, p in zip(rows, people, strict=True)
            ]
        }
        answer(format, columns, rows, whole=whole, title="Users")

    @user.command()
    def roles(
        email: Annotated[str, typer.Argument(metavar="EMAIL")],
        role: RolesOption = [],  # noqa: B006 - as above
        workspace: WorkspaceOption = None,
    ) -> None:
        """Give somebody exactly these roles."""
        from geartrain.services.people import set_roles

        ws, actor = acting(workspace)
        person = set_roles(ws, actor, email=email, roles=role)
        console.print(f"[bold]{person.email}[/]: {', '.join(person.roles) or 'no role'}.")

    @user.command()
    def password(
        email: Annotated[str, typer.Argument(metavar="EMAIL")],
        password_stdin: PasswordOption = False,
        workspace: WorkspaceOption = None,
    ) -> None:
        """Give somebody a new password; their sessions end."""
        from geartrain.services.people import set_password

        ws, actor = acting(workspace)
        set_password(ws, actor, email=email, password=_password(password_stdin))
        console.print(f"[bold]{email}[/] has a new password.")

    @user.command()
    def deactivate(
        email: Annotated[str, typer.Argument(metavar="EMAIL")],
        workspace: WorkspaceOption = None,
    ) -> None:
        """Keep somebody out from now on. What they did stays."""
        from geartrain.services.people import deactivate as keep_out

        ws, actor = acting(workspace)
        keep_out(ws, actor, email=email)
        console.print(f"[bold]{email}[/] can no longer sign in.")


def _password(from_stdin: bool) -> str:
    # Never an option: arguments are seen by everybody on the machine and kept in the shell's history.
    return sys.stdin.readline().rstrip("\r\n") if from_stdin else typer.prompt("Password", hide_input=True)
