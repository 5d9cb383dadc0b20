"""geartrain metrics list, show, query, explain, lint"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from geartrain.cli.options import (
    AsOfOption,
    AsOption,
    KnownAsOfOption,
    WorkspaceOption,
    acting,
    parse_day,
    parse_instant,
)
from geartrain.cli.output import Format, FormatOption, answer, console, print_issues, print_json, print_rows, shown
from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Level
from geartrain.kernel.measure import Explanation
from geartrain.services.measures.metrics import explain_metric, get_metric, lint_metrics, list_metrics, query_metrics

FromOption = Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD; otherwise from the beginning.")]
ToOption = Annotated[str | None, typer.Option("--to", help="The day after the last, YYYY-MM-DD.")]
WhereOption = Annotated[str | None, typer.Option("--where", help="Expression, e.g. \"type = 'new'\".")]
KeyArgument = Annotated[str, typer.Argument(metavar="METRIC", help="Key of the metric.")]
# Dimensions that have an option of their own in `explain`; any other is --by NAME=VALUE.
CUTS = ("year", "quarter", "month", "week", "day", "owner", "team", "region", "segment", "type")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    metrics = typer.Typer(help="Metrics: the catalogue, values, and what a value is made of.", no_args_is_help=True)
    app.add_typer(metrics, name="metrics")
    metrics.command("list")(list_)
    for command in (show, query, explain, lint):
        metrics.command()(command)


def list_(format: FormatOption = Format.table, workspace: WorkspaceOption = None) -> None:
    """Every metric in force."""
    ws, actor = acting(workspace)
    columns = ("key", "name", "class", "type", "function", "owner", "unit", "version")
    rows = [(m.key, m.name, m.class_, m.type, m.function, m.owner, m.unit, m.version) for m in list_metrics(ws, actor)]
    answer(
        format, columns, rows, whole={"metrics": [dict(zip(columns, r, strict=True)) for r in rows]}, title="Metrics"
    )


def show(key: KeyArgument, format: FormatOption = Format.table, workspace: WorkspaceOption = None) -> None:
    """One metric: its definition, who owns it, what it drives and what drives it."""
    ws, actor = acting(workspace)
    card = get_metric(ws, actor, key=key)
    m = card.metric
    whole = {
        **m.model_dump(mode="json", by_alias=True, exclude_none=True),
        "sha256": m.sha256,
        "where": card.where,
        "driven_by": list(card.driven_by),
        "serves": list(card.serves),
        "dimensions": list(card.dimensions),
    }
    if format is not Format.table:
        answer(format, ("key", "value"), [(k, str(v)) for k, v in whole.items()], whole=whole)
        return
    console.print(f"[bold]{m.name}[/] ({m.key}), version {m.version}, {m.sha256[:12]}")
    console.print(m.definition.strip(), highlight=False)
    said = {
        "class, type": f"{m.class_}, {m.type}",
        "function, owner": f"{m.function}, {m.owner}",
        "unit": f"{m.unit}, {m.direction} is better",
        "drives": ", ".join(m.drives),
        "driven by": ", ".join(card.driven_by),
        "goals": ", ".join(card.serves),
        "cut by": ", ".join(card.dimensions),
        "stands in": card.where,
    }
    print_rows(("", ""), [(k, v) for k, v in said.items() if v])


def query(
    keys: Annotated[list[str], typer.Argument(metavar="METRIC…", help="Keys of the metrics.")],
    by: Annotated[str, typer.Option(help="Dimensions, with commas: quarter,team")] = "",
    since: FromOption = None,
    until: ToOption = None,
    where: WhereOption = None,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """The values of metrics, cut by dimensions."""
    ws, actor = acting(workspace, login)
    found = query_metrics(
        ws,
        actor,
        keys=keys,
        by=[d.strip() for d in by.split(",") if d.strip()],
        as_offered=True,
        since=parse_day(since, option="--from"),
        until=parse_day(until, option="--to"),
        where=where,
        as_of=parse_day(as_of, option="--as-of"),
        known_as_of=parse_instant(known_as_of, option="--known-as-of"),
    )
    if format is not Format.table:
        answer(format, found.columns, found.rows, whole=found.as_json())
        return
    print_rows(found.columns, found.rows, empty="No rows.")
    for note in found.notes:
        console.print(f"[dim]· {note}[/]", highlight=False)
    print_issues(found.issues)
    versions = ", ".join(f"{k} v{m['version']}" for k, m in found.metrics.items())
    console.print(f"[dim]As of {found.as_of}; {versions}; facts {found.facts[:12]}[/]", highlight=False)


def explain(
    key: KeyArgument,
    year: Annotated[str | None, typer.Option(help="Fiscal year, e.g. 2026.")] = None,
    quarter: Annotated[str | None, typer.Option(help="Fiscal quarter, e.g. 2026Q3.")] = None,
    month: Annotated[str | None, typer.Option(help="Month, e.g. 2026-07.")] = None,
    week: Annotated[str | None, typer.Option(help="Week, e.g. 2026-W31.")] = None,
    day: Annotated[str | None, typer.Option(help="Day, e.g. 2026-07-31.")] = None,
    owner: Annotated[str | None, typer.Option(help="Id of the owner.")] = None,
    team: Annotated[str | None, typer.Option(help="Team of the owner.")] = None,
    region: Annotated[str | None, typer.Option(help="Region of the owner.")] = None,
    segment: Annotated[str | None, typer.Option(help="Segment.")] = None,
    type: Annotated[str | None, typer.Option(help="Type of the opportunity.")] = None,
    by: Annotated[list[str], typer.Option(help="Any other dimension: NAME=VALUE; repeat for several.")] = [],  # noqa: B006
    since: FromOption = None,
    until: ToOption = None,
    where: WhereOption = None,
    as_of: AsOfOption = None,
    limit: Annotated[int, typer.Option(help="List at most so many records.")] = 20,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """What a number is made of: definition, version, the counts above and below the line, the records."""
    given = locals()
    filters: dict[str, str | None] = {name: given[name] for name in CUTS if given[name] is not None}
    for pair in by:
        name, equals, value = pair.partition("=")
        if not equals:
            raise Invalid(f"--by {pair} names no value.", hint="Write --by product='GTX Pro'.")
        filters[name.strip()] = value or None
    ws, actor = acting(workspace, login)
    found = explain_metric(
        ws,
        actor,
        key=key,
        since=parse_day(since, option="--from"),
        until=parse_day(until, option="--to"),
        where=where,
        filters=filters,
        as_of=parse_day(as_of, option="--as-of"),
        limit=limit,
    )
    if format is Format.json:
        print_json(found.as_json())
    elif format is Format.csv:
        columns = _columns(found)
        answer(format, columns, [[r.get(c) for c in columns] for r in found.records], whole=None)
    else:
        _print(found)


def _print(found: Explanation, *, depth: int = 0) -> None:
    m = found.metric
    value = shown(found.value.value) if found.value.value is not None else f"n/a: {found.value.reason}"
    console.print(f"{'  ' * depth}[bold]{m.name}[/] = [bold]{value}[/]  (version {m.version}, {m.sha256[:12]})")
    console.print(f"{m.definition.strip()}\n{found.formula}", highlight=False, markup=False)
    for side in found.sides:
        console.print(
            f"  {side.role}: {side.words} = {shown(side.value)}, {side.n:,} records", highlight=False, markup=False
        )
    for note in found.answer.notes:
        console.print(f"[dim]· {note}[/]", highlight=False)
    if found.records:
        columns = _columns(found)
        title = f"The records: {len(found.records):,} of {found.total:,}"
        print_rows(columns, [[_cell(r.get(c)) for c in columns] for r in found.records], title=title)
    for below in found.inputs:
        _print(below, depth=depth + 1)


def _columns(found: Explanation) -> list[str]:
    return list(dict.fromkeys(c for r in found.records for c in r))


def _cell(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


def lint(format: FormatOption = Format.table, workspace: WorkspaceOption = None) -> None:
    """What is wrong with the set of metrics, and how many of each function's reach a corporate goal."""
    ws, actor = acting(workspace)
    found = lint_metrics(ws, actor)
    rows = [(i.code, i.level, i.message, i.where, i.hint) for i in found.issues]
    coverage = {f: {"reached": r, "metrics": n} for f, (r, n) in found.coverage.items()}
    whole = {"issues": [i.as_json() for i in found.issues], "coverage": coverage}
    answer(format, ("code", "level", "message", "where", "hint"), rows, whole=whole, title="Lints")
    if format is Format.table:
        shares = [(f, r, n, r / n if n else None) for f, (r, n) in found.coverage.items()]
        print_rows(("function", "reach a goal", "metrics", "coverage"), shares, title="Alignment coverage")
    if any(i.level is Level.error for i in found.issues):
        raise typer.Exit(1)
