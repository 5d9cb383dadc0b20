"""A quota letter on paper, set by typst: same letter, same bytes."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, time
from pathlib import Path

import typst

from geartrain.services.planning.quotas_letters import Letter

SETTING = Path(__file__).with_name("quota_letter.typ")


def letter_pdf(letter: Letter) -> bytes:
    """The letter as PDF, dated with its day."""
    told = asdict(letter) | {"date": {"year": letter.day.year, "month": letter.day.month, "day": letter.day.day}}
    del told["day"]
    found = typst.compile(
        SETTING,
        root=SETTING.parent,
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"letter": json.dumps(told, ensure_ascii=False, sort_keys=True)},
        timestamp=int(datetime.combine(letter.day, time(), UTC).timestamp()),
    )
    assert isinstance(found, bytes)
    return found
