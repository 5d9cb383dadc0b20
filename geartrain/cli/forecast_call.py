"""geartrain forecast open, submit, status, lock, accuracy: joined to the group in forecast.py"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from geartrain.cli.options import AsOfOption, AsOption, WorkspaceOption, acting, parse_day, parse_instant
from geartrain.cli.output import Format, FormatOption, answer, console, print_rows

PeriodOption = Annotated[str, typer.Option("--period", help="Fiscal period, e.g. 2026Q4.")]
LINE = ("user_id", "manager_id", "category", "roll_up", "own", "manager", "effective", "kind")


def add_to(forecast: typer.Typer) -> None:
    """Add the commands of the process."""
    forecast.command("open")(open_)
    for command in (submit, status, lock, accuracy):
        forecast.command()(command)


def open_(
    period: PeriodOption,
    as_of: AsOfOption = None,
    due: Annotated[str | None, typer.Option("--due", help="Instant (UTC) submissions are due; in two days.")] = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Open a call: people submit to it until it is locked."""
    from geartrain.services.forecast_calls import open_call

    ws, actor = acting(workspace, login)
    day, by = parse_day(as_of, option="--as-of"), parse_instant(due, option="--due")
    made = open_call(ws, actor, period=period, as_of=day, due=by)
    _told(
        format, made.as_json(), f"Opened the call of {made.period} as of {made.as_of}, due {made.due:%Y-%m-%d %H:%M}."
    )


def submit(
    period: PeriodOption,
    amount: Annotated[str, typer.Option("--amount", help="In the workspace's currency.")],
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
    from geartrain.services.forecast_calls import submit_forecast

    ws, actor = acting(workspace, login)
    found = submit_forecast(
        ws, actor, period=period, category=category, amount=amount, user=user, note=note,
        as_of=parse_day(as_of, option="--as-of"),
    )  # fmt: skip
    line = user or actor.user_id
    told = next(
        r for r in found.as_json()["lines"] if (r["user_id"], r["category"]) == (line, category.replace("-", "_"))
    )
    beside = f"counts {told['effective']:,.2f}, beside a roll-up of {told['roll_up']:,.2f}"
    _told(format, told, f"{told['name']}, {told['category']}: {beside}.")


def status(
    period: PeriodOption,
    as_of: AsOfOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Who said what beside what their team adds up to, and who is late or has said nothing."""
    from geartrain.services.forecast_calls import get_status

    ws, actor = acting(workspace, login)
    found = get_status(ws, actor, period=period, as_of=parse_day(as_of, option="--as-of"))
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
    period: PeriodOption,
    as_of: AsOfOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """End a call: from now on nothing in it changes."""
    from geartrain.services.forecast_calls import lock_call

    ws, actor = acting(workspace, login)
    made = lock_call(ws, actor, period=period, as_of=parse_day(as_of, option="--as-of"))
    _told(format, made.as_json(), f"Locked the call of {made.period} as of {made.as_of}.")


def accuracy(
    period: Annotated[list[str], typer.Option("--period", help="A period that is over; repeat for several.")] = [],  # noqa: B006
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """How right people were: accuracy, bias, and what overrides were worth."""
    from geartrain.services.forecast_accuracy import get_accuracy

    ws, actor = acting(workspace, login)
    whole = get_accuracy(ws, actor, periods=period).as_json()
    columns = ("user_id", "period", "as_of", "weeks_to_end", "call", "roll_up", "actual", "accuracy", "value_added")
    answer(format, columns, [tuple(r[c] for c in columns) for r in whole["calls"]], whole=whole, title="Accuracy")


def _told(format: Format, whole: dict[str, Any], said: str) -> None:
    if format is Format.table:
        console.print(said, highlight=False)
    else:
        answer(format, ("key", "value"), [(k, str(v)) for k, v in whole.items()], whole=whole)
