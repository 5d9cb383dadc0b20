"""geartrain quota letters"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from geartrain.cli.options import AsOption, WorkspaceOption, acting, parse_day
from geartrain.cli.output import Format, FormatOption, answer, console
from geartrain.cli.quota.options import HierarchyOption, PolicyOption, TargetsOption, inputs_of
from geartrain.kernel.errors import Invalid

COLUMNS = ("node_id", "person", "amount", "stamp", "file")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(letters)


def letters(
    out: Annotated[Path, typer.Option("--out", help="Folder for the PDF files, one a seller.")] = Path("letters"),
    hierarchy: HierarchyOption = None,
    targets: TargetsOption = None,
    policy: PolicyOption = None,
    node: Annotated[list[str], typer.Option(help="Only this seller; repeat.")] = [],  # noqa: B006
    day: Annotated[str | None, typer.Option("--day", help="Date of the letters, YYYY-MM-DD; otherwise today.")] = None,
    company: Annotated[str, typer.Option(help="Whose letters they are, without a workspace.")] = "",
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Quota letters as PDF for sellers to sign, each bound to the policy's text and to its own figures."""
    from datetime import UTC, datetime

    from geartrain.services.planning.quotas_letters import letters as written
    from geartrain.web.documents.quota_letter import letter_pdf

    inputs = inputs_of(hierarchy, targets, policy, workspace, login, whole=False)
    currency = ""
    if not hierarchy:
        ws, _ = acting(workspace, login)
        company, currency = company or ws.name, ws.currency
    at = parse_day(day, option="--day") or datetime.now(UTC).date()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Invalid(f"--out {out} cannot be a folder: {error.strerror}.", hint="Name another folder.") from None
    rows = []
    for letter in written(inputs, day=at, company=company, currency=currency, only=frozenset(node)):
        file = out / f"{re.sub(r'[^A-Za-z0-9._-]', '_', letter.node)}.pdf"
        file.write_bytes(letter_pdf(letter))
        rows.append((letter.node, letter.person, letter.amount, letter.stamp, str(file)))
    answer(format, COLUMNS, rows, whole={"letters": [dict(zip(COLUMNS, r, strict=True)) for r in rows]})
    if format is Format.table:
        console.print(f"{len(rows)} letters in {out}.", highlight=False)
