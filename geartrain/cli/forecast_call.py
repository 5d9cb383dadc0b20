"""geartrain forecast open, submit, status, calls, moved, lock, load, accuracy: joined to the group in forecast.py"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geartrain.cli.options import AsOfOption, AsOption, WorkspaceOption, acting, parse_day, parse_instant
from geartrain.cli.output import Bars, Format, FormatOption, answer, console, print_rows
from geartrain.kernel.errors import Invalid
from geartrain.kernel.periods import Grain

if TYPE_CHECKING:
    from geartrain.services.access import Actor
    from geartrain.services.workspace import Workspace

PeriodOption = Annotated[str, typer.Option("--period", help="Fiscal period, e.g. 2026Q4.")]
OpenOption = Annotated[str | None, typer.Option("--period", help="Fiscal period, e.g. 2026Q4; otherwise this quarter.")]
CallOption = Annotated[
    str | None, typer.Option("--period", help="Fiscal period, e.g. 2026Q4; otherwise that of the latest call.")
]
LINE = ("user_id", "manager_id", "category", "roll_up", "own", "manager", "effective", "kind")


def add_to(forecast: typer.Typer) -> None:
    """Add the commands of the process."""
    forecast.command("open")(open_)
    for command in (submit, status, calls, moved, lock, load, accuracy):
        forecast.command()(command)


def open_(
    period: OpenOption = None,
    as_of: AsOfOption = None,
    due: Annotated[str | None, typer.Option("--due", help="Instant (UTC) submissions are due; in two days.")] = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Open a call: people submit to it until it is locked."""
    from geartrain.services.forecasting.forecast_calls import open_call

    ws, actor = acting(workspace, login)
    day, by = parse_day(as_of, option="--as-of"), parse_instant(due, option="--due")
    made = open_call(ws, actor, period=period or _quarter(ws, actor), as_of=day, due=by)
    _told(
        format, made.as_json(), f"Opened the call of {made.period} as of {made.as_of}, due {made.due:%Y-%m-%d %H:%M}."
    )


