"""Charts of the forecast: lines against a band, and a waterfall whose bars stand on each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from geartrain.web.charts import FAINT, INK, PALETTE, Row, axis
from geartrain.web.numbers import show


def banded(
    rows: Sequence[Row], *, width: int, series: Mapping[str, str], currency: str = "USD", height: int = 260
) -> dict[str, Any]:
    """Lines over an ordered x with a shaded band from `low` to `high` where both are known.

    Rows: {"x": label, "low", "high", and a number or None for each key of `series`}.
    """
    x = {
        "field": "x", "type": "ordinal", "sort": None, "title": None,
        "axis": {"labelAngle": 0, "labelOverlap": "greedy", "labelSeparation": 6},
    }  # fmt: skip
    y = {"type": "quantitative", "title": None, "axis": axis("money", currency), "scale": {"zero": True}}
    long = [
        {
            "x": r["x"],
            "y": r[k],
            "series": name,
            "say": f"{r['x']} · {name} · {show(r[k], 'money', currency=currency).text}",
        }
        for r in rows
        for k, name in series.items()
    ]
    band = [
        {"x": r["x"], "low": r["low"], "high": r["high"],
         "say": " to ".join(show(r[k], "money", currency=currency).text for k in ("low", "high"))}
        for r in rows
        if r["low"] is not None and r["high"] is not None
    ]  # fmt: skip
    names = list(series.values())
    scale = {"domain": names, "range": [PALETTE[n] for n in range(len(names))]}
    colour = {"field": "series", "type": "nominal", "sort": None, "scale": scale}
    layers: list[dict[str, Any]] = []
    if band:
        shade = {"y": y | {"field": "low"}, "y2": {"field": "high"}, "x": x}
        layers.append(
            {"data": {"values": band}, "mark": {"type": "area", "color": FAINT, "opacity": 0.45}, "encoding": shade}
        )
        mark = {"type": "bar", "color": FAINT, "opacity": 0.35 if len(band) == 1 else 0, "width": 10}
        layers.append({"data": {"values": band}, "mark": mark, "encoding": shade | {"description": {"field": "say"}}})
    lines = {"x": x, "y": y | {"field": "y"}, "color": colour}
    layers.append({"data": {"values": long}, "mark": {"type": "line", "strokeWidth": 2}, "encoding": lines})
    dots = lines | {"description": {"field": "say"}}
    layers.append({
        "data": {"values": long}, "mark": {"type": "circle", "size": 34, "opacity": 1}, "encoding": dots,
        "transform": [{"filter": "isValid(datum.y)"}],
    })  # fmt: skip
    return {"height": height, "padding": {"left": 0, "right": 0, "top": 0, "bottom": 6}, "layer": layers}


def cascade(rows: Sequence[Row], *, width: int, currency: str = "USD") -> dict[str, Any]:
    """A waterfall lying down: each bar begins where the one before ended; totals begin at zero.

    Rows: {"x": label, "from", "to": numbers, "kind": total, up or down, "y": the signed amount}.
    """
    said = [dict(r) | {"say": f"{r['x']} · {show(r['y'], 'money', currency=currency)}",
                       "short": show(r["y"], "money", currency=currency).text} for r in rows]  # fmt: skip
    ends = [float(r[k]) for r in rows for k in ("from", "to")]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    room = (high - low or 1) * (0.16 if width > 400 else 0.32)
    y = {
        "field": "x", "type": "nominal", "sort": None, "title": None,
        "axis": {"ticks": False, "domain": False, "labelLimit": 150, "labelPadding": 8},
    }  # fmt: skip
    x = {"field": "from", "type": "quantitative", "title": None, "axis": None, "scale": {"domain": [low, high + room]}}
    colours = {"domain": ["total", "up", "down"], "range": [PALETTE[0], "var(--good)", "var(--bad)"]}
    colour = {"field": "kind", "type": "nominal", "scale": colours, "legend": None}
    bar = {"y": y, "x": x, "x2": {"field": "to"}, "color": colour, "description": {"field": "say"}}
    text = {"y": y, "x": x | {"field": "right"}, "text": {"field": "short"}}
    values = [r | {"right": max(r["from"], r["to"])} for r in said]
    return {
        "height": max(len(rows), 1) * 28,
        "data": {"values": values},
        "layer": [
            {"mark": {"type": "bar", "height": {"band": 0.66}, "cornerRadius": 2}, "encoding": bar},
            {"mark": {"type": "text", "align": "left", "dx": 6, "color": INK}, "encoding": text},
        ],
    }
