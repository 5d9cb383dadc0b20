"""geartrain territory export"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from geartrain.cli.output import console
from geartrain.cli.territory.options import (
    AccountsOption,
    AssignmentOption,
    PolicyOption,
    SellersOption,
    assignment_of,
    inputs_of,
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(export)


def export(
    accounts: AccountsOption,
    sellers: SellersOption,
    policy: PolicyOption,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the files.")],
    assignment: AssignmentOption = None,
    target: Annotated[str, typer.Option(help="salesforce, salesforce-territories or hubspot.")] = "salesforce",
    territories: Annotated[Path | None, typer.Option(help="CSV: user_id, territory2_id.")] = None,
    current: Annotated[Path | None, typer.Option(help="CSV: ObjectTerritory2Association as it is.")] = None,
) -> None:
    """Files that a CRM imports, only what changes, and the files that undo them."""
    from geartrain.services.planning.territories import export_territories

    inputs = inputs_of(accounts, sellers, policy)
    found = assignment_of(inputs, assignment)
    made = export_territories(inputs, found, target=target, territories=territories, current=current)
    for folder, files in ((output, made.files), (output / "rollback", made.rollback)):
        _write(folder, files)
    for note in made.notes:
        console.print(note)


def _write(folder: Path, files: Mapping[str, tuple[tuple[str, ...], list[dict[str, str]]]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, (columns, rows) in files.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        console.print(f"{folder / name}: {len(rows):,} rows")
