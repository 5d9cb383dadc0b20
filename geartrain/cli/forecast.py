"""geartrain forecast run, backtest, explain"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from geartrain.cli.forecast_call import add_to
from geartrain.cli.options import AsOfOption, AsOption, WorkspaceOption, acting, parse_day
from geartrain.cli.output import Bars, Format, FormatOption, answer, console, print_rows

PeriodOption = Annotated[
    str | None, typer.Option("--period", help="Fiscal period, e.g. 2026Q4; otherwise this quarter.")
]
METHOD = ("method", "n", "wape", "bias", "pinball", "coverage_80", "width", "better")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    forecast = typer.Typer(help="The forecast: what will be booked, and how wrong it was.", no_args_is_help=True)
    app.add_typer(forecast, name="forecast")
    for command in (run, backtest, explain, lint):
        forecast.command()(command)
    add_to(forecast)


def run(
    period: PeriodOption = None,
    as_of: AsOfOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """The distribution of what will be booked in a period, as known at the end of a day."""
    from geartrain.services.forecasting.forecasts import run_forecast

    ws, actor = acting(workspace, login)
    found = run_forecast(ws, actor, period=period, as_of=parse_day(as_of, option="--as-of"))
    whole = found.as_json()
    columns = ("node", "parent", "closed", "open", "uncreated", "mean", "p10", "p50", "p90")
    rows = [tuple(n["name"] if c == "node" else n[c] for c in columns) for n in whole["nodes"]]
    if format is not Format.table:
        answer(format, columns, rows, whole=whole)
        return
    total = whole["total"]
    said = ", ".join(f"{k.upper()} {total[k]:,.0f}" for k in ("p10", "p50", "p90"))
    head = f"[bold]{found.period.key}, as of {found.as_of}[/]: mean {total['mean']:,.0f} {found.currency}, {said}"
    console.print(head, highlight=False)
    parts = f"open {whole['open']['mean']:,.0f} + not created yet {whole['uncreated']['mean']:,.0f}"
    console.print(f"won so far {whole['closed']:,.0f} + {parts}", highlight=False)
    console.print(f"[dim]{whole['method']['why']}[/]", highlight=False, markup=True)
    for sentence in whole["method"]["lacking"]:
        console.print(f"[yellow]{sentence}[/]", highlight=False)
    print_rows(columns, rows, title="By node")
    _methods(whole["backtest"])


def backtest(
    period: Annotated[list[str], typer.Option("--period", help="A period that is over; repeat for several.")] = [],  # noqa: B006
    periods: Annotated[int, typer.Option("--periods", help="The last so many periods where none is named.")] = 8,
    every: Annotated[int, typer.Option("--every", help="Days between two origins.")] = 7,
    as_of: AsOfOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """What would have been said on each past day, as known then, beside every baseline, and what came."""
    from geartrain.services.forecasting.forecasts import backtest_forecast

    ws, actor = acting(workspace, login)
    with Bars() as bars:
        found = backtest_forecast(
            ws,
            actor,
            periods=period,
            last=periods,
            every=every,
            as_of=parse_day(as_of, option="--as-of"),
            progress=bars,
        )
    whole = found.as_json()
    if format is not Format.table:
        answer(format, METHOD, _rows(whole), whole=whole)
        return
    _methods(whole)


def explain(
    opportunity: Annotated[str, typer.Argument(metavar="OPPORTUNITY", help="Id of an open deal.")],
    period: PeriodOption = None,
    as_of: AsOfOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """The chance of one deal, as a sum of what it is made of."""
    from geartrain.services.forecasting.forecasts import explain_deal

    ws, actor = acting(workspace, login)
    found = explain_deal(ws, actor, opportunity=opportunity, period=period, as_of=parse_day(as_of, option="--as-of"))
    rows = list(found["contributions"].items())
    if format is not Format.table:
        answer(format, ("part", "points"), rows, whole=found)
        return
    console.print(f"[bold]{opportunity}[/], as of {found['as_of']}", highlight=False)
    console.print(" ".join(found["in_words"]), highlight=False, markup=False)
    print_rows(("part", "points"), [(k, f"{v:+.1%}") for k, v in rows])
    console.print(f"[dim]{found['method']['why']}[/]", highlight=False)


def lint(
    feature: Annotated[
        list[str], typer.Argument(metavar="FEATURE…", help="Columns, e.g. lead_source account.industry")
    ],
    as_of: AsOfOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Which columns a forecast must not learn from, because they were not known as of the date."""
    from geartrain.services.forecasting.forecasts import lint_features

    ws, actor = acting(workspace, login)
    issues = lint_features(ws, actor, names=feature, as_of=parse_day(as_of, option="--as-of"))
    refused = {i.where: i.message for i in issues}
    rows = [(f, "refused" if f in refused else "may be used", refused.get(f, "")) for f in feature]
    whole = {"refused": [i.as_json() for i in issues], "usable": [f for f in feature if f not in refused]}
    answer(format, ("feature", "verdict", "why"), rows, whole=whole)
    if refused:
        raise typer.Exit(1)


def _rows(whole: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(m, *(s.get(c) for c in METHOD[1:])) for m, s in whole["methods"].items()]


def _methods(whole: dict[str, Any]) -> None:
    if not whole["origins"]:
        console.print("[dim]Nothing past to test it on.[/]")
        return
    print_rows(METHOD, _rows(whole), title=f"Backtest: {whole['origins']} origins in {whole['periods']} periods")
    if whole["deals_scored"]:
        shown = {k: f"{whole[k]:.3f}" if whole[k] is not None else "n/a" for k in ("brier", "auc")}
        console.print(
            f"Deals: Brier {shown['brier']}, AUC {shown['auc']} of {whole['deals_scored']:,}", highlight=False
        )
    if whole["not_better_than"]:
        console.print(f"[yellow]Not better than {', '.join(whole['not_better_than'])} here.[/]", highlight=False)
