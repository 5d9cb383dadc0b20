"""geartrain init"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geartrain.cli.output import console
from geartrain.services.workspace import init_workspace


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def init(
        folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make; new or empty.")],
        name: Annotated[str, typer.Option(help="The company's name.")] = "My company",
        currency: Annotated[str, typer.Option(help="ISO 4217 code amounts are shown in.")] = "USD",
        fiscal_year_start: Annotated[int, typer.Option(help="Month the fiscal year begins in, 1 to 12.")] = 1,
        time_zone: Annotated[str, typer.Option(help="Whose midnight a bare date is, e.g. Europe/Berlin.")] = "UTC",
    ) -> None:
        """Make a workspace: settings, a folder for policies and the embedded stores."""
        ws = init_workspace(
            folder, name=name, currency=currency, fiscal_year_start=fiscal_year_start, time_zone=time_zone
        )
        console.print(f"Made the workspace [bold]{ws.path}[/].")
        console.print(f"Next: [bold]geartrain load YOUR-EXPORT -w {folder}[/]", soft_wrap=True)
