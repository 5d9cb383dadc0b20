"""geartrain records, geartrain check"""

from __future__ import annotations

from typing import Annotated

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
from geartrain.cli.output import Format, FormatOption, answer, console, print_issues
from geartrain.services.records.browsing import list_records
from geartrain.services.records.loads import list_quarantined
from geartrain.services.records.quality import check_records


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def records(
        type: Annotated[str, typer.Argument(metavar="TYPE", help="Record type, or `quarantine` for rows not taken.")],
        where: Annotated[str, typer.Option(help='Expression, e.g. "is_won and amount > 10000".')] = "",
        limit: Annotated[int, typer.Option(help="At most so many.")] = 100,
        offset: Annotated[int, typer.Option(help="Leave out so many first.")] = 0,
        as_of: AsOfOption = None,
        known_as_of: KnownAsOfOption = None,
        format: FormatOption = Format.table,
        login: AsOption = None,
        workspace: WorkspaceOption = None,
    ) -> None:
        """The records of a type, in key order."""
        ws, actor = acting(workspace, login)
        if type == "quarantine":
            rows = list_quarantined(ws, actor, limit=limit)
            columns: tuple[str, ...] = tuple(rows[0]) if rows else ("load_id", "type", "file", "line", "message")
            total = len(rows)
        else:
            page = list_records(
                ws,
                actor,
                type=type,
                where=where,
                limit=limit,
                offset=offset,
                as_of=parse_day(as_of, option="--as-of"),
                known_as_of=parse_instant(known_as_of, option="--known-as-of"),
            )
            rows, columns, total = page.rows, page.columns, page.total
        if format is Format.table and type != "quarantine":
            # What no record on this page has would only push the rest off the screen.
            columns = tuple(c for c in columns if any(r[c] is not None for r in rows) and c != "load_id") or columns[:1]
        whole = {"type": type, "total": total, "records": rows}
        answer(format, columns, [[r[c] for c in columns] for r in rows], whole=whole, title=f"{type}: {total:,}")

    @app.command()
    def check(
        as_of: AsOfOption = None,
        format: FormatOption = Format.table,
        login: AsOption = None,
        workspace: WorkspaceOption = None,
    ) -> None:
        """What is wrong in the records: broken rules and references that point nowhere, with the closest match."""
        ws, actor = acting(workspace, login)
        found = check_records(ws, actor, as_of=parse_day(as_of, option="--as-of"))
        whole = {"findings": [f.as_json() for f in found.findings]}
        columns = ("rule", "type", "field", "value", "count", "closest", "message", "hint")
        if format is not Format.table:
            answer(format, columns, [[row[c] for c in columns] for row in whole["findings"]], whole=whole)
            return
        rows = [(f.level, f.count, f.message, f.closest or "", f.hint) for f in found.findings]
        answer(format, ("level", "count", "what", "closest", "mend"), rows, whole=whole, title="Findings")
        print_issues(found.issues)
        if found.score.overall is not None:
            unassessed = ", ".join(found.score.unassessed) or "nothing"
            console.print(f"Data quality [bold]{float(found.score.overall):.1%}[/]; not assessed: {unassessed}.")
