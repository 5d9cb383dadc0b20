"""How a command answers: as a table for people, CSV for spreadsheets, JSON for programs."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from geartrain.kernel.issues import Issue, Level

console = Console()
problems = Console(stderr=True)
COLOURS = {Level.error: "red", Level.warning: "yellow", Level.info: "cyan"}


class Format(StrEnum):
    """The three ways to answer."""

    table = "table"
    csv = "csv"
    json = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="How to answer.", show_default=True)]


def plain(value: Any) -> Any:
    """A value as JSON holds it: exact decimals as text with no exponent, dates and instants as ISO 8601."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat(sep="T") + ("Z" if value.tzinfo is None else "")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, default=plain, ensure_ascii=False, indent=2) + "\n")


def print_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """RFC 4180 with a header; an unknown value is an empty cell."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(columns)
    out.writerows([["" if v is None else v if isinstance(v, str | int) else plain(v) for v in row] for row in rows])


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "", empty: str = "None.") -> None:
    """A table for people: numbers to the right, unknown as n/a."""
    rows = list(rows)
    if not rows:
        console.print(f"[bold]{escape(title)}[/] {empty}" if title else empty)
        return
    table = Table(title=title or None, title_justify="left", title_style="bold", header_style="bold")
    for n, column in enumerate(columns):
        number = any(isinstance(r[n], int | float | Decimal) and not isinstance(r[n], bool) for r in rows)
        table.add_column(escape(column), justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(escape(shown(v)) for v in row))
    console.print(table)


def shown(value: Any) -> str:
    """A value for people, with thousands separated."""
    if value is None:
        return "n/a"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float | Decimal):
        places = 2 if abs(value) >= 100 else 4
        text = f"{value:,.{places}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, datetime | date):
        return plain(value)
    return str(value)


def answer(
    format: Format, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, whole: Any, title: str = ""
) -> None:
    """Answer in the format asked for; `whole` is the JSON document."""
    if format is Format.json:
        print_json(whole)
    elif format is Format.csv:
        print_csv(columns, rows)
    else:
        print_rows(columns, rows, title=title)


def print_issues(issues: Iterable[Issue], *, most: int = 30) -> None:
    """Issues for people, on standard error, the rest counted."""
    issues = list(issues)
    for issue in issues[:most]:
        colour = COLOURS[Level(issue.level)]
        where = f" [dim]{escape(issue.where)}[/]" if issue.where else ""
        hint = f"\n  [dim]→ {escape(issue.hint)}[/]" if issue.hint else ""
        problems.print(f"[{colour}]{issue.level}[/] {escape(issue.message)}{where}{hint}", soft_wrap=True)
    if len(issues) > most:
        problems.print(f"[dim]… and {len(issues) - most:,} more; --format json lists all.[/]")


class Bars:
    """Progress bars on standard error: `bars(phase, done, total)` moves the bar of a phase."""

    def __init__(self) -> None:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=problems, transient=not problems.is_terminal)
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Bars:
        self._progress.__enter__()
        return self

    def __exit__(self, *what: Any) -> None:
        self._progress.__exit__(*what)

    def __call__(self, phase: str, done: int = 0, total: int | None = None) -> None:
        if phase not in self._tasks:
            self._tasks[phase] = self._progress.add_task(phase, total=total)
        self._progress.update(self._tasks[phase], completed=done, total=total)
