"""geartrain policy backtest"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geartrain.cli.options import AsOfOption, AsOption, WorkspaceOption, acting, parse_day
from geartrain.cli.output import Format, FormatOption, answer, console, print_json, print_rows, shown
from geartrain.kernel.errors import Invalid

if TYPE_CHECKING:
    from geartrain.kernel.policy.backtest import Change, Outcome
    from geartrain.services.changes.backtests import Tried

COLUMNS = ("subject", "result_before", "result_after", "amount_before", "amount_after", "trace_before", "trace_after")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(backtest)


def backtest(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The draft's YAML.")],
    since: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")],
    until: Annotated[str, typer.Option("--to", help="The day after the last, YYYY-MM-DD.")],
    as_of: AsOfOption = None,
    limit: Annotated[int, typer.Option(help="List at most so many subjects; totals are over all.")] = 100,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """What a draft would have decided otherwise in a window: the subjects, both traces, the totals. Writes nothing."""
    from geartrain.services.changes.backtests import backtest_policy

    ws, actor = acting(workspace, login)
    first, last = parse_day(since, option="--from"), parse_day(until, option="--to")
    if first is None or last is None:
        raise Invalid("A backtest needs a window.", hint="Name --from and --to.")
    seen = parse_day(as_of, option="--as-of")
    tried = backtest_policy(
        ws, actor, text=read_file(file), where=str(file), since=first, until=last, as_of=seen, limit=limit
    )
    if format is Format.json:
        print_json(tried.as_json())
    elif format is Format.csv:
        answer(format, COLUMNS, [_row(c) for c in tried.found.changes], whole=None)
    else:
        _print(tried)


def read_file(file: Path) -> str:
    """The text of a draft's file.

    Raises:
        Invalid: there is none, or it is no text.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"{file} is not UTF-8: {error.reason} at byte {error.start}.", hint="Save it as UTF-8.") from None
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.", hint="Name the YAML file of a draft.") from None


def _row(change: Change) -> tuple[Any, ...]:
    both = (change.before, change.after)
    amounts = (change.amount_before, change.amount_after)
    return (change.subject, *(o.result for o in both), *amounts, *(_said(o) for o in both))


def _said(outcome: Outcome) -> str:
    return "; ".join(step.text for step in outcome.trace)


def _print(tried: Tried) -> None:
    found = tried.found
    against = f"version {tried.against.version} in {tried.against.where}" if tried.against else "nothing: it is new"
    console.print(f"[bold]{tried.policy.name}[/] ({tried.policy.kind} {tried.policy.key}) against {against}")
    console.print(
        f"{found.changed:,} of {found.subjects:,} subjects differ from {tried.since} to {tried.until} (exclusive). "
        f"A subject is a {tried.subject}; its amount is {tried.money}.",
        highlight=False,
    )
    if found.figures:
        rows = [(f.label, f.period, f.before, f.after) for f in found.figures]
        print_rows(("figure", "period", "before", "after"), rows)
    if found.turns:
        rows = [(t.before, t.after, t.subjects, t.amount_before, t.amount_after) for t in found.turns]
        columns = ("before", "after", "subjects", "amount before", "amount after")
        print_rows(columns, [[_none(v) if n < 2 else v for n, v in enumerate(row)] for row in rows])
    if found.changes:
        console.print(f"[bold]The subjects: {len(found.changes):,} of {found.changed:,}[/]")
    for change in found.changes:
        _print_change(change)
    for note in found.notes:
        console.print(f"[dim]· {note}[/]", highlight=False)
    console.print("[dim]Nothing was written.[/]")


def _none(result: str | None) -> str:
    return "none" if result is None else result


def _print_change(change: Change) -> None:
    amounts = f" ({shown(change.amount_before)} to {shown(change.amount_after)})"
    moved = amounts if change.amount_before is not None or change.amount_after is not None else ""
    turned = f"{_none(change.before.result)} → {_none(change.after.result)}"
    console.print(f"{change.subject}: {turned}{moved}", highlight=False, markup=False)
    for side, outcome in (("before", change.before), ("after", change.after)):
        console.print(f"  {side}: {_said(outcome)}", style="dim", highlight=False, markup=False)
