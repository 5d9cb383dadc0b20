"""geartrain pay health"""

from __future__ import annotations

from typing import Annotated

import typer

from geartrain.cli.options import AsOption, WorkspaceOption, acting
from geartrain.cli.output import Format, FormatOption, answer, print_rows

COLUMNS = ("measure", "value", "band", "standing", "why")


def register(pay: typer.Typer) -> None:
    """Add the command."""
    pay.command()(health)


def health(
    period: Annotated[
        str,
        typer.Option("--period", help="A month, a quarter or a year: 2026-03, 2026Q1, 2026; else the last quarter."),
    ] = "",
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """What pay costs, whom it pays for what, and how well it is run: measures with bands and who is behind them."""
    from geartrain.services.pay.health import default_period, get_health
    from geartrain.services.view import last_day

    ws, actor = acting(workspace, login)
    asked = period or default_period(ws.calendar, last_day(ws, actor))
    whole = get_health(ws, actor, period=asked).as_json()
    rows = [[m["name"], m["value"], _band(m["band"]), m["standing"], m["why"]] for m in whole["measures"]]
    answer(format, COLUMNS, rows, whole=whole, title=f"Comp health of {whole['period']}")
    if format is Format.table:
        levels = [(s["attainment"], s["p10"], s["p50"], s["p90"]) for s in whole["simulated"]]
        print_rows(("attainment", "P10", "P50", "P90"), levels, title="Simulated payout")
        held = whole["liabilities"]["by_age"]
        print_rows(tuple(held[0]) if held else ("kind",), [tuple(h.values()) for h in held], title="Liabilities")


def _band(band: dict[str, object] | None) -> str:
    ends = ["" if band is None or band[n] is None else str(band[n]) for n in ("low", "high")]
    return " to ".join(ends).strip() if any(ends) else ""
