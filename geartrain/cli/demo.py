"""geartrain demo, geartrain sample"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geartrain.cli.output import Bars, console, print_rows
from geartrain.cli.serve import serve_site
from geartrain.services.access import operator
from geartrain.services.measures.figures import list_figures
from geartrain.services.view import get_view
from geartrain.web.numbers import show

if TYPE_CHECKING:
    from geartrain.services.demo import Demo

SUMMARY = ("bookings", "win_rate", "average_deal_size", "sales_cycle_days", "open_pipeline", "pipeline_coverage")


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def demo(
        folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for the demo; made if it is not there.")],
        port: Annotated[int, typer.Option(help="Port on the loopback; 0 takes a free one.", min=0, max=65535)] = 0,
        build_only: Annotated[bool, typer.Option("--build-only", help="Build it and stop.")] = False,
    ) -> None:
        """Build the sample company, run every gear over it and serve it on a loopback port."""
        from geartrain.services.demo import build_demo  # the sample company, which no other command needs

        with Bars() as bars:
            made = build_demo(folder, progress=bars)
        _summary(made)
        if not build_only:
            serve_site(made.workspace, port=port)

    @app.command()
    def sample(
        folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write the CSV files into.")],
        sellers: Annotated[int, typer.Option(help="How many sellers.", min=6, max=5_000)] = 60,
        years: Annotated[int, typer.Option(help="How many years of history.", min=1, max=10)] = 3,
        seed: Annotated[int, typer.Option(help="Same seed, same bytes.", min=0)] = 1,
    ) -> None:
        """Write a simulated company: every record type, with dirty data in known places."""
        from geartrain.sample import write_sample

        with Bars() as bars:
            summary = write_sample(folder, sellers=sellers, years=years, seed=seed, progress=bars)
        print_rows(("type", "rows"), list(summary.rows.items()), title=f"Wrote {folder}")
        console.print(f"Known issues, to check a check against: [bold]{summary.known_issues}[/]", soft_wrap=True)


def _summary(made: Demo) -> None:
    ws = made.workspace
    if made.counts:
        rows = [(t, c["read"], c["loaded"], c["quarantined"], c["duplicates"]) for t, c in made.counts.items()]
        print_rows(("type", "read", "loaded", "quarantined", "duplicates"), rows, title="Records")
    view, _ = get_view(ws, operator(), asked={})
    figures = list_figures(ws, operator(), view=view, keys=SUMMARY, trend=False)
    rows = [(f.name, show(f.value, f.unit, currency=ws.currency, why=f.reason).text) for f in figures]
    print_rows((f"{ws.name}, {view.period.key}", "value"), [*rows, ("Findings in the records", f"{made.findings:,}")])
    print_rows(("sign in as", "name", "role"), made.people, title=f"Everybody's password is {made.password}")
