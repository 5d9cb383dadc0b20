"""geartrain alignment"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from geartrain.cli.options import AsOfOption, AsOption, WorkspaceOption, acting, parse_day
from geartrain.cli.output import Format, FormatOption, print_csv, print_json, print_rows
from geartrain.cli.policy.backtest import read_file
from geartrain.cli.process import FromOption, ToOption

HANDOFFS = (
    "key", "from", "to", "offered", "accepted", "rejected", "waiting", "acceptance_rate", "first_time_right",
    "accepted_in_sla", "acted_in_sla", "completeness", "yield_rate",
)  # fmt: skip
WEEKS = ("week", "marketing owed", "delivered", "sales in time", "late", "attempts met", "attempts missed")


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def alignment(
        since: FromOption = None,
        until: ToOption = None,
        policy: Annotated[str, typer.Option("--policy", help="Key of the alignment policy.")] = "default",
        file: Annotated[Path | None, typer.Option("--file", help="A draft's YAML instead of the policy.")] = None,
        as_of: AsOfOption = None,
        format: FormatOption = Format.table,
        login: AsOption = None,
        workspace: WorkspaceOption = None,
    ) -> None:
        """What marketing, sales and customer success hand each other: accepted, acted on in time, and the funnel by
        cohort."""
        from geartrain.services.selling.alignment import get_alignment

        ws, actor = acting(workspace, login)
        days = [parse_day(t, option=o) for t, o in ((since, "--from"), (until, "--to"), (as_of, "--as-of"))]
        draft = read_file(file) if file else None
        found = get_alignment(
            ws,
            actor,
            policy=policy,
            text=draft,
            where=str(file or "draft"),
            since=days[0],
            until=days[1],
            as_of=days[2],
        )
        _print(found.as_json(), format)


def _print(told: dict[str, Any], format: Format) -> None:
    rows = [[_share(h[c]) for c in HANDOFFS] for h in told["handoffs"]]
    if format is Format.json:
        print_json(told)
        return
    if format is Format.csv:
        print_csv(HANDOFFS, rows)
        return
    print_rows(HANDOFFS, rows, title="Handoffs")
    print_rows(WEEKS, [_week(w) for w in told["weeks"]], title="What each owes the other")
    steps = tuple(told["funnel"][0]["reached"]) if told["funnel"] else ()
    funnel = [[c["cohort"], c["entered"], *(c["reached"][s] for s in steps), c["maturity"]] for c in told["funnel"]]
    print_rows(("cohort", "entered", *steps, "maturity"), funnel, title="Funnel by month of entry")


def _share(value: Any) -> Any:
    return value["attainment"] if isinstance(value, dict) else value


def _week(week: dict[str, Any]) -> list[Any]:
    marketing, sales = week["marketing"], week["sales"]
    in_time, attempts = sales["in_time"] or {}, sales["attempts"] or {}
    owed = [week["week"], marketing["owed"], marketing["delivered"]]
    return [*owed, in_time.get("attainment"), in_time.get("breached"), attempts.get("met"), attempts.get("breached")]
