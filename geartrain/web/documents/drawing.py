"""The charts of the site on paper: the same specifications in the light colours of the style sheet."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import vl_convert

from geartrain.web.charts import CONFIG
from geartrain.web.documents.document import Drawing

SHEET = Path(__file__).parent.parent / "static" / "app.css"
# The faces that typst and vl-convert bring along: nothing depends on what a machine has installed.
PAPER_FONT, SLIDE_FONT = "Libertinus Serif", "Liberation Sans"


@cache
def colours() -> dict[str, str]:
    """The style sheet's light colours by name."""
    return dict(re.findall(r"--([\w-]+):\s*light-dark\((#[0-9a-fA-F]{6}),", SHEET.read_text(encoding="utf-8")))


def as_svg(drawing: Drawing, *, width: int) -> str:
    """For paper."""
    return vl_convert.vegalite_to_svg(_whole(drawing, width, PAPER_FONT, 13))


def as_png(drawing: Drawing, *, width: int, height: int = 0) -> bytes:
    """For slides, three times as many dots as units."""
    return vl_convert.vegalite_to_png(_whole(drawing, width, SLIDE_FONT, 14, height), scale=3)


def _whole(drawing: Drawing, width: int, font: str, size: int, height: int = 0) -> dict[str, Any]:
    spec = drawing.draw(drawing.rows, width=width, **drawing.options)
    config = {
        **CONFIG,
        "font": font,
        "axis": {**CONFIG["axis"], "labelFontSize": size},
        "legend": {**CONFIG["legend"], "labelFontSize": size},
        "text": {"fontSize": size},
    }
    if height:
        spec = {**spec, "height": height}
    whole = {
        "width": width,
        "autosize": {"type": "fit", "contains": "padding"},
        "padding": 2,
        "background": None,
        **spec,
        "config": config,
    }
    text = json.dumps(whole, ensure_ascii=False, default=float)  # a drawing needs no exact decimals
    return json.loads(re.sub(r"var\(--([\w-]+)\)", lambda m: colours()[m[1]], text))
