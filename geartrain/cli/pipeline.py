"""geartrain pipeline as-of, waterfall, coverage, velocity, ageing, slippage, inspect"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from geartrain.cli.options import AsOption, WorkspaceOption, acting, parse_day
from geartrain.cli.output import Format, FormatOption, answer, console, print_rows
from geartrain.cli.pipeline_health import add_to
from geartrain.kernel.errors import Invalid

if TYPE_CHECKING:
    from geartrain.services.forecasting.pipeline_history import Waterfall

ValueOption = Annotated[
    str, typer.Option("--value", help="amount: as it was, list price where unknown; or list_price throughout.")
]
OwnerOption = Annotated[str | None, typer.Option("--owner", help="Only this person and everyone below: a user id.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    pipeline = typer.Typer(help="The pipeline as it was, and what became of it.", no_args_is_help=True)
    app.add_typer(pipeline, name="pipeline")
    pipeline.command("as-of")(as_of)
    pipeline.command()(waterfall)
    add_to(pipeline)


def as_of(
    day: Annotated[str, typer.Argument(metavar="DATE", help="The end of this day, YYYY-MM-DD.")],
    value: ValueOption = "amount",
    owner: OwnerOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """The pipeline that was open at the end of a day, by stage and owner, as it stood then."""
    from geartrain.services.forecasting.pipeline_history import get_as_of

    ws, actor = acting(workspace, login)
    seen = parse_day(day, option="DATE")
    if seen is None:
        raise Invalid("as-of needs a date.", hint="Write it as YYYY-MM-DD.")
    found = get_as_of(ws, actor, as_of=seen, value=value.replace("-", "_"), owner=owner)
    columns = ("stage", "owner", "deals", "amount")
    rows = [(g.stage, g.owner, g.deals, g.amount) for g in found.groups]
    if format is not Format.table:
        answer(format, columns, rows, whole=found.as_json() if format is Format.json else None)
        return
    console.print(
        f"[bold]{found.deals:,} open deals, {found.amount:,.2f} {found.currency}[/] at the end of {found.as_of}"
    )
    for title, what in (("By stage", "stage"), ("By owner", "owner")):
        print_rows((what, "deals", "amount"), [(r[what], r["deals"], r["amount"]) for r in found.by(what)], title=title)
    if found.stood_in:
        console.print(f"[dim]· {found.stood_in:,} at list price: their amount then is not known.[/]", highlight=False)
    if found.unknown:
        console.print(f"[dim]· {found.unknown:,} without an amount: they add nothing.[/]", highlight=False)


def waterfall(
    since: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD: it opens as the day before ended.")],
    until: Annotated[str, typer.Option("--to", help="The day after the last, YYYY-MM-DD.")],
    value: ValueOption = "amount",
    owner: OwnerOption = None,
    due: Annotated[str | None, typer.Option("--due", help="Only what is due in a period, e.g. 2026Q3.")] = None,
    bar: Annotated[str | None, typer.Option("--bar", help="List the deals of one bar.")] = None,
    weekly: Annotated[bool, typer.Option("--weekly", help="One waterfall for every week, sums only.")] = False,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """What became of the open pipeline between two days, to the cent; each bar opens to its deals."""
    from geartrain.services.forecasting.pipeline_history import get_waterfall, get_waterfalls

    ws, actor = acting(workspace, login)
    first, last = parse_day(since, option="--from"), parse_day(until, option="--to")
    if first is None or last is None:
        raise Invalid("A waterfall needs two days.", hint="Give --from and --to as YYYY-MM-DD.")
    due_in, valued = ws.calendar.parse(due) if due else None, value.replace("-", "_")
    if weekly:
        if bar:
            raise Invalid("The deals of a bar are told for one waterfall.", hint="Leave out --weekly or --bar.")
        _weeks(format, get_waterfalls(ws, actor, since=first, until=last, value=valued, owner=owner, due=due_in))
        return
    found = get_waterfall(
        ws, actor, since=first, until=last, value=valued, owner=owner, due=due_in,
        bar=bar.replace("-", "_") if bar else None,
    )  # fmt: skip
    columns = ("bar", "amount", "deals", "amount_unknown")
    rows = [(b.bar, b.amount, b.deals, b.unknown) for b in found.bars]
    if format is not Format.table:
        answer(format, columns, rows, whole=found.as_json() if format is Format.json else None)
        return
    title = f"From the end of {first - timedelta(days=1)} to the end of {last - timedelta(days=1)}, {found.currency}"
    print_rows(columns, [r for r in rows if r[2] or r[0] in ("opening", "closing")], title=title)
    if bar:
        told = next(b.rows for b in found.bars if b.rows is not None)
        deals = ("opportunity_id", "owner_id", "stage", "amount")
        print_rows(deals, [[r[c] for c in deals] for r in told], title=f"The deals of {bar}")


def _weeks(format: Format, weeks: Sequence[Waterfall]) -> None:
    bars = weeks[0].amounts if weeks else {}
    used = [b for b in bars if b in ("opening", "closing") or any(w.amounts[b] for w in weeks)]
    rows = [(w.since, w.until, *(w.amounts[b] for b in used)) for w in weeks]
    if format is not Format.table:
        whole = {"weeks": [w.as_json() for w in weeks]} if format is Format.json else None
        answer(format, ("from", "to", *used), rows, whole=whole)
        return
    print_rows(("from", "to", *used), rows, title="Week by week")
