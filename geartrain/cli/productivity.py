"""geartrain productivity"""

from __future__ import annotations

from typing import Annotated

import typer

from geartrain.cli.options import AsOfOption, AsOption, WorkspaceOption, acting, parse_day
from geartrain.cli.output import Format, FormatOption, answer, print_rows


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Productivity of sellers beside their peers.", no_args_is_help=True)
    app.add_typer(group, name="productivity")
    group.command()(relative)

    @group.callback()
    def about() -> None:
        """Productivity of sellers beside their peers; for enablement and fair territories, never for pay."""


def relative(
    period: Annotated[str, typer.Argument(help="Fiscal period, e.g. 2026Q3 or 2026.")],
    user: Annotated[str | None, typer.Option("--user", help="Only this person, with the reasons.")] = None,
    as_of: AsOfOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Output per capacity beside the median ramped peer (100), and why it differs: volume, win rate, average deal."""
    from geartrain.kernel.errors import NotFound
    from geartrain.services.measures.relative import compare_sellers

    ws, actor = acting(workspace, login)
    found = compare_sellers(ws, actor, period=period, as_of=parse_day(as_of, option="--as-of"))
    whole = found.as_json()
    whole["sellers"] = [s for s in whole["sellers"] if user in (None, s["user_id"])]
    if user and not whole["sellers"]:
        raise NotFound(f"There is no seller '{user}' in {found.period}.")
    columns = ("user_id", "name", "role", "segment", "capacity", "output", "rp", "cohort", "peers", "fallback", "note")
    rows = [[s[c] for c in columns] for s in whole["sellers"]]
    answer(format, columns, rows, whole=whole, title=f"Relative productivity, {found.period}")
    if user and format is Format.table:
        parts = [(p["name"], p["own"], p["cohort"], p["log_ratio"]) for p in whole["sellers"][0]["parts"]]
        print_rows(("part", "own", "cohort", "log ratio"), parts, title="Why")
