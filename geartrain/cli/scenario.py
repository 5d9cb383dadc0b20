"""geartrain scenario new, edit, list, show, run, compare, delete, restore"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geartrain.cli.options import AsOption, WorkspaceOption, acting, parse_day
from geartrain.cli.output import Bars, Format, FormatOption, answer, console, print_json, print_rows
from geartrain.cli.policy.backtest import read_file
from geartrain.kernel.errors import Invalid

if TYPE_CHECKING:
    from geartrain.kernel.policy.scenario import Row
    from geartrain.services.changes.scenario_runs import Comparison
    from geartrain.services.changes.scenarios import ScenarioInfo

KeyArgument = Annotated[str, typer.Argument(metavar="SCENARIO", help="Key of the scenario.")]
AllOption = Annotated[bool, typer.Option("--all", help="Show the numbers that do not differ too.")]
DraftOption = Annotated[
    list[Path], typer.Option("--draft", help="YAML file of a draft; repeat for several.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    scenario = typer.Typer(
        help="Scenarios: drafts laid over the policies, tried on every number.", no_args_is_help=True
    )
    app.add_typer(scenario, name="scenario")
    scenario.command("list")(list_)
    for command in (new, edit, show, run, compare, delete, restore):
        scenario.command()(command)


def new(
    key: KeyArgument,
    draft: DraftOption = [],  # noqa: B006 - typer reads it, nobody changes it
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    description: Annotated[str, typer.Option(help="What it tries.")] = "",
    since: Annotated[str | None, typer.Option("--from", help="First day; otherwise this fiscal year.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="The day after the last.")] = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Make a scenario over the facts as they are now."""
    from geartrain.services.changes.scenarios import create_scenario

    ws, actor = acting(workspace, login)
    made = create_scenario(
        ws,
        actor,
        key=key,
        name=name,
        description=description,
        drafts=[(str(f), read_file(f)) for f in draft],
        since=parse_day(since, option="--from"),
        until=parse_day(until, option="--to"),
    )
    _answer(format, made, f"Made '{made.key}'. Run it with: geartrain scenario run {made.key}")


