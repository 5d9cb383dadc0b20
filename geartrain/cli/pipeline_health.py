"""geartrain pipeline coverage, velocity, ageing, slippage, inspect: joined to the group in pipeline.py"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from geartrain.cli.options import AsOfOption, AsOption, WorkspaceOption, acting, parse_day
from geartrain.cli.output import Format, FormatOption, answer, console, print_rows

if TYPE_CHECKING:
    from geartrain.services.forecasting.pipeline_health import Told

OwnerOption = Annotated[str | None, typer.Option("--owner", help="Only this person and everyone below: a user id.")]


def add_to(pipeline: typer.Typer) -> None:
    """Add the commands."""
    for command in (coverage, velocity, ageing, slippage):
        pipeline.command()(command)
    pipeline.command("inspect")(inspect_)


def coverage(
    period: Annotated[str | None, typer.Option("--period", help="Fiscal period; otherwise this quarter.")] = None,
    as_of: AsOfOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Open pipeline due over what is missing to the quota, and how much was enough before."""
    from geartrain.services.forecasting.pipeline_health import get_coverage

    ws, actor = acting(workspace, login)
    _tell(format, get_coverage(ws, actor, period=period, as_of=parse_day(as_of, option="--as-of")))


def velocity(
    by: Annotated[str, typer.Option("--by", help="team, owner, region, segment or type.")] = "team",
    as_of: AsOfOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Open deals × win rate × deal size / cycle: an amount per day, with its parts."""
    from geartrain.services.forecasting.pipeline_health import get_velocity

    ws, actor = acting(workspace, login)
    _tell(format, get_velocity(ws, actor, by=by, as_of=parse_day(as_of, option="--as-of")))


def ageing(
    as_of: AsOfOption = None,
    owner: OwnerOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """How old open deals are, and how long they are in their stage."""
    from geartrain.services.forecasting.pipeline_health import get_ageing

    ws, actor = acting(workspace, login)
    _tell(format, get_ageing(ws, actor, as_of=parse_day(as_of, option="--as-of"), owner=owner))


def slippage(
    quarters: Annotated[int, typer.Option("--quarters", help="The last so many.")] = 8,
    as_of: AsOfOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Of what was due when a quarter began, what moved out of it."""
    from geartrain.services.forecasting.pipeline_health import get_slippage

    ws, actor = acting(workspace, login)
    _tell(format, get_slippage(ws, actor, quarters=quarters, as_of=parse_day(as_of, option="--as-of")))


def inspect_(
    as_of: AsOfOption = None,
    owner: OwnerOption = None,
    rule: Annotated[str | None, typer.Option("--rule", help="Only deals on which this rule fired.")] = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Open deals that need a look, each with the rules that fired."""
    from geartrain.services.forecasting.pipeline_inspection import inspect_pipeline

    ws, actor = acting(workspace, login)
    day = parse_day(as_of, option="--as-of")
    found = inspect_pipeline(ws, actor, as_of=day, owner=owner, rule=rule.replace("-", "_") if rule else None)
    whole = found.as_json()
    columns = ("opportunity_id", "owner_id", "stage", "amount", "close_date", "rules")
    rows = [(*(d[c] for c in columns[:-1]), ", ".join(r["rule"] for r in d["rules"])) for d in whole["deals"]]
    if format is not Format.table:
        answer(format, columns, rows, whole=whole)
        return
    counted = [(r["title"], r["deals"], r["amount"], r["not_judged"]) for r in whole["rules"]]
    print_rows(("rule", "deals", "amount", "not judged"), counted, title=f"Rules, at the end of {whole['as_of']}")
    print_rows(columns, rows[:50], title=f"{whole['listed']:,} of {whole['open_deals']:,} open deals need a look")
    if len(rows) > 50:
        console.print("[dim]· the first 50 are listed; --format csv lists all.[/]", highlight=False)


def _tell(format: Format, told: Told) -> None:
    if format is not Format.table:
        answer(format, told.columns, told.rows, whole=told.whole)
        return
    console.print(told.says, highlight=False)
    print_rows(told.columns, told.rows)
