"""geartrain contest run, leaderboard, award, list, display"""

from __future__ import annotations

from typing import Annotated

import typer

from geartrain.cli.options import AsOption, WorkspaceOption, acting
from geartrain.cli.output import Format, FormatOption, answer, console

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="Key of the contest.")]
STANDINGS = ("rank", "person", "name", "cohort", "value", "score", "awards", "badges", "why")
AWARDS = ("person", "award", "rank", "amount", "currency", "paid_in")


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Contests: who ranks where among their like, and wins what.", no_args_is_help=True)
    app.add_typer(group, name="contest")
    for command in (run, leaderboard, award, display):
        group.command()(command)
    group.command("list")(list_)


def run(
    key: KeyArgument, format: FormatOption = Format.table, login: AsOption = None, workspace: WorkspaceOption = None
) -> None:
    """Everybody's standing: as known now, and once it is frozen as it was known then."""
    from geartrain.services.pay.contests import run_contest

    ws, actor = acting(workspace, login)
    whole = run_contest(ws, actor, key=key).as_json()
    rows = [[_cell(s[c]) for c in STANDINGS] for s in whole["standings"]]
    title = f"{whole['name']}, {whole['period']}{', frozen' if whole['frozen'] else ''}"
    answer(format, STANDINGS, rows, whole=whole, title=title)


def leaderboard(
    key: KeyArgument,
    cohort: Annotated[str, typer.Option(help="Only this cohort, for who sees everybody.")] = "",
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """The top and those around oneself; who opted out of display is not named."""
    from geartrain.services.pay.contests import get_leaderboard

    ws, actor = acting(workspace, login)
    whole = get_leaderboard(ws, actor, key=key, cohort=cohort)
    columns = STANDINGS[:-1]
    rows = [[_cell(s[c]) for c in columns] for s in whole["rows"]]
    answer(format, columns, rows, whole=whole, title=f"{whole['name']}, {whole['period']}")


def award(
    key: KeyArgument,
    into: Annotated[str, typer.Option(help="The open pay period it is paid in; that of the freeze where empty.")] = "",
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Award what was won at the freeze, each award once; what was reversed since becomes an adjustment."""
    from geartrain.services.pay.contests import award_contest

    ws, actor = acting(workspace, login)
    whole = award_contest(ws, actor, key=key, into=into)
    title = f"{whole['new']} new awards, {len(whole['adjustments'])} adjusted, paid in {whole['period']}"
    answer(format, AWARDS, [[a[c] for c in AWARDS] for a in whole["awards"]], whole=whole, title=title)


def display(
    shown: Annotated[bool, typer.Option("--show/--hide", help="Whether one's name may stand on leaderboards.")] = True,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Opt out of being named on leaderboards, or in again (with --as)."""
    from geartrain.services.pay.contests import set_display

    ws, actor = acting(workspace, login)
    set_display(ws, actor, shown=shown)
    console.print("Your name may stand on leaderboards." if shown else "Leaderboards do not name you.")


def list_(format: FormatOption = Format.table, login: AsOption = None, workspace: WorkspaceOption = None) -> None:
    """The contests in force."""
    from geartrain.services.pay.contests import list_contests

    ws, actor = acting(workspace, login)
    found = list_contests(ws, actor)
    columns = ("key", "name", "period", "metric", "freeze", "frozen")
    answer(format, columns, [[c[n] for n in columns] for c in found], whole={"contests": found}, title="Contests")


def _cell(value: object) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{k} {v}" for k, v in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else value