def edit(
    key: KeyArgument,
    draft: DraftOption = [],  # noqa: B006
    drop: Annotated[list[str], typer.Option(help="Take a draft out: KIND/KEY.")] = [],  # noqa: B006
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Add drafts, put them in the place of earlier ones, or take them out."""
    from geartrain.services.changes.scenarios import drop_draft, get_scenario, set_draft

    ws, actor = acting(workspace, login)
    for pair in drop:
        kind, slash, policy = pair.partition("/")
        if not slash:
            raise Invalid(f"--drop {pair} names no draft.", hint="Write --drop metric/bookings.")
        drop_draft(ws, actor, key=key, kind=kind, policy=policy)
    for file in draft:
        set_draft(ws, actor, key=key, text=read_file(file), where=str(file))
    held, _ = get_scenario(ws, actor, key=key)
    _answer(format, held, f"'{key}' has {len(held.drafts)} drafts.")


def list_(
    deleted: Annotated[bool, typer.Option("--deleted", help="Those that were deleted.")] = False,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """The scenarios one may know of, latest first."""
    from geartrain.services.changes.scenarios import list_scenarios

    ws, actor = acting(workspace, login)
    found = list_scenarios(ws, actor, deleted=deleted)
    columns = ("key", "name", "owner", "from", "to", "drafts", "created")
    rows = [(s.key, s.name, s.owner, s.since, s.until, len(s.drafts), s.created_at) for s in found]
    answer(format, columns, rows, whole={"scenarios": [s.as_json() for s in found]}, title="Scenarios")


def show(
    key: KeyArgument, format: FormatOption = Format.table, login: AsOption = None, workspace: WorkspaceOption = None
) -> None:
    """One scenario: its drafts against what holds, and what it last gave."""
    from geartrain.services.changes.scenario_runs import latest_run
    from geartrain.services.changes.scenarios import get_scenario

    ws, actor = acting(workspace, login)
    held, drafts = get_scenario(ws, actor, key=key)
    last = latest_run(ws, actor, key=key)
    if format is not Format.table:
        told = [
            {
                "kind": d.policy.kind,
                "key": d.policy.key,
                "sha256": d.policy.sha256,
                "where": d.policy.where,
                "against": d.against.sha256 if d.against else None,
                "diff": list(d.diff),
            }
            for d in drafts
        ]
        whole = held.as_json() | {"drafts": told, "last_run": last.as_json() if last else None}
        answer(format, ("key", "value"), [(k, str(v)) for k, v in whole.items()], whole=whole)
        return
    console.print(f"[bold]{held.name}[/] ({held.key}), {held.since} to {held.until} (exclusive), by {held.owner}")
    if held.description:
        console.print(held.description, highlight=False, markup=False)
    for d in drafts:
        console.print(f"\n[bold]{d.policy.kind} {d.policy.key}[/]")
        console.print("\n".join(d.diff) or "As it is in force.", highlight=False, markup=False)
    if last is None:
        console.print(f"\nIt has not been run: geartrain scenario run {key}")
    else:
        _print(last, every=False)


def run(
    key: KeyArgument,
    every: AllOption = False,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Run the engines under a scenario and compare with today."""
    from geartrain.services.changes.scenario_runs import run_scenario

    ws, actor = acting(workspace, login)
    with Bars() as bars:
        found = run_scenario(ws, actor, key=key, progress=lambda title, done, of: bars("Running", done, of))
    _tell(format, found, every=every)


def compare(
    keys: Annotated[list[str], typer.Argument(metavar="SCENARIO…", help="One to five keys.")],
    every: AllOption = False,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Today and scenarios side by side, over the facts and the window of the first."""
    from geartrain.services.changes.scenario_runs import compare_scenarios

    ws, actor = acting(workspace, login)
    with Bars() as bars:
        found = compare_scenarios(ws, actor, keys=keys, progress=lambda title, done, of: bars("Running", done, of))
    _tell(format, found, every=every)


def delete(
    key: KeyArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")] = False,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Put a scenario away; `restore` brings it back."""
    from geartrain.services.changes.scenarios import delete_scenario, get_scenario

    ws, actor = acting(workspace, login)
    if dry_run:
        held, _ = get_scenario(ws, actor, key=key)
        _answer(format, held, f"Would delete '{key}' with {len(held.drafts)} drafts. Nothing was changed.")
        return
    gone = delete_scenario(ws, actor, key=key)
    _answer(format, gone, f"Deleted '{key}'. Bring it back with: geartrain scenario restore {key}")


def restore(
    key: KeyArgument, format: FormatOption = Format.table, login: AsOption = None, workspace: WorkspaceOption = None
) -> None:
    """Bring a deleted scenario back."""
    from geartrain.services.changes.scenarios import restore_scenario

    ws, actor = acting(workspace, login)
    _answer(format, restore_scenario(ws, actor, key=key), f"'{key}' is back.")


def _answer(format: Format, held: ScenarioInfo, said: str) -> None:
    if format is Format.table:
        console.print(said, highlight=False, markup=False)
    else:
        whole = held.as_json()
        answer(format, ("key", "value"), [(k, str(v)) for k, v in whole.items()], whole=whole)


def _tell(format: Format, found: Comparison, *, every: bool) -> None:
    if format is Format.json:
        print_json(found.as_json())
    elif format is Format.csv:
        columns, rows = _table(found, found.rows)
        answer(format, columns, rows, whole=None)
    else:
        _print(found, every=every)


def _table(found: Comparison, rows: tuple[Row, ...]) -> tuple[list[str], list[list[Any]]]:
    """One line a number: its value in each column, and for each scenario the difference and what caused it."""
    keys = [key for key, _ in found.columns]
    columns = ["key", "label", "unit", *keys, *(f"{key} difference" for key in keys[1:]), "caused by"]
    return columns, [_line(row) for row in rows]


def _line(row: Row) -> list[Any]:
    causes = dict.fromkeys(f"{kind}/{key}" for found in row.causes[1:] for kind, key in found)
    return [row.key, row.label, row.unit, *row.values, *row.differences[1:], ", ".join(causes) if row.differs else ""]


def _print(found: Comparison, *, every: bool) -> None:
    rows = found.rows if every else found.changed
    columns, lines = _table(found, rows)
    print_rows(columns[1:], [line[1:] for line in lines], title=f"{len(found.changed):,} of {len(found.rows):,} differ")
    for scenario, kind, key in found.unread:
        console.print(f"[yellow]· No engine reads the {kind} '{key}' of '{scenario}' yet.[/]", highlight=False)
    for said in found.stale:
        console.print(f"[yellow]· {said}[/]", highlight=False)
    console.print(
        f"[dim]{found.since} to {found.until}, as of {found.as_of}; facts {found.facts[:12]}; "
        f"{found.ran} parts worked out, {found.kept} known.[/]",
        highlight=False,
    )
