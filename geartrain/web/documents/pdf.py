"""A pack on paper, set by typst: same pack, same bytes."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import typst

from geartrain.web.documents.document import Block, Document
from geartrain.web.documents.drawing import as_svg, colours

SETTING = Path(__file__).with_name("pack.typ")
WIDTH = 620  # units of a chart across the page
USED = ("text", "muted", "line", "accent", "good", "bad")


def as_pdf(document: Document) -> bytes:
    """The document as PDF, tagged for screen readers, dated with the pack's last day."""
    day = document.pack.as_of
    at = datetime.combine(day, time(), UTC)
    found = typst.compile(
        SETTING,
        root=SETTING.parent,
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"pack": json.dumps(_told(document), ensure_ascii=False, sort_keys=True)},
        timestamp=int(at.timestamp()),
    )
    assert isinstance(found, bytes)
    return found


def _told(document: Document) -> dict[str, Any]:
    """What the setting is told, as JSON holds it."""
    pack = document.pack
    return {
        "title": document.title,
        "company": document.company,
        "scope": document.scope,
        "period": document.period,
        "stamp": document.stamp,
        "date": {"year": pack.as_of.year, "month": pack.as_of.month, "day": pack.as_of.day},
        "colours": {name: colours()[name] for name in USED},
        "facts": [{"name": name, "value": value} for name, value in document.facts],
        "written": [{"chapter": c, "prompt": p, "text": t} for c, p, t in document.written],
        "chapters": [
            {"title": c.title, "prose": c.prose, "blocks": [_block(b) for b in c.blocks]} for c in document.chapters
        ],
        "asks": document.asks,
        "carried": document.carried and asdict(document.carried),
        "disputed": document.disputed and asdict(document.disputed),
        "sessions": list(document.sessions),
        "quality": document.quality
        and {
            "message": document.quality[0],
            "grid": asdict(document.quality[1]),
            "findings": list(document.quality[2]),
        },
        "metrics": asdict(document.metrics),
    }


def _block(block: Block) -> dict[str, Any]:
    drawn = block.drawing is not None
    return {
        "message": block.message,
        "about": block.about,
        "figures": [asdict(f) for f in block.figures],
        # A chart has its numbers on it or beside it in the workbook; a page of both is twice as long.
        "svg": as_svg(block.drawing, width=WIDTH) if block.drawing else None,
        "grid": asdict(block.grid) if block.grid and not drawn else None,
        "notes": list(block.notes),
        "basis": block.basis,
    }
