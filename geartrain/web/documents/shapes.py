"""Charts that packs need beside those of the pages, drawn the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from geartrain.web.charts import GOAL, INK, PALETTE, axis, bars
from geartrain.web.numbers import show

Row = Mapping[str, Any]
TOTALS = ("Opening", "Closing")


def bars_to_goals(rows: Sequence[Row], *, width: int, unit: str = "money", currency: str = "USD") -> dict[str, Any]:
    """Bars over time with a mark at the goal of each period. Rows as in `bars`, with `goal`."""
    spec = bars(rows, width=width, unit=unit, currency=currency)
    base = spec["layer"][0]["encoding"]
    mark = {"type": "tick", "color": GOAL, "thickness": 3, "width": {"band": 0.86}}
    ticks = {
        "mark": mark,
        "encoding": {"x": base["x"], "y": {**base["y"], "field": "goal"}},
        "transform": [{"filter": "isValid(datum.goal)"}],
    }
    return {**spec, "layer": [*spec["layer"], ticks]}


def cascade(
    rows: Sequence[Row], *, width: int, unit: str = "money", currency: str = "USD", row_height: int = 26
) -> dict[str, Any]:
    """From an opening to a closing total, each movement where the one before it ended.

    Rows: {"x": label, "y": number}, in order, the totals named Opening and Closing.
    """
    steps = list(_steps(rows, unit, currency))
    values = [v for s in steps for v in (s["from"], s["to"])] or [0.0]
    low, high = min(0.0, *values), max(0.0, *values)
    y = {
        "field": "x",
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": {"ticks": False, "domain": False, "labelLimit": 190, "labelPadding": 8},
    }
    scale = {"domain": [low, high + (high - low or 1) * (0.14 if width > 400 else 0.3)]}
    across = {"type": "quantitative", "title": None, "axis": {**axis(unit, currency), "grid": True}, "scale": scale}
    colours = {"domain": ["total", "in", "out"], "range": [PALETTE[5], PALETTE[1], PALETTE[4]]}
    bar = {
        "mark": {"type": "bar", "height": {"band": 0.62}},
        "encoding": {
            "y": y,
            "x": {**across, "field": "from"},
            "x2": {"field": "to"},
            "color": {"field": "kind", "type": "nominal", "scale": colours, "legend": None},
            "description": {"field": "say"},
        },
    }
    text = {
        "mark": {"type": "text", "align": "left", "dx": 6, "color": INK},
        "encoding": {"y": y, "x": {**across, "field": "end"}, "text": {"field": "short"}},
    }
    return {"height": max(len(steps), 1) * row_height, "data": {"values": steps}, "layer": [bar, text]}


def _steps(rows: Sequence[Row], unit: str, currency: str) -> Any:
    at = Decimal(0)
    for row in rows:
        value = Decimal(row["y"] or 0)
        total = row["x"] in TOTALS
        start = Decimal(0) if total else at
        at = value if total else at + value
        shown = show(value, unit, currency=currency)
        yield {
            "x": row["x"],
            "from": float(start),
            "to": float(at),
            "end": float(max(start, at)),
            "kind": "total" if total else "in" if value > 0 else "out",
            "say": f"{row['x']} · {shown.exact or shown.text}",
            "short": shown.text if total or value < 0 else f"+{shown.text}",
        }
