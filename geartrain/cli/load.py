"""geartrain load, geartrain loads"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geartrain.cli.options import WorkspaceOption, acting, parse_instant
from geartrain.cli.output import Bars, Format, FormatOption, answer, console, print_issues
from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.services.records.live import load_live, systems
from geartrain.services.records.loading import LoadResult, guess_mapping, load_records
from geartrain.services.records.loads import list_loads

COUNTS = ("read", "loaded", "quarantined", "duplicates")


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def load(
        location: Annotated[str, typer.Argument(metavar="FOLDER", help="Folder or file to load.")] = "",
        source: Annotated[str, typer.Option(help="folder, salesforce, hubspot or sql.")] = "folder",
        mapping: Annotated[Path | None, typer.Option(help="YAML file that maps columns onto record types.")] = None,
        guess: Annotated[
            bool, typer.Option("--guess", help="Print a first mapping for these files; loads nothing.")
        ] = False,
        output: Annotated[
            Path | None, typer.Option("--output", "-o", help="With --guess: write it to this file.")
        ] = None,
        url: Annotated[str | None, typer.Option(help="With --source sql: SQLAlchemy address of the database.")] = None,
        known_at: Annotated[str | None, typer.Option(help="When this became known, ISO 8601; otherwise now.")] = None,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything but keep it.")] = False,
        live: Annotated[
            bool, typer.Option("--live", help="From the API of --source salesforce or hubspot: what changed since.")
        ] = False,
        full: Annotated[bool, typer.Option("--full", help="With --live: everything, not only what changed.")] = False,
        format: FormatOption = Format.table,
        workspace: WorkspaceOption = None,
    ) -> None:
        """Bring records into the workspace. Every row is loaded, quarantined with a reason, or a duplicate."""
        if guess:
            _guess(location, output)
            return
        ws, actor = acting(workspace)
        if live:
            _refuse_beside_live(location, source, mapping, url, known_at)
            with Bars() as bars:
                result = load_live(ws, actor, source=source, full=full, dry_run=dry_run, progress=bars)
            _print(result, format, dry_run=dry_run)
            return
        with Bars() as bars:
            result = load_records(
                ws,
                actor,
                location=location,
                source=source,
                mapping=mapping,
                url=url,
                known_at=parse_instant(known_at, option="--known-at"),
                dry_run=dry_run,
                progress=bars,
            )
        _print(result, format, dry_run=dry_run)

    @app.command()
    def loads(format: FormatOption = Format.table, workspace: WorkspaceOption = None) -> None:
        """The loads there were, latest first."""
        ws, actor = acting(workspace)
        rows = [
            (e.load_id, e.recorded_at, e.source, name, *(getattr(c, k) for k in COUNTS))
            for e in list_loads(ws, actor)
            for name, c in sorted(e.counts.items())
        ]
        columns = ("load_id", "recorded_at", "source", "type", *COUNTS)
        whole = {"loads": [dict(zip(columns, r, strict=True)) for r in rows]}
        answer(format, columns, rows, whole=whole, title="Loads")


def _refuse_beside_live(location: str, source: str, *others: Path | str | None) -> None:
    if source not in systems():
        raise Invalid("Which source is to be loaded live?", hint=f"--source {' or --source '.join(systems())}.")
    if location or any(others):
        raise Invalid(
            "A live load takes no folder, mapping, address or instant.", hint="Only --source, --full, --dry-run."
        )


def _guess(location: str, output: Path | None) -> None:
    text, issues = guess_mapping(Path(location))
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
        console.print(
            f"Wrote [bold]{output}[/]. Read it, correct it, then: geartrain load {location} --mapping {output}"
        )
    print_issues(issues)


def _print(result: LoadResult, format: Format, *, dry_run: bool) -> None:
    whole = result.as_json()
    rows = [(name, *(counts[k] for k in COUNTS)) for name, counts in whole["types"].items()]
    title = f"Would load from {whole['source']}" if dry_run else f"Load {whole['load_id']}"
    answer(format, ("type", *COUNTS), rows, whole=whole, title=title)
    if format is Format.table:
        print_issues(Issue(**{**i, "level": Level(i["level"])}) for i in whole["issues"])
        if any(r[3] for r in rows):
            console.print("Quarantined rows, with line and mend: [bold]geartrain records quarantine[/]")
