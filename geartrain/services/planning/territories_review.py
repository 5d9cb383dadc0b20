"""Reviews of territories, and what nobody covers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from geartrain.kernel.errors import Invalid
from geartrain.planning.territories import report
from geartrain.planning.territories.report import Assignment
from geartrain.planning.territories.review import COLUMNS, review, sheet
from geartrain.planning.territories.white_space import white_space
from geartrain.services.planning.territories import evaluate_territories, suggest_moves
from geartrain.services.planning.territories_files import Inputs, read_rows


def review_sheet(inputs: Inputs, assignment: Assignment) -> tuple[tuple[str, ...], list[dict[str, str]]]:
    """Columns and rows of the sheet that managers fill in: one row a move."""
    names = {str(r["account_id"]): str(r.get("name") or "") for r in inputs.accounts.rows}
    return COLUMNS, sheet(assignment, report.rows(assignment), names)


def review_territories(inputs: Inputs, assignment: Assignment, file: Path) -> dict[str, Any]:
    """A sheet that has come back: what was accepted and rejected, and the worth of the assignment without the rejected.

    Where that is out of tolerance, `repair` holds the fewest moves that bring everyone back.

    Raises:
        NotFound: the sheet is not there. Invalid: it cannot be worked in, with the line.
    """
    begun = time.perf_counter()
    columns, rows, lines = read_rows(file)
    if missing := [c for c in ("account_id", "decision") if c not in columns]:
        hint = f"There are: {', '.join(columns)}."
        raise Invalid(f"{file}:1: The column {missing[0]} is missing.", hint=hint)
    found = review(assignment, rows, [f"{file}:{n}" for n in lines])
    told = evaluate_territories(inputs, found.after)
    broken = [v for v in told["violations"] if v["rule"] == "balance"]
    repair = suggest_moves(inputs, found.after)["moves"] if broken and found.rejected else []
    return {
        "accepted": list(found.accepted),
        "rejected": list(found.rejected),
        "open": list(found.open),
        "comments": dict(found.comments),
        "repair": repair,
        **told,
        "seconds": round(time.perf_counter() - begun, 3),
    }


def report_white_space(inputs: Inputs, assignment: Assignment, *, segment: str, touching: str) -> dict[str, Any]:
    """Accounts nobody owns, duplicates owned twice, and segments that are under-covered.

    Raises:
        Invalid: a column that there is not.
    """
    for column in (segment, touching):
        if column and column not in inputs.accounts.columns:
            hint = f"There are: {', '.join(inputs.accounts.columns)}."
            raise Invalid(f"{inputs.accounts.where}:1: There is no column {column}.", hint=hint)
    told = white_space(assignment, inputs.accounts.rows, segment=segment, same=touching)
    return {**told, "manifest": inputs.manifest()}