def submit(
    amount: Annotated[str, typer.Option("--amount", help="In the workspace's currency.")],
    period: CallOption = None,
    category: Annotated[str, typer.Option("--category", help="commit, best_case or call.")] = "call",
    user: Annotated[
        str | None, typer.Option("--for", "--user", help="Whose line: a user id; otherwise one's own.")
    ] = None,
    note: Annotated[str, typer.Option("--note", "--reason", help="Why; an override needs it.")] = "",
    as_of: AsOfOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Submit a number, for oneself or, with the reason, for somebody below."""
    from geartrain.services.forecasting.forecast_calls import submit_forecast

    ws, actor = acting(workspace, login)
    found = submit_forecast(
        ws, actor, period=period or _latest(ws, actor), category=category, amount=amount, user=user, note=note,
        as_of=parse_day(as_of, option="--as-of"),
    )  # fmt: skip
    line = user or actor.user_id
    told = next(
        r for r in found.as_json()["lines"] if (r["user_id"], r["category"]) == (line, category.replace("-", "_"))
    )
    beside = f"counts {told['effective']:,.2f}, beside a roll-up of {told['roll_up']:,.2f}"
    _told(format, told, f"{told['name']}, {told['category']}: {beside}.")


def calls(
    period: Annotated[str | None, typer.Option("--period", help="Only those of a fiscal period.")] = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Every call, latest first."""
    from geartrain.services.forecasting.forecast_calls import list_calls

    ws, actor = acting(workspace, login)
    found = [c.as_json() for c in list_calls(ws, actor, period=period)]
    columns = ("period", "as_of", "state", "due", "opened_by", "locked_at", "locked_by")
    answer(format, columns, [tuple(c[k] for k in columns) for c in found], whole={"calls": found}, title="Calls")


def moved(
    period: PeriodOption,
    since: Annotated[str, typer.Option("--from", help="As-of day of the earlier call.")],
    until: Annotated[str, typer.Option("--to", help="As-of day of the later call.")],
    user: Annotated[str | None, typer.Option("--for", "--user", help="Whose line; otherwise the highest.")] = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """What was believed in two calls of a period, and which deals moved between them."""
    from geartrain.services.forecasting.forecast_moves import compare_calls

    ws, actor = acting(workspace, login)
    days = parse_day(since, option="--from"), parse_day(until, option="--to")
    if days[0] is None or days[1] is None:
        raise Invalid("Two calls are compared by their days.", hint="Give --from and --to as YYYY-MM-DD.")
    whole = compare_calls(ws, actor, period=period, since=days[0], until=days[1], user=user).as_json()
    rows = [
        (d["opportunity_id"], ", ".join(d["what"]), *((d[side] or {}).get("amount") for side in ("before", "after")))
        for d in whole["deals"]
    ]
    answer(format, ("opportunity_id", "what", "before", "after"), rows, whole=whole, title="Deals that moved")


def load(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV of what was said in calls held elsewhere.")],
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Take over calls that were held elsewhere, each locked.

    Columns: period, as_of, user_id, category (commit, best_case, call), amount, kind (own, manager; own where empty),
    note (an override needs it), made_at (UTC), made_by.
    """
    from geartrain.services.forecasting.forecast_files import load_file

    ws, actor = acting(workspace, login)
    with Bars() as bars:
        made = load_file(ws, actor, file=file, progress=bars)
    _told(format, dict(made), f"Loaded {made['calls']:,} calls with {made['submissions']:,} submissions.")


def status(
    period: CallOption = None,
    as_of: AsOfOption = None,
    restated: Annotated[bool, typer.Option("--restated", help="Add up along today's hierarchy.")] = False,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Who said what beside what their team adds up to, and who is late or has said nothing."""
    from geartrain.services.forecasting.forecast_calls import get_status

    ws, actor = acting(workspace, login)
    found = get_status(
        ws, actor, period=period or _latest(ws, actor), as_of=parse_day(as_of, option="--as-of"), restated=restated
    )
    whole = found.as_json()
    rows = [tuple(r[c]["amount"] if isinstance(r[c], dict) else r[c] for c in LINE) for r in whole["lines"]]
    if format is not Format.table:
        answer(format, LINE, rows, whole=whole)
        return
    print_rows(LINE, rows, title=f"{whole['period']} as of {whole['as_of']}: {whole['state']}, due {whole['due']}")
    for what in ("late", "missing", "carried_forward"):
        if whole[what]:
            console.print(f"{what.replace('_', ' ')}: {', '.join(whole[what])}", highlight=False)


def lock(
    period: CallOption = None,
    as_of: AsOfOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """End a call: from now on nothing in it changes."""
    from geartrain.services.forecasting.forecast_calls import lock_call

    ws, actor = acting(workspace, login)
    made = lock_call(ws, actor, period=period or _latest(ws, actor), as_of=parse_day(as_of, option="--as-of"))
    _told(format, made.as_json(), f"Locked the call of {made.period} as of {made.as_of}.")


def accuracy(
    period: Annotated[list[str], typer.Option("--period", help="A period that is over; repeat for several.")] = [],  # noqa: B006
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """How right people were: accuracy, bias, and what overrides were worth."""
    from geartrain.services.forecasting.forecast_accuracy import get_accuracy

    ws, actor = acting(workspace, login)
    whole = get_accuracy(ws, actor, periods=period).as_json()
    columns = ("user_id", "period", "as_of", "weeks_to_end", "call", "roll_up", "actual", "accuracy", "value_added")
    answer(format, columns, [tuple(r[c] for c in columns) for r in whole["calls"]], whole=whole, title="Accuracy")


def _latest(ws: Workspace, actor: Actor) -> str:
    """The period of the latest call; this quarter where there is none."""
    from geartrain.services.forecasting.forecast_calls import list_calls

    found = list_calls(ws, actor)
    return found[0].period if found else _quarter(ws, actor)


def _quarter(ws: Workspace, actor: Actor) -> str:
    """The fiscal quarter of the last day that the facts tell of."""
    from geartrain.services.view import last_day

    return ws.calendar.containing(last_day(ws, actor), Grain.quarter).key


def _told(format: Format, whole: dict[str, Any], said: str) -> None:
    if format is Format.table:
        console.print(said, highlight=False)
    else:
        answer(format, ("key", "value"), [(k, str(v)) for k, v in whole.items()], whole=whole)
