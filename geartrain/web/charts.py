"""Charts as SVG in the page, drawn by vl-convert and kept by what they show.

Colours are CSS variables, so one drawing serves light, dark and print; nothing is inline style, so CSP holds. Each mark
carries its values as a title, which a pointer shows; the numbers stand in a table beneath for everybody else.

    sold = Picture(
        title="Bookings by month", unit="money", alt="Bookings rose from …",
        draw=bars, rows=[{"x": "Jul", "y": Decimal(12)}], options={"unit": "money", "currency": "USD"},
        table=Table(...),
    )
    {% chart sold size="half" %}
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import vl_convert

from geartrain.services.answers import remembered
from geartrain.web.numbers import SYMBOLS, show

if TYPE_CHECKING:
    from geartrain.web.tables import Table

PALETTE = tuple(f"var(--chart-{n})" for n in range(1, 7))
GOAL, FAINT, INK, GRID = "var(--chart-goal)", "var(--chart-faint)", "var(--muted)", "var(--line)"
# Pixels of the whole drawing: on a wide screen by the room it has, and on a phone.
WIDTHS = {"full": 1080, "half": 520, "third": 340}
PHONE = 330

Row = Mapping[str, Any]
Draw = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Picture:
    """A chart with what it needs to be understood.

    Args:
        draw: A module-level function (rows, *, width, **options) -> an Altair chart, or Vega-Lite as a dict.
        rows: Its data; also what the drawing is remembered by, with `options`.
        unit: Words beneath the title: what is counted and in what unit.
        alt: The one sentence it says, for those who cannot see it.
        table: The same numbers as a table.
        note: What a reader should know, e.g. why a bar is missing.
    """

    title: str
    draw: Draw
    rows: Sequence[Row]
    alt: str
    unit: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    table: Table | None = None
    note: str = ""
    href: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is anything to draw."""
        return not self.rows

    def svg(self, width: int) -> str:
        """The drawing at a width, as trusted markup."""
        key = (
            "svg",
            f"{self.draw.__module__}.{self.draw.__qualname__}",
            repr(self.rows),
            repr(self.options),
            self.alt,
            width,
        )
        return remembered(key, lambda: self._drawn(width))

    def _drawn(self, width: int) -> str:
        spec = self.draw(self.rows, width=width, **self.options)
        return render(spec if isinstance(spec, dict) else spec.to_dict(), alt=self.alt, width=width)


def render(spec: dict[str, Any], *, alt: str, width: int) -> str:
    """Vega-Lite as SVG that keeps to the site's CSP and colours."""
    whole = {
        "width": width,
        "autosize": {"type": "fit", "contains": "padding"},
        "padding": 0,
        "background": None,
        **spec,
        "config": CONFIG | spec.get("config", {}),
    }
    return tidy(vl_convert.vegalite_to_svg(_plain(whole)), alt=alt)


def warm_up() -> None:
    """Start the renderer, which takes half a second once."""
    render(bars([{"x": "a", "y": 1}], width=100), alt="", width=100)


def tidy(svg: str, *, alt: str) -> str:
    """Drop what says nothing, turn labels of marks into titles and name the whole."""
    svg = re.sub(r' (?:role|aria-roledescription|aria-hidden|pointer-events|font-family)="[^"]*"', "", svg)
    svg = re.sub(
        r'<path class="(?:background|foreground)"(?: aria-label="[^"]*")? d="(?:M0,0h0v0h0Z)?"[^>]*/>', "", svg
    )
    svg = re.sub(
        r"<(path|rect|line|text)([^>]*?) aria-label=\"([^\"]*)\"([^>]*?)/>", r"<\1\2\4><title>\3</title></\1>", svg
    )
    svg = re.sub(r' aria-label="[^"]*"', "", svg)
    # d3 writes billions as G.
    label = html.escape(alt, quote=True)
    return re.sub(r'<svg [^>]*?width="(\d+(?:\.\d+)?)" height="(\d+(?:\.\d+)?)"[^>]*>', _head(label), svg, count=1)


def _head(label: str) -> str:
    return rf'<svg class="chart" role="img" aria-label="{_escaped(label)}" viewBox="0 0 \1 \2" width="\1" height="\2">'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\")


def bars(
    rows: Sequence[Row], *, width: int, unit: str = "count", currency: str = "USD", height: int = 220, goal: Any = None
) -> dict[str, Any]:
    """Upright bars over an ordered x; `series` in a row stacks them, `faint` marks a part that is still running.

    Rows: {"x": label, "y": number or None, "series"?: name, "faint"?: bool}.
    """
    colour = _series(rows)
    if colour is None:
        colour = {"value": PALETTE[0]}
        if any(r.get("faint") for r in rows):
            colour = {"condition": {"test": "datum.faint", "value": FAINT}, "value": PALETTE[0]}
    marks = {
        "mark": {"type": "bar", "cornerRadiusEnd": 2, "width": {"band": 0.7}},
        "encoding": {"x": _x(rows), "y": _y(unit, currency), "color": colour, "description": {"field": "say"}},
    }
    layers = [marks, *_goal(goal, unit, currency)]
    return {"height": height, "data": {"values": _said(rows, unit, currency)}, "layer": layers}


def lines(
    rows: Sequence[Row],
    *,
    width: int,
    unit: str = "count",
    currency: str = "USD",
    height: int = 220,
    goal: Any = None,
    zero: bool = True,
) -> dict[str, Any]:
    """A line over an ordered x, one for each `series`. Rows as in `bars`; a gap where y is None."""
    colour = _series(rows) or {"value": PALETTE[0]}
    base = {"x": _x(rows), "y": _y(unit, currency, zero=zero), "color": colour}
    line = {"mark": {"type": "line", "strokeWidth": 2, "interpolate": "linear"}, "encoding": base}
    dots = {
        "mark": {"type": "circle", "size": 36, "opacity": 1},
        "encoding": base | {"description": {"field": "say"}},
        "transform": [{"filter": "isValid(datum.y)"}],
    }
    layers = [line, dots, *_goal(goal, unit, currency)]
    return {"height": height, "data": {"values": _said(rows, unit, currency)}, "layer": layers}


def ranked(
    rows: Sequence[Row],
    *,
    width: int,
    unit: str = "count",
    currency: str = "USD",
    row_height: int = 26,
    goal: Any = None,
) -> dict[str, Any]:
    """Lying bars with their values, in the order given. Rows: {"x": label, "y": number, "series"?}."""
    y = {
        "field": "x",
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": {"ticks": False, "domain": False, "labelLimit": 150, "labelPadding": 8},
    }
    x = {"field": "y", "type": "quantitative", "title": None, "stack": "zero", "axis": None}
    colour = _series(rows)
    bar = {
        "mark": {"type": "bar", "cornerRadiusEnd": 2, "height": {"band": 0.62}},
        "encoding": {"y": y, "x": x, "color": colour or {"value": PALETTE[0]}, "description": {"field": "say"}},
    }
    layers: list[dict[str, Any]] = [bar]
    if colour is None:
        text = {"y": y, "x": x, "text": {"field": "short"}}
        for sign, align, dx in ((">=", "left", 6), ("<", "right", -6)):
            mark = {"type": "text", "align": align, "dx": dx, "color": INK}
            layers.append({"mark": mark, "encoding": text, "transform": [{"filter": f"datum.y {sign} 0"}]})
        # Room for the values beyond the longest bars, on the sides that have any.
        values = [float(r["y"] or 0) for r in rows]
        low, high = min(0.0, *values), max(0.0, *values)
        narrow = 0.4 if low < 0 < high else 0.3
        room = (high - low or 1) * (0.18 if width > 400 else narrow)
        x["scale"] = {"domain": [low - room if low < 0 else 0, high + room if high > 0 or not low else 0]}
    if goal is not None:
        layers.append({"mark": _rule(), "encoding": {"x": {"datum": float(goal)}}})
    count = len({r["x"] for r in rows})
    return {"height": max(count, 1) * row_height, "data": {"values": _said(rows, unit, currency)}, "layer": layers}


def axis(unit: str, currency: str) -> dict[str, Any]:
    """An axis whose labels are written as the rest of the site writes numbers."""
    if unit == "ratio":
        expression = "format(datum.value, '.0%')"
    else:
        sign = SYMBOLS.get(currency, f"{currency} ") if unit.startswith("money") else ""
        expression = f"'{sign}' + replace(format(datum.value, '~s'), 'G', 'B')"
    return {"labelExpr": expression, "tickCount": 4}


CONFIG: dict[str, Any] = {
    "font": "Liberation Sans, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "titleColor": INK,
        "gridColor": GRID,
        "domainColor": GRID,
        "tickColor": GRID,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelPadding": 6,
    },
    "axisY": {"domain": False, "ticks": False},
    "axisX": {"grid": False, "ticks": False},
    "legend": {
        "orient": "top",
        "direction": "horizontal",
        "title": None,
        "labelColor": INK,
        "labelFontSize": 12,
        "symbolType": "square",
        "symbolSize": 90,
        "offset": 8,
        "labelLimit": 140,
    },
    "text": {"fontSize": 12},
    "aria": True,
}


def _x(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "field": "x",
        "type": "ordinal",
        "sort": None,
        "title": None,
        "axis": {"labelAngle": 0, "labelOverlap": "greedy", "labelSeparation": 6},
    }


def _y(unit: str, currency: str, *, zero: bool = True) -> dict[str, Any]:
    return {"field": "y", "type": "quantitative", "title": None, "axis": axis(unit, currency), "scale": {"zero": zero}}


def _series(rows: Sequence[Row]) -> dict[str, Any] | None:
    names = list(dict.fromkeys(r["series"] for r in rows if r.get("series") is not None))
    if not names:
        return None
    scale = {"domain": names, "range": [PALETTE[n % len(PALETTE)] for n in range(len(names))]}
    return {"field": "series", "type": "nominal", "sort": None, "scale": scale}


def _goal(goal: Any, unit: str, currency: str) -> list[dict[str, Any]]:
    if goal is None:
        return []
    text = f"target {show(goal, unit, currency=currency)}"
    words = {"type": "text", "align": "left", "baseline": "bottom", "dx": 2, "dy": -3, "color": GOAL, "text": text}
    where = {"y": {"datum": float(goal)}}
    return [{"mark": _rule(), "encoding": where}, {"mark": words, "encoding": where | {"x": {"value": 0}}}]


def _rule() -> dict[str, Any]:
    return {"type": "rule", "color": GOAL, "strokeDash": [5, 4], "strokeWidth": 1.5}


def _said(rows: Sequence[Row], unit: str, currency: str) -> list[dict[str, Any]]:
    said = []
    for row in rows:
        shown = show(row["y"], unit, currency=currency)
        parts = [str(row["x"]), str(row.get("series") or ""), shown.exact or shown.text]
        said.append(dict(row) | {"say": " · ".join(p for p in parts if p), "short": shown.text})
    return said


def _plain(value: Any) -> Any:
    """The specification as JSON holds it: a drawing needs no exact decimals."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return float(value) if isinstance(value, Decimal) else value
